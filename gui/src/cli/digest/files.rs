//! The files of a digest: where they lie, and which are there already.

use std::{
    fs, io,
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use weftscope_traces::digest::{DigestOf, IterationRow, Kind, OpRow, write_iterations, write_ops};

use crate::{
    cli::Outcome,
    files::{FileError, write_atomically},
};

/// The file of a rank's rows of a kind.
pub(super) fn path(folder: &Path, of: &DigestOf, kind: Kind) -> PathBuf {
    let DigestOf { job, rank, .. } = of;
    folder
        .join(format!("job={job}"))
        .join(format!("rank={rank:05}"))
        .join(format!("kind={}", kind.name()))
        .join("part-0.parquet")
}

/// Both files of a rank are there; each is whole, since it was renamed when it was.
pub(super) fn are_there(folder: &Path, of: &DigestOf) -> bool {
    Kind::ALL.into_iter().all(|kind| path(folder, of, kind).is_file())
}

/// Writes the rows of a rank, iterations last: where they are, ops are too.
pub(super) fn write<'a>(
    folder: &Path,
    of: &'a DigestOf,
    ops: impl Iterator<Item = OpRow<'a>>,
    iterations: &[IterationRow],
) -> Outcome {
    let go_on = &mut |_| ControlFlow::Continue(());
    let file = prepared(path(folder, of, Kind::Op))?;
    write_atomically(&file, |out| {
        let written = write_ops(of, ops, out, go_on);
        written.map_err(|error| FileError::new(error.to_string(), &file))
    })?;
    let file = prepared(path(folder, of, Kind::Iteration))?;
    write_atomically(&file, |out| {
        let written = write_iterations(of, iterations, out);
        written.map_err(|error| FileError::new(error.to_string(), &file))
    })?;
    Ok(())
}

/// The file's folder exists.
fn prepared(file: PathBuf) -> Result<PathBuf, FileError> {
    let folder = file.parent().unwrap_or(&file);
    let cannot = |error: io::Error| FileError::io("cannot make the folder", &error, folder);
    fs::create_dir_all(folder).map_err(cannot)?;
    Ok(file)
}
