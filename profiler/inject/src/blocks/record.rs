//! What the patches of `kernels/cuda/block_patch.cu` leave behind.

use weftscope_wire::BlockStamp;

/// Bytes of a record.
pub const BYTES: usize = 32;

/// A block's record, as far as the device has come with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Record {
    start_device_ns: u64,
    end_device_ns: u64,
    /// One more than the SM, so that no block is told from one on SM 0.
    sm_and_one: u32,
    /// Threads that have come to their end.
    exited: u32,
}

impl Record {
    /// From its bytes, little endian.
    pub fn read(bytes: &[u8; BYTES]) -> Self {
        let long = |at: usize| u64::from_le_bytes(std::array::from_fn(|byte| bytes[at + byte]));
        let word = |at: usize| u32::from_le_bytes(std::array::from_fn(|byte| bytes[at + byte]));
        Self {
            start_device_ns: long(0),
            end_device_ns: long(8),
            sm_and_one: word(16),
            exited: word(20),
        }
    }

    /// All of its block's threads have come to their end.
    pub fn is_complete(self, threads: u32) -> bool {
        self.start_device_ns != 0 && self.exited >= threads
    }

    /// What it says; zero when the block never told its beginning or its end.
    pub fn stamp(self) -> BlockStamp {
        let Self { start_device_ns, end_device_ns, sm_and_one, .. } = self;
        match sm_and_one.checked_sub(1) {
            Some(sm) if end_device_ns >= start_device_ns => {
                BlockStamp { start_device_ns, end_device_ns, sm }
            }
            _ => BlockStamp::default(),
        }
    }
}

/// The records in a copy of their memory.
pub fn records(bytes: &[u8]) -> impl Iterator<Item = Record> {
    bytes.as_chunks::<BYTES>().0.iter().map(Record::read)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(start: u64, end: u64, sm_and_one: u32, exited: u32) -> Vec<u8> {
        let mut bytes = start.to_le_bytes().to_vec();
        bytes.extend(end.to_le_bytes());
        bytes.extend(sm_and_one.to_le_bytes());
        bytes.extend(exited.to_le_bytes());
        bytes.resize(BYTES, 0);
        bytes
    }

    #[test]
    fn a_record_is_complete_with_its_last_thread() {
        let read = |exited| records(&bytes(100, 200, 5, exited)).next().unwrap();
        assert!(!read(383).is_complete(384));
        assert!(read(384).is_complete(384));
        assert_eq!(
            read(384).stamp(),
            BlockStamp { start_device_ns: 100, end_device_ns: 200, sm: 4 }
        );
    }

    #[test]
    fn a_block_that_never_told_has_no_times() {
        assert_eq!(records(&bytes(0, 0, 0, 0)).next().unwrap().stamp(), BlockStamp::default());
        assert_eq!(records(&bytes(100, 0, 1, 0)).next().unwrap().stamp(), BlockStamp::default());
    }
}
