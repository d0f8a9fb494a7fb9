//! From slices to step functions: who holds an SM from when to when.

use super::RibbonBasis;
use super::band::{Band, bands_of_labels};
use super::steps::Steps;
use crate::model::{LaneId, Trace, TrackKind};

/// One whole SM. Divisible by 1…8, so that shares of up to eight busy slots are exact integers; 64 bits then hold
/// the integral of 132 SMs over more than a year.
pub(super) const UNITS: i32 = 840;

/// Basis and, by band index, the units held over time.
pub(super) fn build(trace: &Trace, rank: u32) -> (RibbonBasis, Vec<Steps>) {
    let band_of_label = bands_of_labels(&trace.labels);
    let mut deltas: Vec<Vec<(i64, i32)>> = vec![Vec::new(); Band::COUNT];
    let sms = sm_rows(trace, rank);
    let basis = if sms.is_empty() {
        let lanes = stream_lanes(trace, rank);
        if lanes.is_empty() {
            return (RibbonBasis::Nothing, Vec::new());
        }
        sweep(trace, &lanes, &band_of_label, Division::Sides, &mut deltas);
        RibbonBasis::Streams
    } else {
        for lanes in &sms {
            match lanes[..] {
                [lane] => whole(trace, lane, &band_of_label, &mut deltas),
                _ => sweep(trace, lanes, &band_of_label, Division::Slots, &mut deltas),
            }
        }
        let known = trace.meta.ranks.iter().find(|info| info.rank == rank);
        let stated = known.map_or(0, |info| info.device.sms);
        RibbonBasis::Sms { sms: stated.max(sms.len() as u32) }
    };
    (basis, deltas.into_iter().map(Steps::from_deltas).collect())
}

/// How what runs at one moment shares one SM (or the one column of a stream ribbon).
#[derive(Clone, Copy)]
pub(super) enum Division {
    /// Evenly among busy slots.
    Slots,
    /// Computation and the rest apart, each evenly among the bands that run.
    Sides,
}

impl Division {
    /// Units by band when `running[band]` slices of each run; rounding goes to the first band of a side.
    pub(super) fn units(self, running: &[u32; Band::COUNT]) -> [i32; Band::COUNT] {
        let mut units = [0; Band::COUNT];
        match self {
            Self::Slots => divide(&mut units, |band| running[band] as i32),
            Self::Sides => {
                for side in [true, false] {
                    divide(&mut units, |band| {
                        let of_side = Band::from_index(band).kind.is_compute() == side;
                        i32::from(of_side && running[band] > 0)
                    });
                }
            }
        }
        units
    }
}

/// Divides one SM in proportion to `weight`; bands without weight keep what they have.
fn divide(units: &mut [i32; Band::COUNT], weight: impl Fn(usize) -> i32) {
    let total: i32 = (0..Band::COUNT).map(&weight).sum();
    if total == 0 {
        return;
    }
    let mut rest = UNITS;
    for (band, units) in units.iter_mut().enumerate().filter(|(band, _)| weight(*band) > 0) {
        *units = UNITS * weight(band) / total;
        rest -= *units;
    }
    if let Some(first) = (0..Band::COUNT).find(|&band| weight(band) > 0) {
        units[first] += rest;
    }
}

/// An SM with one slot: every slice holds it whole.
fn whole(trace: &Trace, lane: LaneId, band_of_label: &[u8], deltas: &mut [Vec<(i64, i32)>]) {
    let slices = &trace.lane(lane).slices;
    for row in 0..slices.len() {
        let deltas = &mut deltas[usize::from(band_of_label[slices.label[row].0 as usize])];
        deltas.push((slices.start_ns[row], UNITS));
        deltas.push((slices.end_ns[row], -UNITS));
    }
}

/// Several lanes that share one SM: walks their edges in order of time.
fn sweep(
    trace: &Trace,
    lanes: &[LaneId],
    band_of_label: &[u8],
    division: Division,
    deltas: &mut [Vec<(i64, i32)>],
) {
    let mut edges: Vec<(i64, u8, bool)> = Vec::new();
    for &lane in lanes {
        let slices = &trace.lane(lane).slices;
        for row in 0..slices.len() {
            let band = band_of_label[slices.label[row].0 as usize];
            edges.push((slices.start_ns[row], band, true));
            edges.push((slices.end_ns[row], band, false));
        }
    }
    edges.sort_by_key(|edge| edge.0);
    let mut running = [0_u32; Band::COUNT];
    let mut units = [0_i32; Band::COUNT];
    for (at, &(at_ns, band, starts)) in edges.iter().enumerate() {
        let running_here = &mut running[usize::from(band)];
        // An empty slice starts and ends here in either order: the sum is right once the moment is complete.
        *running_here =
            if starts { running_here.wrapping_add(1) } else { running_here.wrapping_sub(1) };
        if edges.get(at + 1).is_some_and(|next| next.0 == at_ns) {
            continue;
        }
        let now = division.units(&running);
        for (band, (now, before)) in now.iter().zip(&units).enumerate() {
            if now != before {
                deltas[band].push((at_ns, now - before));
            }
        }
        units = now;
    }
}

/// Lanes of every SM of a rank that has any.
pub(super) fn sm_rows(trace: &Trace, rank: u32) -> Vec<Vec<LaneId>> {
    let is_sm = |kind: &TrackKind| matches!(kind, TrackKind::Sm { rank: of, .. } if *of == rank);
    let rows = trace.tracks.iter().filter(|track| is_sm(&track.kind));
    let filled = |lane: &LaneId| !trace.lane(*lane).slices.is_empty();
    let rows: Vec<Vec<LaneId>> =
        rows.map(|track| track.lanes.iter().copied().filter(filled).collect()).collect();
    if rows.iter().all(Vec::is_empty) { Vec::new() } else { rows }
}

/// Lanes of all streams of a rank.
pub(super) fn stream_lanes(trace: &Trace, rank: u32) -> Vec<LaneId> {
    let is_stream =
        |kind: &TrackKind| matches!(kind, TrackKind::Stream { rank: of, .. } if *of == rank);
    let streams = trace.tracks.iter().filter(|track| is_stream(&track.kind));
    streams.flat_map(|track| track.lanes.iter().copied()).collect()
}
