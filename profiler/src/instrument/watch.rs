use std::collections::HashMap;

use weftscope_engine::{observer::LaunchWatch, plan::OpId};

use super::samples::Series;
use crate::{
    cupti::{ActivityRecord, mark::LaunchMark},
    overhead::Recording,
};

/// An executor whose launches can be watched.
pub trait Watched: Recording {
    /// What is notified of every launch from now on; `None`: nothing.
    fn watch(&mut self, watch: Option<Box<dyn LaunchWatch>>);
    /// The GPU of each rank, as the driver numbers them.
    fn gpus(&self) -> Vec<u32>;
}

/// What sees what the driver does: CUPTI, or a stand-in.
pub trait Source {
    /// Is notified of launches, so that what they cause can be told apart.
    fn watch(&self) -> Box<dyn LaunchWatch>;
    /// Everything seen since the last call. What went wrong is among the losses.
    fn take(&mut self) -> Seen;
    /// Whether it looks on at all. Off, the driver runs as without a profiler, as far as that can be had.
    fn set_on(&mut self, on: bool);
    /// Name and version, e.g. `CUPTI 13.0.1`.
    fn name(&self) -> String;
}

/// What a [`Source`] saw.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Number of times that launching has begun.
    pub batch: u64,
    /// CUPTI time of the last of them.
    pub began_ns: i64,
    /// The thread that launches, by the system's number; 0 when that is not known.
    pub thread: u32,
    /// Records, in any order.
    pub events: Vec<ActivityRecord>,
    /// Which launch each call of the driver was, in order.
    pub(crate) marks: Vec<LaunchMark>,
    /// The op of each node of a graph that records name, by CUPTI's id, where it is known.
    pub(crate) nodes: HashMap<u64, OpId>,
    /// Counters by rank, since the last begin.
    pub series: Vec<Series>,
    /// What was lost, by cause.
    pub lost: Vec<(&'static str, u64)>,
}
