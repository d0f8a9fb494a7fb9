//! `digest`: what each rank did, op by op and iteration by iteration, as Parquet for questions over thousands of ranks.

mod args;
mod done;
mod files;
#[cfg(feature = "gpus")]
mod live;
mod rows;
#[cfg(feature = "live")]
mod simulated;

use std::{
    io::{self, Write},
    path::{Path, PathBuf, absolute},
    time::{Duration, Instant},
};

use weftscope_traces::{
    Trace,
    analysis::{Config, Ops, overlap},
    digest::{Before, Tally},
    edit::{number_apart, ranks},
    words::counted,
};

pub(super) use self::args::DigestArgs;
#[cfg(feature = "gpus")]
pub(super) use self::{args::job_name, live::LiveDigest};
use self::{
    done::Done,
    files::Part,
    rows::{Whose, write_rank},
};
use super::{Outcome, convert, progress::ProgressLine, recordings};
use crate::files::in_folders;

/// Name of a job that was not named.
const DEFAULT_JOB: &str = "job";

/// Digests recordings, or a simulated cluster.
pub(super) fn run(args: &DigestArgs) -> Outcome {
    #[cfg(feature = "live")]
    if let Some(file) = &args.simulate {
        return simulated::run(args, file);
    }
    let job = args.job.as_deref().unwrap_or(DEFAULT_JOB);
    let mut all = Digested::default();
    let files = in_folders(&args.files)?;
    if args.each {
        for file in &files {
            all.take(args, job, std::slice::from_ref(file))?;
        }
    } else {
        all.take(args, job, &files)?;
    }
    all.tell(&args.output)
}

/// What came of all recordings.
#[derive(Debug, Default)]
struct Digested {
    ranks: u64,
    /// Recordings that were there already.
    known: u64,
    tally: Tally,
    /// Without reading and writing.
    took: Duration,
}

impl Digested {
    /// Digests some recordings together.
    fn take(&mut self, args: &DigestArgs, job: &str, paths: &[PathBuf]) -> Outcome {
        let server = args.server.as_deref();
        let mut notes: Vec<Option<Done>> =
            paths.iter().map(|path| Done::of(path, server)).collect();
        let is_there = |note: &Option<Done>| {
            note.as_ref().is_some_and(|note| note.is_there(&args.output, job))
        };
        if !args.again && notes.iter().all(is_there) {
            self.known += paths.len() as u64;
            return Ok(());
        }
        let classifier = args.names.classifier()?;
        let mut traces = Vec::new();
        for path in paths {
            let trace = convert::open(path, &classifier)?;
            recordings::tell_lost(std::slice::from_ref(path), &trace.diagnostics);
            traces.push(trace);
        }
        let traces = number_apart(traces);
        let borrowed: Vec<&Trace> = traces.iter().collect();
        let began = Instant::now();
        let gathered = Ops::together(&borrowed, &Config::default());
        self.took += began.elapsed();
        let mut line = ProgressLine::new("digesting");
        for (at, ops) in gathered.iter().enumerate() {
            line.step(at as u64, Some(gathered.len() as u64));
            self.write(args, ops, job, &paths[at])?;
            if let Some(note) = notes[at].take() {
                note.note(&args.output, job, ranks(ops.trace))?;
            }
        }
        Ok(())
    }

    /// Writes the ranks of a recording.
    fn write(&mut self, args: &DigestArgs, ops: &Ops<'_>, job: &str, recording: &Path) -> Outcome {
        // Where it can be opened from elsewhere, too.
        let recording = absolute(recording).ok().filter(|path| path.is_file());
        let whose = Whose {
            job: job.to_owned(),
            server: args.server.clone(),
            recording: recording.map(|path| path.display().to_string()),
        };
        let began = Instant::now();
        let overlap = overlap(ops);
        self.took += began.elapsed();
        let part = Part { folder: &args.output, number: 0 };
        for (rank, figures) in ops.ranks.iter().zip(&overlap.ranks) {
            files::make_room(&part, (job, rank.rank), args.again)?;
            let written =
                write_rank(&part, ops, (rank, figures), (&whose, &mut Before::default()))?;
            self.took += written.took;
            self.ranks += 1;
            self.tally += written.tally;
        }
        Ok(())
    }

    /// Says what is there now, and what was left out or is not known.
    fn tell(&self, folder: &Path) -> Outcome {
        let mut out = io::stdout().lock();
        let Tally { ops, iterations, blocks, .. } = self.tally;
        let mut line = format!(
            "{}: {}, {} of ops, {} of iterations",
            folder.display(),
            counted(self.ranks, "rank"),
            counted(ops, "row"),
            counted(iterations, "row"),
        );
        if blocks > 0 {
            let rate = blocks as f64 / self.took.as_secs_f64().max(1e-9) / 1e6;
            line += &format!(", of {} ({rate:.1} million a second)", counted(blocks, "block"));
        }
        writeln!(out, "{line}")?;
        for (count, of, what) in self.missing() {
            if count > 0 {
                writeln!(out, "  {} {what}", counted(count, of))?;
            }
        }
        Ok(out.flush()?)
    }

    /// What was left out or is not known: how many, of what, and why.
    fn missing(&self) -> [(u64, &'static str, &'static str); 5] {
        let Tally { blocks_outside, ops_outside, without_group, unknown_waits, .. } = self.tally;
        let comm = "communication op";
        [
            (self.known, "recording", "digested before and not changed since: left alone"),
            (blocks_outside, "block", "in no op of its label: no row has its time"),
            (ops_outside, "op", "in no iteration: its row has no number"),
            (without_group, comm, "of unknown group: not to be matched with other files"),
            (unknown_waits, comm, "of unknown waiting: the other ranks are in other files"),
        ]
    }
}
