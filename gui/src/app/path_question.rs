use std::path::PathBuf;

use crate::jobs::ExportFormat;

/// A question for a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathQuestion {
    /// What the path is for.
    pub purpose: PathPurpose,
    /// What is typed.
    pub text: String,
    /// A file that lies there already: to ask once more with this path is to say that it may be replaced.
    pub exists: Option<PathBuf>,
}

/// What a path is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathPurpose {
    /// To open it.
    Open,
    /// To compare with it.
    Reference,
    /// To serve the requests of a CSV.
    #[cfg(feature = "live")]
    Requests,
    /// Of a server, to run there.
    #[cfg(all(feature = "live", not(target_arch = "wasm32")))]
    Server,
    /// To write the document in view.
    Export(ExportFormat),
}
