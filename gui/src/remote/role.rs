//! What a window is to a run that several see, as it was last told.

use std::sync::{Mutex, PoisonError};

use crate::app::live::away::Role;

/// Written by the thread that reads, looked at by the window.
#[derive(Debug, Default)]
pub struct RoleCell(Mutex<Option<Role>>);

impl RoleCell {
    /// `None` where no other window can see the run, or before it was told.
    pub fn get(&self) -> Option<Role> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set(&self, role: Role) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(role);
    }
}
