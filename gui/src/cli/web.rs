//! The page for a browser, as a folder that any static server can serve.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use clap::Args;

use super::{Failure, Outcome, plain};
use crate::files::{FileError, SAMPLES, write_atomically};

/// Files of the page, where `gui/web/build.sh` had made it before this program was built.
static PAGE: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/page.rs"));

/// `web`.
#[derive(Debug, Args)]
pub struct WebArgs {
    /// Folder to write; files of the same names are replaced.
    #[arg(value_name = "FOLDER")]
    pub folder: PathBuf,
}

/// Writes the page.
pub(super) fn run(args: &WebArgs) -> Outcome {
    let folder = &args.folder;
    if PAGE.is_empty() {
        let cause = "this program was built without the page: gui/web/build.sh makes it, for the next build";
        return Err(Failure::failed(cause, "web"));
    }
    let samples = folder.join("samples");
    fs::create_dir_all(&samples).map_err(|error| {
        Failure::from(FileError::io("cannot make the folder", &error, &samples))
    })?;
    let mut bytes = 0;
    for (name, content) in PAGE {
        write(&folder.join(name), content)?;
        bytes += content.len();
    }
    for sample in SAMPLES {
        write(&samples.join(format!("{}.weft", sample.name)), sample.bytes)?;
    }
    let mut out = plain::stdout();
    writeln!(
        out,
        "{}: {:.1} MB to load, and samples; any static server serves it, e.g. python3 -m http.server -d {0}",
        folder.display(),
        bytes as f64 / 1e6
    )?;
    Ok(out.flush()?)
}

fn write(path: &Path, content: &[u8]) -> Result<(), Failure> {
    let io = |error: std::io::Error| FileError::io("cannot write", &error, path);
    Ok(write_atomically(path, |out| out.write_all(content).map_err(io))?)
}
