//! What queries answered, as rows of a trace: each answer under a heading with its name, told apart from what was recorded.

use std::collections::{BTreeMap, HashMap};

use crate::model::FirstFree;
use crate::{
    ArgValue, ArgsId, BuildError, Kind, Label, LabelId, Lane, LaneId, SliceTable, Span, Trace,
    TraceParts, Track, TrackId, TrackKind,
};

/// Before an answer's name, wherever it stands.
const BEFORE: &str = "SQL: ";
/// The argument of each slice that holds the query.
const QUERY: &str = "query";

/// An answer to be shown as rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// What it is called; one that is there under this name is replaced.
    pub name: String,
    /// The query, so that it can be asked again.
    pub query: String,
    /// Its stretches, in any order; they may overlap.
    pub slices: Vec<AnswerSlice>,
}

/// A row of an answer that has a time.
#[derive(Clone, Debug, PartialEq)]
pub struct AnswerSlice {
    /// When.
    pub span: Span,
    /// What it is called.
    pub name: String,
    /// The rank it is about.
    pub rank: Option<u32>,
    /// The row it stands on among those of its rank; empty: all on one.
    pub row: String,
    /// What else it says, by column.
    pub args: Vec<(String, ArgValue)>,
}

/// An answer that a trace holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldAnswer {
    /// The heading over its rows.
    pub heading: TrackId,
    /// What it is called.
    pub name: String,
    /// The query; `None` for one without slices, which had no place for it.
    pub query: Option<String>,
}

/// The trace with an answer as rows under the heading `SQL: name`; a row a rank and row text, in order. Slices whose name
/// some op has are of its kind, others are marks. No id of a slice changes but those of an answer that is replaced.
///
/// # Errors
/// [`BuildError`] where there are more rows or names than ids.
pub fn with_answer(trace: Trace, answer: Answer) -> Result<Trace, BuildError> {
    let trace = without_answer(trace, &answer.name)?;
    let numbers = trace.tracks.iter().filter_map(|track| match track.kind {
        TrackKind::Answer { answer, .. } => Some(answer + 1),
        _ => None,
    });
    let number = numbers.max().unwrap_or(0);
    let mut parts = trace.into_parts();
    let heading = TrackId(parts.tracks.len() as u32);
    let title = format!("{BEFORE}{}", answer.name);
    let kind = TrackKind::Group;
    parts.tracks.push(Track { parent: None, name: title.clone(), kind, lanes: Vec::new() });
    let mut labels = Labels::of(&parts.labels);
    // By rank, then by row.
    let mut rows: BTreeMap<(Option<u32>, String), Vec<AnswerSlice>> = BTreeMap::new();
    for mut slice in answer.slices {
        let key = (slice.rank, std::mem::take(&mut slice.row));
        rows.entry(key).or_default().push(slice);
    }
    for (row, ((rank, text), slices)) in (0..).zip(rows) {
        let of_rank = rank.map(|rank| format!("rank {rank}"));
        let told = of_rank.into_iter().chain(Some(text).filter(|text| !text.is_empty()));
        let name = std::iter::once(title.clone()).chain(told).collect::<Vec<_>>().join(" · ");
        let kind = TrackKind::Answer { rank, answer: number, row };
        let track = Track { parent: Some(heading), name, kind, lanes: Vec::new() };
        add_row(&mut parts, track, slices, &mut labels, &answer.query);
    }
    parts.labels.extend(labels.new);
    Trace::checked(parts)
}

/// The trace without the answer of this name; unchanged where there is none.
///
/// # Errors
/// None that a trace could cause; the parts are checked as any.
pub fn without_answer(trace: Trace, name: &str) -> Result<Trace, BuildError> {
    let Some(held) = answers(&trace).into_iter().find(|held| held.name == name) else {
        return Ok(trace);
    };
    let mut parts = trace.into_parts();
    let is_gone = |id: TrackId, track: &Track| {
        id == held.heading
            || track.parent == Some(held.heading) && matches!(track.kind, TrackKind::Answer { .. })
    };
    let mut new_track: Vec<Option<TrackId>> = Vec::with_capacity(parts.tracks.len());
    let mut tracks: Vec<Track> = Vec::with_capacity(parts.tracks.len());
    for (id, track) in (0..).map(TrackId).zip(parts.tracks) {
        if is_gone(id, &track) {
            new_track.push(None);
            continue;
        }
        new_track.push(Some(TrackId(tracks.len() as u32)));
        tracks.push(track);
    }
    let mut new_lane: Vec<Option<LaneId>> = Vec::with_capacity(parts.lanes.len());
    let mut lanes: Vec<Lane> = Vec::with_capacity(parts.lanes.len());
    for lane in parts.lanes {
        let track = new_track[lane.track.0 as usize];
        new_lane.push(track.map(|_| LaneId(lanes.len() as u32)));
        lanes.extend(track.map(|track| Lane { track, ..lane }));
    }
    for track in &mut tracks {
        track.parent = track.parent.and_then(|parent| new_track[parent.0 as usize]);
        track.lanes = track.lanes.iter().filter_map(|lane| new_lane[lane.0 as usize]).collect();
    }
    // Nothing points at an answer, so no arrow is lost.
    parts.flows.retain_mut(|flow| {
        for end in [&mut flow.from, &mut flow.to] {
            let Some(lane) = new_lane[end.lane.0 as usize] else { return false };
            end.lane = lane;
        }
        true
    });
    (parts.tracks, parts.lanes) = (tracks, lanes);
    Trace::checked(parts)
}

