//! A process that is made up and speaks as a watched one does: for tests of whoever watches, this crate's and others'.

use std::{
    os::unix::net::{UnixListener, UnixStream},
    path::{Path, PathBuf},
    thread,
};

use weftscope_wire::{
    BlockStamp, Clock, Command, Event, Hello, Launch, Reply, VERSION, folder, frame,
};

mod told;

pub use told::{block, device, hello, kernels, launch, wait};

/// Where a process of this number listens.
pub fn socket(job: &Path, pid: u32) -> PathBuf {
    folder::socket(job, pid)
}

/// Listens in a folder, and once it is to record tells of ten products of four blocks; of ten more when it is to stop.
///
/// # Panics
/// Without sockets or threads there is no process.
pub fn process(job: &Path, pid: u32) {
    rank(job, pid, None, (0, 0));
}

/// The same, told its rank and the number of ranks by its launcher, on a host with these clocks: `CLOCK_MONOTONIC` and the Unix time at that
/// moment, ns.
///
/// # Panics
/// Without sockets or threads there is no process.
pub fn rank(job: &Path, pid: u32, of: Option<(u32, u32)>, monotonic_and_unix_ns: (i64, i64)) {
    let plain = || Hello { version: VERSION, pid, ..Hello::default() };
    let command = vec!["python".to_owned(), "serve.py".to_owned()];
    let told = of.map_or_else(plain, |of| hello(pid, of));
    let hello = Hello { command, monotonic_and_unix_ns, ..told };
    let listener = UnixListener::bind(folder::socket(job, pid)).expect("a folder of the test's");
    let serve = move || {
        for mut stream in listener.incoming().flatten() {
            drop(served(&mut stream, &hello));
        }
    };
    thread::Builder::new().name("made".to_owned()).spawn(serve).expect("a folder of the test's");
}

fn served(stream: &mut UnixStream, hello: &Hello) -> Result<(), frame::FrameError> {
    frame::write(stream, &Reply::Hello(hello.clone()))?;
    while let Ok(asked) = frame::read::<Command>(stream) {
        match asked {
            Command::Record => frame::write(stream, &Reply::Events([known(), ten(0)].concat()))?,
            Command::Stop => {
                frame::write(stream, &Reply::Events(ten(10)))?;
                return frame::write(stream, &Reply::Stopped);
            }
            Command::Listen | Command::Stamp(_) => {}
        }
    }
    Ok(())
}

fn known() -> Vec<Event> {
    let readings = (0..10).map(|i| (i * 1000, i * 1000, 400)).collect();
    let known = [Event::Device(device(8)), Event::Clock(Clock { device: 0, readings })];
    known.into_iter().chain(kernels(["gemm"])).collect()
}

fn ten(first: u64) -> Vec<Event> {
    let one = |id: u64| {
        let at_host_ns = 1_000_000 + id as i64 * 10_000;
        let shape = Launch { grid: [4, 1, 1], block: [128, 1, 1], ..launch(id, at_host_ns) };
        let launched = Event::Launch(Launch { tid: 7, ..shape });
        let stamp = |sm: u32| BlockStamp {
            start_device_ns: (at_host_ns + i64::from(sm)) as u64,
            end_device_ns: (at_host_ns + 8_000) as u64,
            sm,
        };
        [launched, Event::Blocks { launch: id, stamps: (0..4).map(stamp).collect() }]
    };
    (first..first + 10).flat_map(one).collect()
}
