//! What goes to a worker and what comes back: a head in JSON, and the bytes of a trace behind some.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use weftscope_engine::{
    command::Command,
    serving::Served,
    spec::{RunSpec, StrategyKind},
};
use weftscope_profiler::sweep::SweepAxis;

use super::super::{Baseline, CurvePoint, ServingHead};
use crate::app::neighbours::NeighbourShown;

/// One message, either way.
#[derive(Clone, Debug, Default)]
pub(crate) struct Letter {
    /// An [`Ask`] or a [`Tell`] in JSON.
    pub(crate) head: String,
    /// A trace in the native format, behind those that say so.
    pub(crate) bytes: Vec<u8>,
}

/// What a page asks of a worker.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Ask {
    /// Run this spec, iteration after iteration.
    Begin {
        /// What.
        spec: Box<RunSpec>,
        /// Least time from one picture's start to the next, ns.
        period_ns: u64,
        /// Iterations of a picture.
        burst: u32,
    },
    /// Tell the run something.
    Command(Command),
    /// The last iteration was taken in: there may be another.
    TakenIn,
    /// Do a job; one at a time.
    Job(Work),
}

/// A job that is done by simulation.
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

/// What a worker tells.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Tell {
    /// An iteration; its trace is behind.
    Iteration {
        /// Its number in the session.
        number: u64,
        /// First op's start to last op's end, ns.
        time_ns: i64,
        /// What ran, as a plan's file has it; `None`: the same as before.
        plan: Option<String>,
    },
    /// The spec cannot be planned or run.
    Refused(String),
    /// The run is over; also that the worker is.
    Ended(String),
    /// How far a job is, in thousandths.
    Progress(u32),
    /// A job's news.
    News(News),
    /// One of [`Work::Runs`], or of a neighbour: which, and what ran; its trace is behind.
    Run(usize, String),
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

impl Letter {
    /// Of a message without a trace.
    pub(crate) fn of(message: &impl Serialize) -> Self {
        Self::with(message, Vec::new())
    }

    /// Of a message with a trace behind it.
    pub(crate) fn with(message: &impl Serialize, bytes: Vec<u8>) -> Self {
        // What has no JSON form is told by the reader, who finds nothing.
        Self { head: serde_json::to_string(message).unwrap_or_default(), bytes }
    }

    /// What it says.
    ///
    /// # Errors
    /// In words, when it says nothing that is known: both ends are of one build, so that is a fault of the program.
    pub(crate) fn open<T: DeserializeOwned>(&self) -> Result<T, String> {
        serde_json::from_str(&self.head)
            .map_err(|error| format!("page and worker do not understand each other: {error}"))
    }
}
