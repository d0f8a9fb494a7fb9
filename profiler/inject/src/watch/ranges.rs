//! NVTX ranges of the program's, where they are not CUPTI's to tell; and recording for as long as one of them is open.

use std::sync::atomic::Ordering;

use weftscope_wire::{Begin, Event, HostRange};

use super::Watch;

impl Watch {
    /// Names of ranges are wanted: they are told, or recording waits for one.
    pub(crate) fn wants_ranges(&self) -> bool {
        self.recording.load(Ordering::Acquire) || matches!(self.triggered.begin(), Begin::Range(_))
    }

    /// A range begins. True: recording ends with it, since it has begun with it.
    pub(crate) fn range_begins(&'static self, name: &str) -> bool {
        let is_waited_for =
            matches!(self.triggered.begin(), Begin::Range(wanted) if wanted == name);
        // One that begins while somebody records for another reason ends nothing.
        is_waited_for && !self.recording.load(Ordering::Acquire) && self.begin_by_itself()
    }

    /// A range has ended.
    pub(crate) fn range_ends(&self, range: Option<HostRange>, ends_recording: bool) {
        if self.recording.load(Ordering::Acquire) {
            self.tell(range.map(Event::HostRange));
        }
        if ends_recording {
            self.end();
        }
    }
}
