//! One message, either way: a head in JSON, and the bytes of a trace behind some.

use std::ops::ControlFlow;

use serde::{Serialize, de::DeserializeOwned};
use weftscope_traces::{Trace, container};

/// One message, either way.
#[derive(Clone, Debug, Default)]
pub(crate) struct Letter {
    /// What is asked, or told, in JSON.
    pub(crate) head: String,
    /// A trace in the native format, behind those that say so.
    pub(crate) bytes: Vec<u8>,
}

impl Letter {
    /// Of a message without a trace.
    pub(crate) fn of(message: &impl Serialize) -> Self {
        Self::with(message, Vec::new())
    }

    /// Of a message with a trace behind it.
    pub(crate) fn with(message: &impl Serialize, bytes: Vec<u8>) -> Self {
        // What has no JSON form is told by the reader, who finds nothing.
        Self { head: serde_json::to_string(message).unwrap_or_default(), bytes }
    }

    /// Of a message with a trace in the native format behind it.
    ///
    /// # Errors
    /// In words, when that cannot be written down.
    pub(super) fn with_trace(message: &impl Serialize, trace: &Trace) -> Result<Self, String> {
        let mut bytes = Vec::new();
        container::write(trace, &mut bytes, &mut |_| ControlFlow::Continue(()))
            .map_err(|error| error.to_string())?;
        Ok(Self::with(message, bytes))
    }

    /// What it says.
    ///
    /// # Errors
    /// In words, when it says nothing that is known: both ends speak one version, so that is a fault of the program.
    pub(crate) fn open<T: DeserializeOwned>(&self) -> Result<T, String> {
        serde_json::from_str(&self.head)
            .map_err(|error| format!("both ends do not understand each other: {error}"))
    }
}
