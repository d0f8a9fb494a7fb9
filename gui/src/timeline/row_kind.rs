//! What a row is: where it stands in one trace ([`RowKind`]), and by what it is found again in the next ([`RowId`]).

use weftscope_traces::{TrackId, TrackKind};

use super::{AnswerRows, FoldId, TimelineData};

/// What a row shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowKind {
    /// Header of a rank with its ribbon; the index is into [`TimelineData::ranks`].
    Rank(usize),
    /// A stream: op spans.
    Stream(TrackId),
    /// A counter: index into [`TraceParts::counters`](weftscope_traces::TraceParts::counters).
    Counter(usize),
    /// Header over the SM rows of a rank.
    Sms(usize),
    /// Header over what kernels say of themselves on the SMs of a rank.
    Inside(usize),
    /// One SM with its slots.
    Sm(TrackId),
    /// Header over host threads of a rank (index) or of none.
    Hosts(Option<usize>),
    /// One host thread, what the driver did, what is inside the blocks of an SM, or a row of an answer.
    Host(TrackId),
    /// Header over the rows of a query's answer; the index is into [`TimelineData::answers`].
    Answer(usize),
}

/// A row, named so that it is found again in the next iteration's trace.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RowId {
    /// Header of a rank.
    Rank(u32),
    /// A stream, an SM, a host thread, a row of the driver.
    Track(TrackKind),
    /// A counter of a rank.
    Counter {
        /// Global rank.
        rank: Option<u32>,
        /// Its name.
        name: String,
    },
    /// Header over the SM rows of a rank.
    Sms(u32),
    /// Header over what kernels say of themselves on the SMs of a rank.
    Inside(u32),
    /// Header over the host threads of a rank, or of none.
    Hosts(Option<u32>),
    /// Header over the rows of an answer, by its name.
    Answer(String),
}

impl RowKind {
    /// By what it is found again.
    pub fn id(self, data: &TimelineData) -> RowId {
        let rank = |index: usize| data.ranks[index].rank;
        match self {
            Self::Rank(index) => RowId::Rank(rank(index)),
            Self::Sms(index) => RowId::Sms(rank(index)),
            Self::Inside(index) => RowId::Inside(rank(index)),
            Self::Hosts(index) => RowId::Hosts(index.map(rank)),
            Self::Answer(_) => RowId::Answer(self.name(data)),
            Self::Counter(index) => {
                let series = &data.trace.counters[index];
                RowId::Counter { rank: series.rank, name: series.name.clone() }
            }
            Self::Stream(id) | Self::Sm(id) | Self::Host(id) => {
                RowId::Track(data.trace.track(id).kind.clone())
            }
        }
    }

    /// What a click on its header folds.
    pub fn fold_id(self, data: &TimelineData) -> Option<FoldId> {
        match self {
            Self::Rank(index) => Some(FoldId::Rank(data.ranks[index].rank)),
            Self::Sms(index) => Some(FoldId::Sms(data.ranks[index].rank)),
            Self::Inside(index) => Some(FoldId::Inside(data.ranks[index].rank)),
            Self::Hosts(index) => Some(FoldId::Host(index.map(|i| data.ranks[i].rank))),
            Self::Answer(index) => Some(FoldId::Answer(data.answers[index].answer)),
            _ => None,
        }
    }

    /// The track whose slices it shows.
    pub fn slices_of(self) -> Option<TrackId> {
        match self {
            Self::Stream(id) | Self::Sm(id) | Self::Host(id) => Some(id),
            _ => None,
        }
    }

    /// Its name, as the column of names has it.
    pub fn name(self, data: &TimelineData) -> String {
        match self {
            Self::Rank(index) => {
                let rows = &data.ranks[index];
                let named = rows.track.map(|track| data.trace.track(track).name.clone());
                named.unwrap_or_else(|| format!("rank {}", rows.rank))
            }
            Self::Sms(_) => "SMs".to_owned(),
            Self::Inside(_) => "inside SMs".to_owned(),
            Self::Hosts(_) => "host threads".to_owned(),
            Self::Counter(index) => data.trace.counters[index].name.clone(),
            Self::Answer(index) => data.trace.track(data.answers[index].heading).name.clone(),
            Self::Stream(id) | Self::Sm(id) | Self::Host(id) => data.trace.track(id).name.clone(),
        }
    }

    /// The name of the row of a track as it stands under its heading: of an answer, without the answer's name.
    pub(super) fn short_name(self, data: &TimelineData, track: TrackId) -> &str {
        let track = data.trace.track(track);
        let heading = track.parent.map_or("", |parent| data.trace.track(parent).name.as_str());
        let rest = match track.kind {
            TrackKind::Answer { .. } => track.name.strip_prefix(heading),
            _ => None,
        };
        rest.and_then(|rest| rest.strip_prefix(" · ")).unwrap_or(&track.name)
    }

    /// The rank it belongs to.
    pub fn rank(self, data: &TimelineData) -> Option<u32> {
        match self {
            Self::Rank(index) | Self::Sms(index) | Self::Inside(index) => {
                Some(data.ranks[index].rank)
            }
            Self::Hosts(index) => index.map(|index| data.ranks[index].rank),
            Self::Counter(index) => data.trace.counters[index].rank,
            Self::Answer(_) => None,
            Self::Stream(id) | Self::Sm(id) | Self::Host(id) => data.trace.track(id).kind.rank(),
        }
    }

    /// Its name where it stands apart from its rank.
    pub fn full_name(self, data: &TimelineData) -> String {
        match (self, self.rank(data)) {
            (Self::Rank(_), _) | (_, None) => self.name(data),
            (_, Some(rank)) => format!("r{rank} {}", self.name(data)),
        }
    }
}

impl RowId {
    /// The row in this trace; `None` when it has no such row.
    pub fn find(&self, data: &TimelineData) -> Option<RowKind> {
        let index = |rank: u32| data.ranks.iter().position(|rows| rows.rank == rank);
        match self {
            Self::Rank(rank) => index(*rank).map(RowKind::Rank),
            Self::Sms(rank) => {
                index(*rank).filter(|&at| !data.ranks[at].sms.is_empty()).map(RowKind::Sms)
            }
            Self::Inside(rank) => {
                index(*rank).filter(|&at| !data.ranks[at].inside.is_empty()).map(RowKind::Inside)
            }
            Self::Hosts(None) => (!data.hosts.is_empty()).then_some(RowKind::Hosts(None)),
            Self::Hosts(Some(rank)) => index(*rank)
                .filter(|&at| !data.ranks[at].hosts.is_empty())
                .map(|at| RowKind::Hosts(Some(at))),
            Self::Answer(name) => {
                let named = |rows: &AnswerRows| data.trace.track(rows.heading).name == *name;
                data.answers.iter().position(named).map(RowKind::Answer)
            }
            Self::Counter { rank, name } => {
                let mut counters = data.trace.counters.iter();
                let at = counters.position(|series| series.rank == *rank && series.name == *name);
                at.map(RowKind::Counter)
            }
            Self::Track(kind) => {
                let id = data.trace.find_track(kind)?;
                match kind {
                    TrackKind::Stream { .. } => Some(RowKind::Stream(id)),
                    TrackKind::Sm { .. } => Some(RowKind::Sm(id)),
                    TrackKind::HostThread { .. }
                    | TrackKind::Driver { .. }
                    | TrackKind::Inside { .. }
                    | TrackKind::Answer { .. } => Some(RowKind::Host(id)),
                    _ => None,
                }
            }
        }
    }
}
