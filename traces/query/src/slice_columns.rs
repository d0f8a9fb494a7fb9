//! The columns of `slice`, `gpu_slice` and `block`, and what stands in them.

use std::sync::LazyLock;

use weftscope_traces::analysis::Place;
use weftscope_traces::{Kind, Label, LaneId, Split, TrackKind};

use crate::cell::Cell;
use crate::relation::Column;
use crate::slice_rows::Numbered;

pub(crate) const ID: usize = 0;
pub(crate) const TS: usize = 1;
pub(crate) const DUR: usize = 2;
pub(crate) const TRACK: usize = 3;
pub(crate) const CATEGORY: usize = 4;
pub(crate) const NAME: usize = 5;
pub(crate) const DEPTH: usize = 6;
pub(crate) const PARENT: usize = 7;
pub(crate) const ARGS: usize = 8;
pub(crate) const RANK: usize = 9;
pub(crate) const KIND: usize = 10;
pub(crate) const LAYER: usize = 11;
pub(crate) const SPLIT: usize = 12;
pub(crate) const PHASE: usize = 13;
pub(crate) const CORRELATION: usize = 14;
pub(crate) const STREAM: usize = 15;
pub(crate) const SM: usize = 16;
pub(crate) const STAGE: usize = 17;
pub(crate) const SLICE_ID: usize = 18;
pub(crate) const CAT: usize = 19;
pub(crate) const CONTEXT: usize = 20;

/// Hidden ones are Perfetto's that say what others say or that no recording of ours has: queries may name them, `*` leaves
/// them out.
pub(crate) const COLUMNS: &[Column] = &[
    ("id", "BIGINT"),
    ("ts", "BIGINT"),
    ("dur", "BIGINT"),
    ("track_id", "BIGINT"),
    ("category", "TEXT"),
    ("name", "TEXT"),
    ("depth", "BIGINT"),
    ("parent_id", "BIGINT"),
    ("arg_set_id", "BIGINT"),
    ("rank", "BIGINT"),
    ("kind", "TEXT"),
    ("layer", "BIGINT"),
    ("split", "BIGINT"),
    ("phase", "TEXT"),
    ("correlation_id", "BIGINT"),
    ("stream", "BIGINT"),
    ("sm", "BIGINT"),
    ("render_stage_category", "BIGINT"),
    ("slice_id", "BIGINT HIDDEN"),
    ("cat", "TEXT HIDDEN"),
    ("context_id", "BIGINT HIDDEN"),
    ("thread_ts", "BIGINT HIDDEN"),
    ("thread_dur", "BIGINT HIDDEN"),
    ("thread_instruction_count", "BIGINT HIDDEN"),
    ("thread_instruction_delta", "BIGINT HIDDEN"),
    ("stack_id", "BIGINT HIDDEN"),
    ("parent_stack_id", "BIGINT HIDDEN"),
    ("hw_queue_id", "BIGINT HIDDEN"),
    ("render_target", "BIGINT HIDDEN"),
    ("render_target_name", "TEXT HIDDEN"),
    ("render_pass", "BIGINT HIDDEN"),
    ("render_pass_name", "TEXT HIDDEN"),
    ("render_subpasses", "TEXT HIDDEN"),
    ("command_buffer", "BIGINT HIDDEN"),
    ("command_buffer_name", "TEXT HIDDEN"),
    ("frame_id", "BIGINT HIDDEN"),
    ("submission_id", "BIGINT HIDDEN"),
];

/// The same and the process, which Perfetto has of what ran on a GPU alone: elsewhere it would be in the way of
/// `join … using (upid)`.
pub(crate) static GPU_COLUMNS: LazyLock<Vec<Column>> =
    LazyLock::new(|| [COLUMNS, &[("upid", "BIGINT HIDDEN")]].concat());

/// A slice by its place.
#[derive(Clone, Copy)]
pub(crate) struct SliceAt {
    pub(crate) lane: LaneId,
    pub(crate) index: usize,
}

/// True of a column that equal labels have in common; those of [places](is_of_place) where labels tell of them.
pub(crate) fn is_of_label(column: usize) -> bool {
    matches!(column, NAME | KIND | LAYER | SPLIT | PHASE)
}

/// Columns that say where a slice belongs.
pub(crate) const PLACE: [usize; 3] = [LAYER, SPLIT, PHASE];

/// True of a column that says where a slice belongs.
pub(crate) fn is_of_place(column: usize) -> bool {
    PLACE.contains(&column)
}

/// True of a column that the slices of a lane have in common.
pub(crate) fn is_of_lane(column: usize) -> bool {
    matches!(column, TRACK | RANK | STREAM | SM | DEPTH)
}

/// A column of a label.
pub(crate) fn of_label(label: &Label, column: usize) -> Cell<'_> {
    match column {
        NAME => Cell::Text(&label.name),
        KIND => Cell::Text(label.kind.name()),
        _ => of_place(Place::of(label), column),
    }
}

/// A column of where a slice belongs.
pub(crate) fn of_place(place: Place, column: usize) -> Cell<'static> {
    match column {
        LAYER => Cell::int(place.layer),
        SPLIT => match place.split {
            Split::Whole => Cell::Null,
            Split::First => Cell::Int(0),
            Split::Second => Cell::Int(1),
        },
        PHASE => Cell::text(Some(place.phase.name()).filter(|name| !name.is_empty())),
        _ => Cell::Null,
    }
}

/// A column of a lane.
pub(crate) fn of_lane(all: &Numbered, slice: SliceAt, column: usize) -> Option<i64> {
    let (track_id, track) = all.track(slice.lane);
    match (column, &track.kind) {
        (TRACK, _) => Some(i64::from(track_id.0)),
        (RANK, kind) => kind.rank().map(i64::from),
        (DEPTH, _) => Some(i64::from(all.depth(slice.lane))),
        (STREAM, TrackKind::Stream { stream, .. }) => Some(i64::from(*stream)),
        (SM, TrackKind::Sm { sm, .. } | TrackKind::Inside { sm, .. }) => Some(i64::from(*sm)),
        _ => None,
    }
}

/// Perfetto's number of computation; none for copies and for what ran on no stream.
pub(crate) fn stage(kind: &TrackKind, label: &Label) -> Cell<'static> {
    let is_compute = matches!(kind, TrackKind::Stream { .. }) && label.kind != Kind::Memcpy;
    if is_compute { Cell::Int(2) } else { Cell::Null }
}
