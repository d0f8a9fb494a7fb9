//! Questions that are worked on, by their numbers.

use std::collections::HashMap;

use crate::jobs::JobControl;

/// Those that are. Dropped, they end.
#[derive(Default)]
pub(super) struct UnderWay(HashMap<u64, JobControl>);

impl UnderWay {
    /// How many there are.
    pub(super) fn count(&mut self) -> usize {
        // One that has ended is held by nobody else.
        self.0.retain(|_, control| control.is_shared());
        self.0.len()
    }

    /// One more, which ends with this.
    pub(super) fn begin(&mut self, question: u64, control: JobControl) {
        self.0.insert(question, control);
    }

    /// Nobody waits for this one.
    pub(super) fn end(&mut self, question: u64) {
        if let Some(control) = self.0.remove(&question) {
            control.cancel();
        }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.values().for_each(JobControl::cancel);
    }
}