/// The name of an answer, of the heading over its rows; `None` of another heading.
pub fn answer_of_heading(heading: &str) -> Option<&str> {
    heading.strip_prefix(BEFORE)
}

/// The answers that a trace holds, in order.
pub fn answers(trace: &Trace) -> Vec<HeldAnswer> {
    let mut held: Vec<HeldAnswer> = Vec::new();
    for (id, track) in (0..).map(TrackId).zip(&trace.tracks) {
        match (&track.kind, track.parent) {
            (TrackKind::Group, None) => {
                if let Some(name) = answer_of_heading(&track.name) {
                    held.push(HeldAnswer { heading: id, name: name.to_owned(), query: None });
                }
            }
            (TrackKind::Answer { .. }, Some(parent)) => {
                if let Some(answer) = held.iter_mut().find(|held| held.heading == parent) {
                    answer.query = answer.query.take().or_else(|| query_of(trace, track));
                }
            }
            _ => {}
        }
    }
    held
}

fn query_of(trace: &Trace, track: &Track) -> Option<String> {
    let args = *trace.lane(*track.lanes.first()?).slices.args.first()?;
    let found = trace.args.get(args).into_iter().find(|(key, _)| key == QUERY)?;
    found.1.as_str().map(str::to_owned)
}

/// Labels of an answer's slices.
struct Labels {
    /// Kinds of what the trace has already, by name.
    kinds: HashMap<String, Kind>,
    ids: HashMap<String, LabelId>,
    first: u32,
    new: Vec<Label>,
}

impl Labels {
    fn of(labels: &[Label]) -> Self {
        let kinds = labels.iter().map(|label| (label.name.clone(), label.kind)).collect();
        Self { kinds, ids: HashMap::new(), first: labels.len() as u32, new: Vec::new() }
    }

    fn id(&mut self, name: String) -> LabelId {
        if let Some(&id) = self.ids.get(&name) {
            return id;
        }
        let kind = self.kinds.get(&name).copied().unwrap_or(Kind::Mark);
        let id = LabelId(self.first + self.new.len() as u32);
        self.ids.insert(name.clone(), id);
        self.new.push(Label { name, kind, ..Label::default() });
        id
    }
}

/// Adds a row with its slices, each on the first lane that is free.
fn add_row(
    parts: &mut TraceParts,
    mut track: Track,
    mut slices: Vec<AnswerSlice>,
    labels: &mut Labels,
    query: &str,
) {
    let id = TrackId(parts.tracks.len() as u32);
    // What holds others comes before them, so that it stands above.
    slices.sort_by_key(|slice| (slice.span.start_ns, std::cmp::Reverse(slice.span.end_ns)));
    let mut free = FirstFree::default();
    for AnswerSlice { span, name, args, .. } in slices {
        let at = free.at(span.start_ns).unwrap_or_else(|| {
            free.push(i64::MIN);
            track.lanes.push(LaneId(parts.lanes.len() as u32));
            parts.lanes.push(Lane { track: id, slices: SliceTable::default() });
            track.lanes.len() - 1
        });
        free.set(at, span.end_ns);
        let told = args.iter().map(|(key, value)| (key.as_str(), value.clone()));
        let asked = (!query.is_empty()).then(|| (QUERY, ArgValue::Text(query.to_owned())));
        let args: ArgsId = parts.args.push(told.chain(asked));
        let lane = &mut parts.lanes[track.lanes[at].0 as usize];
        lane.slices.push(span, labels.id(name), args, 0);
    }
    parts.tracks.push(track);
}
