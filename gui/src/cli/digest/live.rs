//! Digests of a run that goes on: a file a rank and kind for each closed stretch of iterations.
//!
//! Each is written beside and renamed, so whoever reads the folder meanwhile sees whole files alone, and of a run that was killed
//! there is what was closed.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, Write},
    ops::Range,
    path::{Path, PathBuf, absolute},
};

use weftscope_traces::{
    Trace,
    analysis::{Config, Ops, overlap},
    digest::{Before, DigestOf, Tally},
    words::counted,
};

use super::{
    files::{self, Part},
    rows::{Whose, write_rank},
};
use crate::cli::{Failure, Outcome};

/// The digest of a run that goes on.
#[derive(Debug)]
pub(in crate::cli) struct LiveDigest {
    folder: PathBuf,
    whose: Whose,
    /// Number of the next part.
    next: u32,
    ranks: BTreeSet<u32>,
    /// What earlier parts hold, by rank.
    before: BTreeMap<u32, Before>,
    tally: Tally,
}

impl LiveDigest {
    /// Into a folder, of a job and a server; where the recording will lie, too, if anywhere.
    pub(in crate::cli) fn new(
        folder: &Path,
        (job, server): (&str, Option<&str>),
        recording: Option<&Path>,
    ) -> Self {
        let recording = recording.and_then(|path| absolute(path).ok());
        let whose = Whose {
            job: job.to_owned(),
            server: server.map(str::to_owned),
            recording: recording.map(|path| path.display().to_string()),
        };
        Self {
            folder: folder.to_owned(),
            whose,
            next: 0,
            ranks: BTreeSet::new(),
            before: BTreeMap::new(),
            tally: Tally::default(),
        }
    }

    /// Looks whether these ranks have a digest already: two runs in one would count everything twice.
    ///
    /// # Errors
    /// [`Failure`], with the rank and the folder.
    pub(in crate::cli) fn begin(&mut self, ranks: Range<u32>) -> Outcome {
        for rank in ranks.filter(|&rank| self.ranks.insert(rank)) {
            let of = DigestOf { job: self.whose.job.clone(), rank, ..DigestOf::default() };
            if !files::parts(&self.folder, &of).is_empty() {
                let cause = format!(
                    "a digest of rank {rank} of job {} is there already; --job names another",
                    self.whose.job
                );
                return Err(Failure::failed(cause, self.folder.display()));
            }
        }
        Ok(())
    }

    /// Writes the next part: all that a closed stretch holds, and nothing that another part does.
    ///
    /// # Errors
    /// [`Failure`], with the file.
    pub(in crate::cli) fn close(&mut self, stretch: &Trace) -> Outcome {
        let ops = Ops::of(stretch, &Config::default());
        let overlap = overlap(&ops);
        for (rank, figures) in ops.ranks.iter().zip(&overlap.ranks) {
            self.begin(rank.rank..rank.rank + 1)?;
            let before = self.before.entry(rank.rank).or_default();
            let part = Part { folder: &self.folder, number: self.next };
            let written = write_rank(&part, &ops, (rank, figures), (&self.whose, before))?;
            self.tally += written.tally;
        }
        self.next += 1;
        Ok(())
    }

    /// Says what is there now.
    pub(in crate::cli) fn tell(&self) -> Outcome {
        let mut out = io::stdout().lock();
        writeln!(
            out,
            "{}: {}, {} of ops, {} of iterations, in {}",
            self.folder.display(),
            counted(self.ranks.len() as u64, "rank"),
            counted(self.tally.ops, "row"),
            counted(self.tally.iterations, "row"),
            counted(self.next.into(), "part"),
        )?;
        Ok(out.flush()?)
    }
}
