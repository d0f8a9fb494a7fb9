//! The tables, called as NCCL calls them.

use std::path::PathBuf;

use weftscope_wire::Level;

use super::*;
use crate::settings::{Patch, Settings};

const OF: Context = Context { communicator: 7, device: Some(1) };

fn watch() -> Watch {
    Watch::new(Settings {
        job: PathBuf::new(),
        level: Level::Channels,
        steps_down: false,
        trigger: weftscope_wire::Trigger::default(),
        programs: None,
        sanitizer: None,
        patch: Patch::of("worth"),
    })
}

fn all_reduce(kind: u64) -> CollectiveEvent {
    CollectiveEvent {
        head: Head { kind, parent: ptr::null(), rank: 1 },
        sequence: 42,
        function: c"AllReduce".as_ptr(),
        send: ptr::null(),
        receive: ptr::null(),
        count: 1 << 20,
        root: 0,
        datatype: c"ncclBfloat16".as_ptr(),
        channels: 24,
        warps: 17,
        algorithm: c"RING".as_ptr(),
        protocol: ptr::null(),
    }
}

/// As NCCL calls: a collective, its channels below it in whatever order, their ends by number; of version 4 with whatever lies
/// behind the type's one byte.
#[test]
fn a_channel_knows_its_collective_and_both_its_times() {
    let watch = watch();
    watch.channels().begin();
    watch.collectives().record(Wanted::Channels);
    for (kind_bits, more) in [(u64::MAX, 0), (BYTE, 0x5a5a << 8)] {
        let event = all_reduce(COLLECTIVE | more);
        // SAFETY: descriptions as NCCL writes them.
        let begin = |event: *const Head| unsafe { begin(&watch, OF, event, kind_bits) };
        let Some(Handle::Collective(id)) = begin((&raw const event).cast()) else { panic!() };
        let parent = Handle::Collective(id).pointer().cast_const();
        let channel = |channel: u8, parent, start_device_ns| ChannelEvent {
            head: Head { kind: CHANNEL | more, parent, rank: 1 },
            channel,
            start_device_ns,
        };
        for (number, parent, times) in [(23, parent, (100, 190)), (0, ptr::null(), (110, 180))] {
            let event = channel(number, parent, times.0);
            let handle = begin((&raw const event).cast()).unwrap();
            let Handle::Channel(slot) = handle else { panic!("{handle:?}") };
            let mut end: u64 = times.1;
            // SAFETY: the arguments of this stage.
            unsafe { stamp(&watch, handle.pointer(), 21, ptr::dangling_mut()) };
            // SAFETY: as above.
            unsafe { stamp(&watch, handle.pointer(), CHANNEL_STOP, (&raw mut end).cast()) };
            watch.channels().stopped(slot);
        }
        let run = |collective, channel, (start_device_ns, end_device_ns)| ChannelRun {
            collective,
            communicator: 7,
            device: Some(1),
            channel,
            start_device_ns,
            end_device_ns,
        };
        assert_eq!(
            watch.channels().drain(),
            [Event::Channels(vec![run(Some(id), 23, (100, 190)), run(None, 0, (110, 180))])]
        );
        // Events that nobody asked for come along with their children: a group, a call of the API.
        for kind in [1, 256, 512] {
            let head = Head { kind, parent: ptr::null(), rank: 0 };
            assert_eq!(begin(&raw const head), None);
        }
    }
}

#[test]
fn without_channels_nobody_asks_for_a_collective_again() {
    let watch = watch();
    watch.collectives().record(Wanted::Launches);
    let event = all_reduce(COLLECTIVE);
    // SAFETY: a description as NCCL writes it.
    assert_eq!(unsafe { begin(&watch, OF, (&raw const event).cast(), u64::MAX) }, None);
}

#[test]
fn a_description_is_read_as_nccl_writes_it() {
    let event = all_reduce(COLLECTIVE);
    let told = collective(&event, 7);
    assert_eq!((told.communicator, told.sequence, told.count, told.channels), (7, 42, 1 << 20, 24));
    assert_eq!((told.function.as_str(), told.datatype.as_str()), ("AllReduce", "ncclBfloat16"));
    assert_eq!((told.algorithm.as_str(), told.protocol.as_str()), ("RING", ""));
}

/// The tables do their work where nothing is watched: a program that loads the plugin alone goes on.
#[test]
fn the_tables_are_harmless_by_themselves() {
    let (mut context, mut mask) = (ptr::null_mut(), 0);
    // SAFETY: arguments as NCCL gives them.
    unsafe {
        let made = (ncclProfiler_v5.init)(
            &raw mut context,
            7,
            &raw mut mask,
            ptr::null(),
            1,
            2,
            0,
            ptr::null(),
        );
        assert_eq!((made, mask), (SUCCESS, 0));
        let mut handle = ptr::dangling_mut();
        let event = Head { kind: CHANNEL, parent: ptr::null(), rank: 0 };
        assert_eq!((ncclProfiler_v5.start)(context, &raw mut handle, &raw const event), SUCCESS);
        assert!(handle.is_null());
        assert_eq!((ncclProfiler_v5.record)(handle, CHANNEL_STOP, ptr::null_mut()), SUCCESS);
        assert_eq!((ncclProfiler_v5.stop)(handle), SUCCESS);
        assert_eq!((ncclProfiler_v5.finalize)(context), SUCCESS);
    }
}
