use thiserror::Error;

use crate::plan::PlanError;

/// Why a file holds no plan.
#[derive(Debug, Error)]
pub enum PlanFileError {
    /// It is no JSON, or a number has no JSON form.
    #[error("no plan: {0}")]
    Syntax(#[source] serde_json::Error),
    /// It is JSON, but of something else.
    #[error("no plan: \"format\" is {found}, not \"weftscope-plan\"")]
    Format {
        /// What it says it is.
        found: String,
    },
    /// A program of another time wrote it.
    #[error("a plan of version {found}; this program reads version {known}")]
    Version {
        /// The file's.
        found: String,
        /// The one that is read.
        known: u32,
    },
    /// A field is missing, unknown or of another type.
    #[error("{place}: {cause}")]
    Field {
        /// Where, e.g. `op 12 (qkv), work.gemm.m`.
        place: String,
        /// What is wrong.
        cause: String,
    },
    /// The run that it is a plan of cannot be.
    #[error("spec: {0}")]
    Spec(#[from] PlanError),
}

impl PlanFileError {
    pub(super) fn syntax(error: serde_json::Error) -> Self {
        Self::Syntax(error)
    }

    pub(super) fn field(place: impl Into<String>, cause: impl Into<String>) -> Self {
        Self::Field { place: place.into(), cause: cause.into() }
    }
}
