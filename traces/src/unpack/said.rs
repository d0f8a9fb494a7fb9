use std::cell::RefCell;
use std::rc::Rc;

use crate::Diagnostics;

/// What the layers around a file have to say of it; shared between them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Said(Rc<RefCell<Diagnostics>>);

impl Said {
    /// Something is wrong.
    pub(crate) fn note(&self, note: impl Into<String>) {
        self.0.borrow_mut().note(note);
    }

    /// Something is worth knowing, and no alarm.
    pub(crate) fn remark(&self, cause: &str, n: u64) {
        self.0.borrow_mut().remark(cause, n);
    }

    /// The first thing that is wrong.
    pub(crate) fn first(&self) -> Option<String> {
        self.0.borrow().notes.first().cloned()
    }

    /// All of it.
    pub(crate) fn take(&self) -> Diagnostics {
        self.0.take()
    }
}
