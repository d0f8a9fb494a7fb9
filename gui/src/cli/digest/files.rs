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

/// Which of a rank's parts: a digest of a recording is one, that of a run which goes on has one for each stretch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part<'a> {
    pub(super) folder: &'a Path,
    pub(super) number: u32,
}

/// The folder of a rank's rows of a kind.
fn folder_of(folder: &Path, of: &DigestOf, kind: Kind) -> PathBuf {
    let DigestOf { job, rank, .. } = of;
    folder
        .join(format!("job={job}"))
        .join(format!("rank={rank:05}"))
        .join(format!("kind={}", kind.name()))
}

impl Part<'_> {
    fn path(&self, of: &DigestOf, kind: Kind) -> PathBuf {
        folder_of(self.folder, of, kind).join(format!("part-{}.parquet", self.number))
    }
}

/// Both files of a rank are there; each is whole, since it was renamed when it was.
pub(super) fn are_there(folder: &Path, of: &DigestOf) -> bool {
    let first = Part { folder, number: 0 };
    Kind::ALL.into_iter().all(|kind| first.path(of, kind).is_file())
}

/// All files of a rank, of every kind.
pub(super) fn parts(folder: &Path, of: &DigestOf) -> Vec<PathBuf> {
    let inside = |kind| fs::read_dir(folder_of(folder, of, kind)).into_iter().flatten().flatten();
    let all = Kind::ALL.into_iter().flat_map(inside).map(|entry| entry.path());
    all.filter(|path| path.extension().is_some_and(|ending| ending == "parquet")).collect()
}

/// Before a rank is digested as one part: several are of a run that went on, and beside the one all would count twice. They are
/// removed where that was asked for.
pub(super) fn make_room(part: &Part<'_>, (job, rank): (&str, u32), again: bool) -> Outcome {
    let of = DigestOf { job: job.to_owned(), rank, ..DigestOf::default() };
    let own = Kind::ALL.map(|kind| part.path(&of, kind));
    let mut others = parts(part.folder, &of);
    others.retain(|path| !own.contains(path));
    match others.first() {
        None => {}
        Some(other) if !again => {
            let cause =
                "the digest of a run that went on is there, in several parts; --again replaces it";
            return Err(FileError::new(cause.to_owned(), other).into());
        }
        Some(_) => {
            for other in &others {
                fs::remove_file(other)
                    .map_err(|error| FileError::io("cannot remove", &error, other))?;
            }
        }
    }
    Ok(())
}

/// Writes the rows of a rank, iterations last: where they are, ops are too.
pub(super) fn write<'a>(
    part: &Part<'_>,
    of: &'a DigestOf,
    ops: impl Iterator<Item = OpRow<'a>>,
    iterations: &[IterationRow],
) -> Outcome {
    let go_on = &mut |_| ControlFlow::Continue(());
    let file = prepared(part.path(of, Kind::Op))?;
    write_atomically(&file, |out| {
        let written = write_ops(of, ops, out, go_on);
        written.map_err(|error| FileError::new(error.to_string(), &file))
    })?;
    let file = prepared(part.path(of, Kind::Iteration))?;
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
