//! Edits of a replay for command line and window, with the machines that they may name.

#[cfg(feature = "live")]
mod known;

#[cfg(not(feature = "live"))]
use weftscope_traces::replay::NoMachines;
use weftscope_traces::{
    Meta,
    replay::{Edit, EditError},
};

/// The edits that a text stands for, of the recording with these facts; without one it is only told whether it is an edit.
///
/// # Errors
/// [`EditError::Text`] says what is wrong with it.
#[cfg(feature = "live")]
pub(crate) fn parsed(text: &str, meta: Option<&Meta>) -> Result<Vec<Edit>, EditError> {
    Edit::parse(text, &known::Known::of(meta))
}

/// The same in a program without the simulator, which has no machine files.
#[cfg(not(feature = "live"))]
pub(crate) fn parsed(text: &str, _meta: Option<&Meta>) -> Result<Vec<Edit>, EditError> {
    Edit::parse(text, &NoMachines)
}

/// Names of the machines that an edit may name without a file.
pub(crate) fn machine_names() -> Vec<&'static str> {
    #[cfg(feature = "live")]
    return known::machine_names();
    #[cfg(not(feature = "live"))]
    Vec::new()
}
