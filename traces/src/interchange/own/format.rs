//! The description: what other tools' formats have no words for, so that our own files read back exactly.
//!
//! As JSON it stands before the events. Each event of ours says its label and its lane; how, is a matter of the format.

use serde::{Deserialize, Serialize};

use super::row::{OTHER_PID, RowId};
use super::rows::{Rows, rows_of};
use crate::{CounterSeries, Diagnostics, Label, Meta, Trace, TrackKind};

/// Version of the object that is written and the newest that is read; a file with a later one is read as any foreign
/// file. Version 1 had the facts of a run as pairs of texts.
pub(crate) const OWN_VERSION: u32 = 2;

/// The description as it is written.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Own {
    pub(crate) version: u32,
    /// Trace time of the file's time 0, in ns; below 0 when the trace begins before its base time (readers of Chrome JSON
    /// drop negative ts).
    #[serde(default)]
    pub(crate) origin_ns: i64,
    pub(crate) meta: Meta,
    pub(crate) diagnostics: Diagnostics,
    pub(crate) counters: Vec<OwnCounter>,
    pub(crate) tracks: Vec<OwnTrack>,
    pub(crate) labels: Vec<Label>,
}

impl Own {
    /// The description of a trace whose lanes are drawn on `rows`.
    pub(crate) fn of(trace: &Trace, rows: &Rows, origin_ns: i64) -> Self {
        let mut diagnostics = trace.diagnostics.clone();
        let labels = labels(trace, &mut diagnostics);
        Self {
            version: OWN_VERSION,
            origin_ns,
            meta: trace.meta.clone(),
            counters: counters(trace),
            tracks: tracks(trace, rows).collect(),
            labels,
            diagnostics,
        }
    }
}

/// The labels with facts that JSON has words for: NaN and infinity become 0 and are counted.
pub(crate) fn labels(trace: &Trace, diagnostics: &mut Diagnostics) -> Vec<Label> {
    let mut finite = |label: &Label| {
        let mut label = label.clone();
        if let Some(facts) = &mut label.facts {
            let floats = [
                &mut facts.tail_occupancy,
                &mut facts.flops,
                &mut facts.hbm_bytes,
                &mut facts.link_bytes,
            ];
            for float in floats.into_iter().filter(|float| !float.is_finite()) {
                *float = 0.0;
                diagnostics.count("facts that are no finite number, exported as 0", 1);
            }
        }
        label
    };
    trace.labels.iter().map(&mut finite).collect()
}

/// The counters without their samples.
pub(crate) fn counters(trace: &Trace) -> Vec<OwnCounter> {
    let counter = |counter: &CounterSeries| OwnCounter {
        pid: counter.rank.unwrap_or(OTHER_PID),
        name: counter.name.clone(),
        unit: counter.unit.clone(),
        rank: counter.rank,
    };
    trace.counters.iter().map(counter).collect()
}

/// The tracks with the rows that they are drawn on.
pub(crate) fn tracks(trace: &Trace, rows: &Rows) -> impl Iterator<Item = OwnTrack> {
    trace.tracks.iter().map(|track| OwnTrack {
        parent: track.parent.map(|parent| parent.0),
        name: track.name.clone(),
        kind: track.kind.clone(),
        rows: rows_of(track, rows),
    })
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
