use std::{fs, path::PathBuf};

use clap::Args;
use weftscope_traces::Classifier;

use super::Failure;
use crate::files::FileError;

/// What kernels are taken for by their names, wherever recordings of others are read.
#[derive(Clone, Debug, Default, Args)]
pub struct NameArgs {
    /// Kernels whose name matches are communication too; may be given several times.
    #[arg(long, value_name = "REGEX")]
    pub comm: Vec<String>,
    /// Rules of your own for what kernels are, tried before those that ship: a file like traces/rules/kernels.toml.
    #[arg(long, value_name = "FILE")]
    pub rules: Option<PathBuf>,
}

impl NameArgs {
    /// The rules that ship, with what was given before them.
    pub(super) fn classifier(&self) -> Result<Classifier, Failure> {
        let classifier =
            Classifier::new(&self.comm).map_err(|error| Failure::misuse(error, "--comm"))?;
        let Some(path) = &self.rules else { return Ok(classifier) };
        let text = fs::read_to_string(path).map_err(|e| FileError::io("cannot read", &e, path))?;
        let file = path.display().to_string();
        classifier.with_rules(&file, &text).map_err(|error| Failure::misuse(error, "--rules"))
    }
}
