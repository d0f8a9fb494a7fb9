//! From slices to step functions: who holds an SM from when to when.

use super::band::{Band, bands_of_labels};
use super::ribbon_basis::RibbonBasis;
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
enum Division {
    /// Evenly among busy slots.
    Slots,
    /// Computation and the rest apart, each evenly among the bands that run.
    Sides,
}

/// What runs on one SM at one moment.
#[derive(Clone, Copy)]
struct Running {
    /// Slices by band.
    count: [u32; Band::COUNT],
    /// Bit `b` is set when `count[b] > 0`: few bands run at once, and only those are looked at.
    bands: u64,
}

impl Running {
    fn change(&mut self, band: u8, starts: bool) {
        let count = &mut self.count[usize::from(band)];
        // An empty slice starts and ends here in either order: the sum is right once the moment is complete.
        *count = if starts { count.wrapping_add(1) } else { count.wrapping_sub(1) };
        let bit = 1_u64 << band;
        self.bands = if *count > 0 { self.bands | bit } else { self.bands & !bit };
    }

    /// Units by band; bands that do not run have none. Rounding goes to the first band of a side.
    fn units(&self, division: Division) -> [i32; Band::COUNT] {
        let mut units = [0; Band::COUNT];
        match division {
            Division::Slots => divide(&mut units, self.bands, |band| self.count[band] as i32),
            Division::Sides => {
                divide(&mut units, self.bands & COMPUTE_BANDS, |_| 1);
                divide(&mut units, self.bands & !COMPUTE_BANDS, |_| 1);
            }
        }
        units
    }
}

/// Bits of the bands whose kind is computation.
const COMPUTE_BANDS: u64 = {
    let mut bits = 0;
    let mut band = 0;
    while band < Band::COUNT {
        if Band::from_index(band).kind.is_compute() {
            bits |= 1_u64 << band;
        }
        band += 1;
    }
    bits
};

/// Divides one SM among `bands` in proportion to `weight`.
fn divide(units: &mut [i32; Band::COUNT], bands: u64, weight: impl Fn(usize) -> i32) {
    let total: i32 = ones(bands).map(&weight).sum();
    let mut rest = UNITS;
    for band in ones(bands) {
        units[band] = UNITS * weight(band) / total;
        rest -= units[band];
    }
    if let Some(first) = ones(bands).next() {
        units[first] += rest;
    }
}

/// Positions of the bits that are set.
fn ones(mut bits: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let next = (bits != 0).then(|| bits.trailing_zeros() as usize);
        bits &= bits.wrapping_sub(1);
        next
    })
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
    let mut running = Running { count: [0; Band::COUNT], bands: 0 };
    let mut before = running;
    for (at, &(at_ns, band, starts)) in edges.iter().enumerate() {
        running.change(band, starts);
        let is_complete = edges.get(at + 1).is_none_or(|next| next.0 != at_ns);
        if !is_complete || running.count == before.count {
            continue;
        }
        let (old, new) = (before.units(division), running.units(division));
        for band in ones(before.bands | running.bands) {
            if new[band] != old[band] {
                deltas[band].push((at_ns, new[band] - old[band]));
            }
        }
        before = running;
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
