//! What the window knows of a server.

use std::sync::Arc;

use super::super::away::Role;
use crate::remote::{Greeting, Link, RoleCell, Ssh, Target, Traffic};

/// A server on which the live run is, or is about to be.
pub struct Remote {
    /// Who it is.
    pub target: Target,
    /// How it is reached.
    pub ssh: Ssh,
    /// How the connection is.
    pub status: RemoteStatus,
    /// Told apart from earlier connections.
    pub(super) attempt: u64,
    /// Failures since it was last reached.
    pub(super) failures: u32,
    /// UI time at which it was lost, s, while it is.
    pub(super) lost_s: Option<f64>,
    /// How often it was lost, and for how long nothing was seen in all, s.
    pub gaps: (u32, f64),
}

/// How the connection to a server is.
pub enum RemoteStatus {
    /// `ssh` is on its way; for the first time, or again after this.
    Connecting(Option<String>),
    /// It is there.
    Connected {
        /// What it calls itself.
        host: String,
        /// What goes over it.
        traffic: Arc<Traffic>,
        /// What this window is to a run that several see.
        role: Arc<RoleCell>,
    },
    /// It is not tried again by itself.
    Failed(String),
    /// It was reached and has no weftscope, or a copy came to nothing: this one can be copied there.
    Missing(String),
    /// This program is copied there.
    Copying,
}

/// What becomes of a connection.
pub enum RemoteEvent {
    /// The server has greeted.
    Connected(Link, Box<Greeting>),
    /// It could not be reached, or was lost.
    Lost(String),
    /// It was reached, and has no weftscope that runs.
    Missing(String),
    /// It has one now, which is run so.
    Copied(String),
}

impl Remote {
    /// What this window is to a run that several see; `None` where no other can.
    pub fn role(&self) -> Option<Role> {
        match &self.status {
            RemoteStatus::Connected { role, .. } => role.get(),
            _ => None,
        }
    }

    /// Whether the commands of another window count, and not this one's.
    pub fn is_watching(&self) -> bool {
        self.role().is_some_and(|role| !role.controls)
    }

    /// Name for people: the one they gave.
    pub fn name(&self) -> &str {
        self.target.host()
    }
}
