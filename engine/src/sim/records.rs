use crate::observer::{BlockRecord, Observer};

/// Block records on their way to the observer, in batches.
pub(super) struct Records<'a> {
    observer: &'a mut dyn Observer,
    batch: Vec<BlockRecord>,
    /// Executor time of the iteration's tick 0, ns.
    pub(super) base_ns: i64,
}

/// Records a batch: 128 KiB, so that a batch is still in L2 when the observer reads it.
const BATCH: usize = 4096;

impl<'a> Records<'a> {
    pub(super) fn new(observer: &'a mut dyn Observer, base_ns: i64) -> Self {
        Self { observer, batch: Vec::with_capacity(BATCH), base_ns }
    }

    /// Adds a record; times are relative to the iteration.
    #[inline]
    pub(super) fn push(&mut self, record: BlockRecord) {
        self.batch.push(BlockRecord {
            start_ns: record.start_ns + self.base_ns,
            end_ns: record.end_ns + self.base_ns,
            ..record
        });
        if self.batch.len() == BATCH {
            self.flush();
        }
    }

    /// The observer, with everything delivered.
    pub(super) fn observer(&mut self) -> &mut dyn Observer {
        self.flush();
        self.observer
    }

    /// The observer, for records whose order against block records is free.
    pub(super) fn observer_unflushed(&mut self) -> &mut dyn Observer {
        self.observer
    }

    fn flush(&mut self) {
        if !self.batch.is_empty() {
            self.observer.blocks(&self.batch);
            self.batch.clear();
        }
    }
}
