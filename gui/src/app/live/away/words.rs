//! What is asked of a run elsewhere, and what it tells: the heads of letters.

use serde::{Deserialize, Serialize};
use weftscope_engine::{
    command::Command,
    serving::Served,
    spec::{RunSpec, StrategyKind},
};
use weftscope_profiler::sweep::SweepAxis;

use super::{
    super::{Backend, Baseline, CurvePoint, ServingHead, news::Pace},
    Letter, On, Port,
};
#[cfg(not(target_arch = "wasm32"))]
use crate::app::part::Question;
use crate::app::{neighbours::NeighbourShown, part::Look};

/// What is asked of a worker, or of an agent.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Ask {
    /// Run this spec, iteration after iteration.
    Begin {
        /// What.
        spec: Box<RunSpec>,
        /// Who runs it.
        on: On,
        /// Least time from one picture's start to the next, ns.
        period_ns: u64,
        /// Iterations of a picture.
        burst: u32,
    },
    /// Tell the run something.
    Command(Command),
    /// The last iteration, or part of it, was taken in: there may be another.
    TakenIn,
    /// This is how the last iteration is looked at, over a link.
    Look(Look),
    /// A piece of this iteration has come.
    PieceTaken(u64),
    /// Answer this, by its number, about the document of another number.
    #[cfg(not(target_arch = "wasm32"))]
    Question(u64, u64, Question),
    /// Nobody waits for the answer of this any more.
    Forget(u64),
    /// Do a job; one at a time.
    Job(Work, On),
    /// Start or find this program, and show what it did last as an iteration is shown, and all of it in the end.
    #[cfg(feature = "gpus")]
    Watch(Box<crate::jobs::ProgramAsked>, Views),
    /// Record the program no longer, which goes on.
    Stop,
    /// Read this recording, and show it as an iteration is shown: a path there, from `~/` on in the home folder.
    Open(String),
}

/// How views of a program under watch come.
#[cfg(feature = "gpus")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Views {
    /// What of them is looked at, as often as they are made.
    Seen,
    /// Whole, for whoever puts them together with those of other servers: the next once one is there, at moments that those have too.
    Whole,
}

/// What stays of a program under watch when the window is gone.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Left {
    /// The file of what a program says that was started for the window.
    pub(crate) output: Option<String>,
    /// The file of what was recorded and is not with the window.
    pub(crate) recording: String,
}

#[cfg(not(target_arch = "wasm32"))]
impl Left {
    /// In words, for whoever has lost the connection.
    pub(crate) fn in_words(&self) -> String {
        let says = match &self.output {
            Some(output) => format!(" and says what it says into {output}"),
            None => String::new(),
        };
        let recording = &self.recording;
        format!(
            "the program goes on there{says}; what was recorded until then is written to {recording}"
        )
    }
}

/// A job that is done by running plans.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Work {
    /// The baselines of a spec.
    Baselines(Box<RunSpec>),
    /// A curve of a spec.
    Curve(Box<RunSpec>, SweepAxis),
    /// Requests served: the spec, and what is asked for in its kept form.
    Serving(Box<RunSpec>, Option<serde_json::Value>),
    /// An iteration of each of these, recorded.
    Runs(Vec<RunSpec>),
    /// A neighbour by name with its knobs, recorded with its idea and without.
    Neighbour(String, Vec<(String, String)>),
}

/// What is told.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Tell {
    /// An iteration. Behind it is its trace; over a link a part of it.
    Iteration {
        /// Its number in the session.
        number: u64,
        /// First op's start to last op's end, ns.
        time_ns: i64,
        /// What ran, as a plan's file has it; `None`: the same as before.
        plan: Option<String>,
    },
    /// Another part of this iteration is behind, as it is looked at.
    Part(u64),
    /// A piece of all of this iteration is behind, deflated; the last of them or not.
    Piece(u64, bool),
    /// The spec cannot be planned or run.
    Refused(String),
    /// The GPUs failed, and after how many ns they are tried again, if they are.
    Broke(String, Option<u64>),
    /// The run is over; also that the worker is.
    Ended(String),
    /// How far a job is, in thousandths.
    Progress(u32),
    /// A job's news.
    News(News),
    /// One of [`Work::Runs`], or of a neighbour: which, and what ran; its trace is behind.
    Run(usize, String),
    /// A piece of the answer of a question is behind; the last of them or not.
    Answer(u64, bool),
    /// A question has no answer, in words; `None`: what it is about is not there any more.
    NoAnswer(u64, Option<String>),
    /// What stays there when the connection is lost.
    Left(Left),
    /// The job is done, or failed.
    Done(Result<(), String>),
}

/// What jobs tell as they go.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum News {
    /// A baseline has run.
    Baseline(Baseline),
    /// Where simulation would cut.
    Simulated(Result<u32, String>),
    /// What computation takes when the batch is not split, ns.
    UnsplitAlone(i64),
    /// A point of a curve.
    CurvePoint(Result<CurvePoint, String>),
    /// The requests are known.
    ServingHead(ServingHead),
    /// A strategy has served.
    Served(StrategyKind, Result<Box<Served>, String>),
    /// Nothing is served.
    ServingFailed(String),
    /// What a neighbour's runs show.
    Neighbour(NeighbourShown),
}

impl Ask {
    /// Asks for a run of this spec.
    pub(super) fn begin(spec: &RunSpec, backend: &Backend, pace: Pace) -> Self {
        let period_ns = u64::try_from(pace.period.as_nanos()).unwrap_or(u64::MAX);
        let (spec, on) = (Box::new(spec.clone()), On::of(backend));
        Self::Begin { spec, on, period_ns, burst: pace.burst }
    }

    /// Asks it.
    pub(super) fn over(&self, port: &Port) {
        port.post(Letter::of(self));
    }
}

impl Tell {
    /// What a letter says, with the bytes behind it; what is not understood ends what it is of.
    pub(super) fn heard(letter: Letter) -> (Self, Vec<u8>) {
        (letter.open().unwrap_or_else(Self::Ended), letter.bytes)
    }
}
