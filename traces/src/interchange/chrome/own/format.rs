//! The `weftscope` object: what Chrome JSON has no words for, so that our own files read back exactly.
//!
//! It stands before `traceEvents`. Each event of ours carries, as the first argument after the slice's own,
//! `"weft": label` (an argument of the slice's own of that name is written `weft~`); what follows it is derived from the label and the track and is there for other tools.
//! Events with `"weft": -1` are wholly derived (iteration marks repeated for other tools) and are skipped.

use serde::{Deserialize, Serialize};

use crate::{Diagnostics, Label, Meta, TrackKind};

/// Version of the object that is written and the newest that is read; a file with a later one is read as any foreign
/// file. Version 1 had the facts of a run as pairs of texts.
pub(crate) const OWN_VERSION: u32 = 2;
/// The argument that says which label an event has.
pub(crate) const LABEL_KEY: &str = "weft";
/// Value of [`LABEL_KEY`] in events that repeat what others say.
pub(crate) const DERIVED: i64 = -1;

/// First pid of the per-SM rows: this plus the rank.
pub(crate) const SM_PID: u32 = 100_000;
/// First pid of the host rows made for other tools: this plus the rank.
pub(crate) const HOST_PID: u32 = 200_000;
/// Pid of rows that belong to no rank and of threads whose pid another row has.
pub(crate) const OTHER_PID: u32 = 300_000;

/// The object.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Own {
    pub(crate) version: u32,
    /// Trace time of ts 0, in ns; below 0 when the trace begins before its base time (readers drop negative ts).
    #[serde(default)]
    pub(crate) origin_ns: i64,
    pub(crate) meta: Meta,
    pub(crate) diagnostics: Diagnostics,
    pub(crate) counters: Vec<OwnCounter>,
    pub(crate) tracks: Vec<OwnTrack>,
    pub(crate) labels: Vec<Label>,
}

/// A counter series without its samples.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct OwnCounter {
    pub(crate) pid: u32,
    pub(crate) name: String,
    pub(crate) unit: String,
    pub(crate) rank: Option<u32>,
}

/// A track with the rows its lanes are drawn on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct OwnTrack {
    pub(crate) parent: Option<u32>,
    pub(crate) name: String,
    pub(crate) kind: TrackKind,
    /// One per lane; lanes that nest properly share a row and tell themselves apart by an argument `lane`.
    pub(crate) rows: Vec<RowId>,
}

/// Where an event is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct RowId {
    pub(crate) pid: u32,
    pub(crate) tid: u32,
}
