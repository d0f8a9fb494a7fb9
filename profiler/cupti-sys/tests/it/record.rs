//! Decoding bytes: known records, every kind, hostile input.

use cupti_sys::{ActivityKind, ApiVersion, Marker, Record, layout};
use proptest::prelude::*;

fn put(bytes: &mut [u8], field: layout::Field, value: u64) {
    bytes[field.offset..field.offset + field.size]
        .copy_from_slice(&value.to_le_bytes()[..field.size]);
}

#[test]
fn reads_a_kernel_of_any_version() {
    use layout::kernel as at;
    for len in [at::LAYOUT.min_len(), 208, 216, 224, 232, 248] {
        let mut bytes = vec![0xaa; len];
        bytes[..4].copy_from_slice(&10u32.to_le_bytes());
        put(&mut bytes, at::START, 1_000);
        put(&mut bytes, at::END, 2_500);
        put(&mut bytes, at::DEVICE, 1);
        put(&mut bytes, at::STREAM, 7);
        put(&mut bytes, at::GRID_X, 132);
        put(&mut bytes, at::CORRELATION, 99);
        let Record::Kernel(kernel) = Record::decode(&bytes) else {
            panic!("not a kernel at {len} bytes")
        };
        assert_eq!((kernel.start_ns, kernel.end_ns), (1_000, 2_500));
        assert_eq!(
            (kernel.device, kernel.stream, kernel.grid[0], kernel.correlation),
            (1, 7, 132, 99)
        );
    }
}

#[test]
fn reads_the_two_ends_of_a_range() {
    use layout::marker as at;
    let mut bytes = vec![0; at::LAYOUT.min_len()];
    put(&mut bytes, layout::Field { name: "kind", offset: 0, size: 4 }, 12);
    put(&mut bytes, at::FLAGS, u64::from(Marker::START));
    put(&mut bytes, at::AT, 77);
    put(&mut bytes, at::ID, 5);
    put(&mut bytes, at::OBJECT_KIND, u64::from(Marker::OF_THREAD));
    put(&mut bytes, at::PROCESS, 11);
    put(&mut bytes, at::THREAD, 12);
    let start = Marker {
        at_ns: 77,
        flags: Marker::START,
        id: 5,
        thread: Some((11, 12)),
        name_address: 0,
        domain_address: 0,
    };
    assert_eq!(Record::decode(&bytes), Record::Marker(start));
    put(&mut bytes, at::OBJECT_KIND, 1);
    assert_eq!(Record::decode(&bytes), Record::Marker(Marker { thread: None, ..start }));
}

#[test]
fn nvtx_is_left_alone_in_one_version_only() {
    let takes = [12, 28, 130_000, 130_001, 130_500].map(|version| ApiVersion(version).takes_nvtx());
    assert_eq!(takes, [true, true, false, true, true]);
}

#[test]
fn says_what_it_does_not_read() {
    assert_eq!(Record::decode(&[]), Record::TooShort(0, 0));
    assert_eq!(Record::decode(&54u32.to_le_bytes()), Record::Other(54));
    assert_eq!(Record::decode(&10u32.to_le_bytes()), Record::TooShort(10, 4));
}

proptest! {
    /// Any bytes give some record; a known kind gives its record exactly when its prefix is there.
    #[test]
    fn never_panics(kind in 0u32..64, mut bytes in proptest::collection::vec(any::<u8>(), 4..300)) {
        bytes[..4].copy_from_slice(&kind.to_le_bytes());
        let record = Record::decode(&bytes);
        match ActivityKind::from_raw(kind) {
            None => prop_assert_eq!(record, Record::Other(kind)),
            Some(known) => {
                let short = bytes.len() < Record::layout_of(known).min_len();
                prop_assert_eq!(matches!(record, Record::TooShort(..)), short);
            }
        }
    }
}
