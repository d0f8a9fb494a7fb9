use std::path::PathBuf;

use thiserror::Error;

use crate::model::ModelError;

/// Why a checkpoint cannot be used.
#[derive(Debug, Error)]
pub enum CheckpointError {
    /// A file cannot be read.
    #[error("cannot read: {cause}: {}", path.display())]
    Io {
        /// What the system says.
        cause: std::io::Error,
        /// The file.
        path: PathBuf,
    },
    /// The folder has neither weights nor an index of them.
    #[error("neither model.safetensors nor model.safetensors.index.json is here: {}", path.display())]
    NoWeights {
        /// The folder.
        path: PathBuf,
    },
    /// `config.json` describes no model that can be planned.
    #[error("{cause}: {}", path.display())]
    Config {
        /// Why.
        cause: ModelError,
        /// The file.
        path: PathBuf,
    },
    /// The index is not one.
    #[error("not an index of safetensors: {cause}: {}", path.display())]
    Index {
        /// Why.
        cause: String,
        /// The file.
        path: PathBuf,
    },
    /// A file is shorter or longer than its header says.
    #[error("the file has {bytes} bytes, which is not what its header says (an unfinished download?): {}", path.display())]
    Length {
        /// Its length.
        bytes: u64,
        /// The file.
        path: PathBuf,
    },
    /// A file is not in the format.
    #[error("not a safetensors file: {cause}: {}", path.display())]
    Format {
        /// Why.
        cause: String,
        /// The file.
        path: PathBuf,
    },
    /// A tensor is not where it should be.
    #[error("there is no tensor {tensor}: {}", path.display())]
    Missing {
        /// Its name.
        tensor: String,
        /// The file (or the index) that should have it.
        path: PathBuf,
    },
    /// A tensor has another shape than the model.
    #[error("{tensor} is {found:?}, and config.json asks for {expected:?}: {}", path.display())]
    Shape {
        /// Its name.
        tensor: String,
        /// Its shape.
        found: Vec<usize>,
        /// What the model has.
        expected: Vec<usize>,
        /// The file.
        path: PathBuf,
    },
    /// A tensor's numbers are of a sort that is not read.
    #[error("{tensor} holds {dtype}; only BF16, F16 and F32 are read: {}", path.display())]
    Dtype {
        /// Its name.
        tensor: String,
        /// Its type.
        dtype: String,
        /// The file.
        path: PathBuf,
    },
    /// A tensor that no kernel would use: leaving it out would give wrong results.
    #[error("{tensor} belongs to nothing that is computed here: {}", path.display())]
    Unused {
        /// Its name.
        tensor: String,
        /// The file.
        path: PathBuf,
    },
}
