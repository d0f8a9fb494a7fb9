use std::path::PathBuf;

use clap::Args;

use crate::cli::names::NameArgs;

/// `digest`.
#[derive(Debug, Args)]
#[command(
    after_help = "Writes DIR/job=JOB/rank=RANK/kind=op/part-0.parquet and …/kind=iteration/part-0.parquet; docs/digest.md says what the columns mean. What is there already is left alone, so an interrupted digest goes on where it ended."
)]
pub struct DigestArgs {
    /// Recordings, ranks of one job: matched with each other, so that waiting is told apart from transfer as far as their ranks
    /// go.
    #[cfg_attr(feature = "live", arg(required_unless_present = "simulate"))]
    #[cfg_attr(not(feature = "live"), arg(required = true))]
    pub files: Vec<PathBuf>,
    /// Folder to write into; several jobs and servers may write into one.
    #[arg(short, long, value_name = "DIR")]
    pub output: PathBuf,
    /// Name of the job: letters, digits, dots, dashes and underscores [default: job; of --simulate what the file says].
    #[arg(long, value_name = "NAME", value_parser = job_name)]
    pub job: Option<String>,
    /// Name of the server that the ranks ran on, e.g. "$(hostname)": ranks of one server share a clock [default: as the recording says,
    /// else none, and each rank's clock is taken for its own].
    #[arg(long, value_name = "NAME")]
    pub server: Option<String>,
    /// One recording after the other, each by itself: less memory, and waits for ranks of other files stay unknown.
    #[arg(long)]
    pub each: bool,
    /// Write what is there already once more.
    #[arg(long)]
    pub again: bool,
    /// Instead of recordings: the digest of a simulated cluster, as this file describes it (docs/digest.md).
    #[cfg(feature = "live")]
    #[arg(long, value_name = "CLUSTER.json", conflicts_with_all = ["files", "each", "server"])]
    pub simulate: Option<PathBuf>,
    /// What kernels are.
    #[command(flatten)]
    pub names: NameArgs,
}

/// A name that may stand in a path as it is.
pub(in crate::cli) fn job_name(text: &str) -> Result<String, String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if text.is_empty() || !text.chars().all(is_plain) || text.starts_with(['.', '_']) {
        return Err(
            "letters, digits, dots, dashes and underscores, and no dot or underscore first"
                .to_owned(),
        );
    }
    Ok(text.to_owned())
}
