//! A case: files that are opened together, and what has to be said of them.
//!
//! Every case of several files is asked twice, as the report does (files apart, questions together) and as the window
//! does (one merged trace); both must give the same answer.

use std::fs::File;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};

use weftscope_traces::analysis::{Config, Ops, RankOverlap, Reports, Verdict, verdict};
use weftscope_traces::edit::{merge, number_apart};
use weftscope_traces::stream::silent;
use weftscope_traces::{OpenError, OpenOptions, Trace, open};

/// What one rank's figures have to be, in µs and percent; `None` is not looked at.
#[derive(Clone, Debug, Default)]
pub(crate) struct Figures {
    compute_us: Option<f64>,
    comm_us: Option<f64>,
    overlap_us: Option<f64>,
    overlap_pct: Option<f64>,
    idle_us: Option<f64>,
    wait_us: Option<Option<f64>>,
}

impl Figures {
    pub(crate) fn compute(mut self, us: f64) -> Self {
        self.compute_us = Some(us);
        self
    }

    pub(crate) fn comm(mut self, us: f64) -> Self {
        self.comm_us = Some(us);
        self
    }

    pub(crate) fn hidden(mut self, us: f64) -> Self {
        self.overlap_us = Some(us);
        self
    }

    pub(crate) fn pct(mut self, percent: f64) -> Self {
        self.overlap_pct = Some(percent);
        self
    }

    pub(crate) fn idle(mut self, us: f64) -> Self {
        self.idle_us = Some(us);
        self
    }

    pub(crate) fn wait(mut self, us: f64) -> Self {
        self.wait_us = Some(Some(us));
        self
    }

    /// Where a rank's figures differ from these, in words.
    fn differences(&self, found: &RankOverlap) -> Vec<String> {
        let total = &found.total;
        let us = |ns: i64| ns as f64 / 1e3;
        let figures = [
            ("compute", self.compute_us, us(total.compute_ns)),
            ("comm", self.comm_us, us(total.comm_ns)),
            ("hidden", self.overlap_us, us(total.overlap_ns)),
            ("percent hidden", self.overlap_pct, total.overlap_pct.unwrap_or(f64::INFINITY)),
            ("idle", self.idle_us, us(total.idle_ns)),
        ];
        let mut differences = Vec::new();
        for (what, wanted, got) in figures {
            if let Some(wanted) = wanted.filter(|wanted| (wanted - got).abs() > 0.005) {
                differences.push(format!("rank {}: {what} {got}, not {wanted}", found.rank));
            }
        }
        let wait_us = total.wait_ns.map(us);
        if let Some(wanted) = self.wait_us.filter(|wanted| *wanted != wait_us) {
            let (got, wanted) = (or(wait_us), or(wanted));
            differences.push(format!("rank {}: wait {got}, not {wanted}", found.rank));
        }
        differences
    }
}

/// The traces of a case and what they answer.
pub(crate) struct Opened {
    pub(crate) traces: Vec<Trace>,
    pub(crate) answers: Vec<(Reports, Verdict)>,
}

impl Opened {
    fn of(traces: Vec<Trace>) -> Self {
        let borrowed: Vec<&Trace> = traces.iter().collect();
        let answer = |ops: &Ops<'_>| {
            let reports = Reports::of(ops);
            let verdict = verdict(ops, &reports, &[]);
            (reports, verdict)
        };
        let answers = Ops::together(&borrowed, &Config::default()).iter().map(answer).collect();
        Self { traces, answers }
    }

    /// Every note and counted loss, one a line.
    pub(crate) fn said(&self) -> String {
        let of = |trace: &Trace| {
            let counts = trace.diagnostics.counts.iter().map(|(cause, n)| format!("{n} {cause}"));
            let notes = trace.diagnostics.notes.iter().cloned();
            counts.chain(notes).collect::<Vec<_>>()
        };
        let said: Vec<String> = self.traces.iter().flat_map(of).collect();
        let sentences = self.answers.iter().flat_map(|(_, verdict)| {
            std::iter::once(verdict.sentence.clone()).chain(verdict.details.iter().cloned())
        });
        said.into_iter().chain(sentences).collect::<Vec<_>>().join("\n")
    }
}

type Check = Box<dyn Fn(&Opened) -> Result<(), String>>;

/// See the module.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) reported_at: &'static str,
    files: Vec<&'static str>,
    ranks: Vec<(u32, Figures)>,
    only_rank: Option<Figures>,
    only_these_ranks: bool,
    refused: Option<&'static str>,
    said: Vec<&'static str>,
    clean: bool,
    checks: Vec<Check>,
}

pub(crate) fn case(name: &'static str, reported_at: &'static str) -> Case {
    Case {
        name,
        reported_at,
        files: Vec::new(),
        ranks: Vec::new(),
        only_rank: None,
        only_these_ranks: false,
        refused: None,
        said: Vec::new(),
        clean: false,
        checks: Vec::new(),
    }
}

