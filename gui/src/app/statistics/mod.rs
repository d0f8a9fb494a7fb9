//! Statistics of what is in view: worked out off the UI thread, and only while their tab is on screen.

mod flush;
mod update;

pub(crate) use flush::{flush_statistics, work_out};
pub(crate) use update::update_statistics;

use weftscope_traces::{
    TrackKind,
    analysis::{KernelKey, Statistics},
};

use super::{
    asking::{Asking, Same},
    document::{Document, Shown},
};
use crate::timeline::Selection;

/// A part of the tab of statistics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum StatisticsPart {
    /// How long each kernel takes.
    #[default]
    Kernels,
    /// Communication by how much of it is exposed.
    Exposed,
    /// Time in which a rank runs nothing.
    Gaps,
}

impl StatisticsPart {
    /// Every part, left to right.
    pub const ALL: [Self; 3] = [Self::Kernels, Self::Exposed, Self::Gaps];

    /// Name as shown.
    pub fn name(self) -> &'static str {
        match self {
            Self::Kernels => "Kernels",
            Self::Exposed => "Exposed collectives",
            Self::Gaps => "Gaps",
        }
    }
}

/// What a user can ask of the statistics.
#[derive(Clone, Debug, PartialEq)]
pub enum StatisticsCommand {
    /// Show a part of them.
    Show(StatisticsPart),
    /// Choose a kernel; `None`: the one with the most time, or the list of all where only one fits.
    Choose(Option<KernelKey>),
}

/// The tab of statistics.
#[derive(Default)]
pub struct StatisticsTab {
    /// The part on screen.
    pub part: StatisticsPart,
    /// The kernel chosen: clicked in the table, or that of the slice last selected.
    pub kernel: Option<KernelKey>,
    /// What was found; of the live run perhaps of the iteration before, until the next is ready.
    pub found: Option<Box<Statistics>>,
    /// What they are of.
    of: Option<Shown>,
    asking: Asking<Same<Document>>,
}

/// The kernel of what is selected; `None` for what runs on no stream of a GPU.
pub(super) fn selected_kernel(document: &Document, selection: &Selection) -> Option<KernelKey> {
    let op = document.timeline.op_of(selection.slice()?)?;
    let trace = &document.trace;
    let track = trace.track(trace.lane(op.lane).track);
    let label = trace.label_of(op);
    matches!(track.kind, TrackKind::Stream { .. })
        .then(|| KernelKey { name: label.name.clone(), kind: label.kind })
}
