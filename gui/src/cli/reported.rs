use std::{path::PathBuf, sync::Arc};

use weftscope_traces::{
    Diagnostics, Trace,
    analysis::{Config, Ops, Reports, Statistics, Verdict, verdict},
    edit::{MergeError, merge, number_apart},
};

/// One recording and what it answers.
pub(super) struct Reported {
    /// As given; several where they are told of as one.
    pub(super) files: Vec<PathBuf>,
    /// Which of those that were asked together.
    pub(super) index: usize,
    pub(super) trace: Arc<Trace>,
    pub(super) answers: Reports,
    pub(super) statistics: Statistics,
    /// What limits it, no other strategy at hand.
    pub(super) verdict: Verdict,
}

impl Reported {
    /// Its files in a line.
    pub(super) fn file_names(&self) -> String {
        let names = self.files.iter().map(|file| file.display().to_string());
        names.collect::<Vec<_>>().join(", ")
    }

    /// What was lost, guessed or set aside, on the way in and in the answers.
    pub(super) fn diagnostics(&self) -> Diagnostics {
        let mut diagnostics = self.trace.diagnostics.clone();
        self.answers.accounts.note_outside(&mut diagnostics);
        diagnostics
    }
}

/// All recordings as one, as the window opens them.
///
/// # Errors
/// [`MergeError`].
pub(super) fn together(traces: Vec<(PathBuf, Trace)>) -> Result<Reported, MergeError> {
    let (files, traces): (Vec<PathBuf>, Vec<Trace>) = traces.into_iter().unzip();
    let trace = Arc::new(merge(traces)?);
    let (answers, verdict, statistics) = answer(&Ops::of(&trace, &Config::default()));
    Ok(Reported { files, index: 0, trace, answers, statistics, verdict })
}

/// Asks all recordings together, so that waiting for a rank of another file is seen. Ranks of one number in several
/// files get numbers of their own, as the verdict on all of them has it.
pub(super) fn reports(traces: Vec<(PathBuf, Trace)>) -> Vec<Reported> {
    let (files, traces): (Vec<PathBuf>, Vec<Trace>) = traces.into_iter().unzip();
    let traces: Vec<(PathBuf, Trace)> = files.into_iter().zip(number_apart(traces)).collect();
    let together: Vec<&Trace> = traces.iter().map(|(_, trace)| trace).collect();
    let answers: Vec<_> = Ops::together(&together, &Config::default()).iter().map(answer).collect();
    let reported = |(index, ((file, trace), (answers, verdict, statistics)))| {
        let trace = Arc::new(trace);
        Reported { files: vec![file], index, trace, answers, statistics, verdict }
    };
    traces.into_iter().zip(answers).enumerate().map(reported).collect()
}

fn answer(ops: &Ops<'_>) -> (Reports, Verdict, Statistics) {
    let answers = Reports::of(ops);
    let verdict = verdict(ops, &answers, &[]);
    (answers, verdict, Statistics::of(ops))
}