impl Case {
    /// A file of `input`.
    pub(crate) fn file(mut self, name: &'static str) -> Self {
        self.files.push(name);
        self
    }

    /// Expected figures of a rank.
    pub(crate) fn rank(mut self, rank: u32, figures: Figures) -> Self {
        self.ranks.push((rank, figures));
        self
    }

    /// Expected figures of the one rank there is, whatever its number.
    pub(crate) fn only_rank(mut self, figures: Figures) -> Self {
        self.only_rank = Some(figures);
        self
    }

    /// There are no ranks but those named.
    pub(crate) fn no_other_rank(mut self) -> Self {
        self.only_these_ranks = true;
        self
    }

    /// A file gives no trace, and the error says this.
    pub(crate) fn refused(mut self, text: &'static str) -> Self {
        self.refused = Some(text);
        self
    }

    /// A note, a counted loss or the sentence holds this text.
    pub(crate) fn says(mut self, text: &'static str) -> Self {
        self.said.push(text);
        self
    }

    /// Nothing was lost and nothing noted.
    pub(crate) fn clean(mut self) -> Self {
        self.clean = true;
        self
    }

    /// Something else that holds; the text says what.
    pub(crate) fn holds(
        mut self,
        what: &'static str,
        check: impl Fn(&Opened) -> bool + 'static,
    ) -> Self {
        let check = move |opened: &Opened| {
            if check(opened) { Ok(()) } else { Err(format!("does not hold: {what}")) }
        };
        self.checks.push(Box::new(check));
        self
    }

    /// What is wrong, in words; empty when the case is answered rightly.
    pub(crate) fn faults(&self) -> Vec<String> {
        let asked = std::panic::catch_unwind(AssertUnwindSafe(|| self.asked()));
        asked.unwrap_or_else(|_| vec!["panics".to_owned()])
    }

    fn asked(&self) -> Vec<String> {
        let traces: Result<Vec<Trace>, OpenError> =
            self.files.iter().map(|name| opened(&input(name))).collect();
        let traces = match (traces, self.refused) {
            (Ok(_), Some(text)) => return vec![format!("opened, but should say \"{text}\"")],
            (Err(error), Some(text)) if error.to_string().contains(text) => return Vec::new(),
            (Err(error), _) => return vec![format!("not opened: {error}")],
            (Ok(traces), None) => traces,
        };
        let mut faults = self.of_answers("", &Opened::of(number_apart(traces.clone())));
        if traces.len() > 1 {
            match merge(traces) {
                Ok(merged) => {
                    faults.extend(self.of_answers("merged: ", &Opened::of(vec![merged])));
                }
                Err(error) => faults.push(format!("not merged: {error}")),
            }
        }
        faults
    }

    fn of_answers(&self, way: &str, opened: &Opened) -> Vec<String> {
        let mut faults: Vec<String> = Vec::new();
        let all = || opened.answers.iter().flat_map(|(reports, _)| &reports.overlap.ranks);
        let numbers: Vec<u32> = all().map(|found| found.rank).collect();
        if let Some(figures) = &self.only_rank {
            match (all().next(), numbers.len()) {
                (Some(found), 1) => faults.extend(figures.differences(found)),
                _ => faults.push(format!("ranks are {numbers:?}")),
            }
        }
        for (rank, figures) in &self.ranks {
            match all().find(|found| found.rank == *rank) {
                Some(found) => faults.extend(figures.differences(found)),
                None => faults.push(format!("no rank {rank} among {numbers:?}")),
            }
        }
        if self.only_these_ranks && numbers.len() != self.ranks.len() {
            faults.push(format!("ranks are {numbers:?}"));
        }
        let said = opened.said();
        for text in self.said.iter().filter(|text| !said.contains(**text)) {
            faults.push(format!("nothing says \"{text}\" in: {said}"));
        }
        if self.clean && opened.traces.iter().any(|trace| !trace.diagnostics.is_clean()) {
            faults.push(format!("should raise no alarm: {said}"));
        }
        faults.extend(self.checks.iter().filter_map(|check| check(opened).err()));
        faults.into_iter().map(|fault| format!("{way}{fault}")).collect()
    }
}

fn or(us: Option<f64>) -> String {
    us.map_or_else(|| "unknown".to_owned(), |us| us.to_string())
}

/// A file of the folder `input`.
pub(crate) fn input(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/input").join(name)
}

fn opened(path: &Path) -> Result<Trace, OpenError> {
    let title = path.file_name().map(|name| name.to_string_lossy().into_owned());
    let options = OpenOptions { title: title.unwrap_or_default(), ..OpenOptions::default() };
    let file = File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    open(file, &options, &mut silent)
}

/// Figures of which nothing is asked yet.
pub(crate) fn figures() -> Figures {
    Figures::default()
}
