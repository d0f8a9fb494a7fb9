//! A machine by its name or in a file.

use std::path::Path;

use thiserror::Error;
use weftscope_engine::machine::{self, HERE, Machine};

use super::{Unavailable, machine_here};
use crate::files::{FileError, read_named_file};

/// Why there is no such machine.
#[derive(Debug, Error)]
pub enum NoSuchMachine {
    /// It is neither built in nor a file.
    #[error("unknown machine {name:?} (built in are {names}; or a machine file)")]
    Unknown {
        /// As it was asked for.
        name: String,
        /// Those that there are.
        names: String,
    },
    /// Its file cannot be used.
    #[error(transparent)]
    File(#[from] FileError),
    /// This computer has no GPUs.
    #[error("{0}: {HERE}")]
    NotHere(#[from] Unavailable),
}

/// The machine of this name: built in, this computer, or in a machine file.
///
/// # Errors
/// [`NoSuchMachine`].
pub fn machine_named(name: &str) -> Result<Machine, NoSuchMachine> {
    if name == HERE {
        return Ok(machine_here()?.machine);
    }
    if let Some(found) = machine::builtin(name) {
        return Ok(found);
    }
    let names = machine::names().collect::<Vec<_>>().join(", ");
    let Some(json) = read_named_file(name, "machine", &names)? else {
        return Err(NoSuchMachine::Unknown { name: name.to_owned(), names });
    };
    let made = machine::from_json(&json);
    made.map_err(|error| FileError::new(error.to_string(), Path::new(name)).into())
}
