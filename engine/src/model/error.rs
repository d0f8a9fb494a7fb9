use thiserror::Error;

/// Why a text is no model this program can plan.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ModelError {
    /// Not JSON; the message has line and column.
    #[error("not a model config: {0}")]
    Json(String),
    /// A key that decides the shape is not there.
    #[error("the model config has no {key}")]
    Missing {
        /// The key, or the spellings that would do.
        key: &'static str,
    },
    /// A key has a value that makes no sense or that this program cannot plan.
    #[error("{key} of the model config is {value}; {expected}")]
    Odd {
        /// The key.
        key: String,
        /// Its value, as JSON.
        value: String,
        /// What it must be.
        expected: String,
    },
}
