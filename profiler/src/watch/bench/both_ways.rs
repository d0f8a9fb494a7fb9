//! The same blocks, stamped by our own kernels and by patches, held against each other.
//!
//! The two recordings have the same device clock, put on the host's by two fits, so the difference between these is taken out:
//! it is the one with which most blocks meet on their SMs.

use std::collections::{BTreeMap, HashMap};

use weftscope_traces::{Span, Trace, TrackKind};

/// Differences within which blocks can be the same, ns.
const FAR_NS: i64 = 1_000_000;
/// Differences are counted in so many ns.
const BIN_NS: i64 = 500;
/// Blocks of the same SM whose starts are nearer are the same, ns.
const NEAR_NS: i64 = 5_000;

/// How well they agree. Differences are those of the patches' stamps, ns; by rank the median is taken out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BothWays {
    /// Blocks that both have.
    pub blocks: usize,
    /// Blocks that only our own stamps have.
    pub unmatched: usize,
    /// 50th, 99th and 100th percentile of the differences of the starts.
    pub start_ns: [i64; 3],
    /// The same of the ends.
    pub end_ns: [i64; 3],
    /// The same of the lengths, from which no clock is taken out.
    pub length_ns: [i64; 3],
}

/// By rank and SM, blocks in order of time.
type Rows = BTreeMap<u32, HashMap<u32, Vec<Span>>>;

fn rows(trace: &Trace, is_wanted: impl Fn(&str) -> bool) -> Rows {
    let mut rows = Rows::new();
    for track in &trace.tracks {
        let TrackKind::Sm { rank, sm } = track.kind else { continue };
        let row = rows.entry(rank).or_default().entry(sm).or_default();
        for &lane in &track.lanes {
            let slices = &trace.lane(lane).slices;
            for index in 0..slices.len() {
                if is_wanted(&trace.labels[slices.label[index].0 as usize].name) {
                    row.push(slices.span(index));
                }
            }
        }
        row.sort_by_key(|span| (span.start_ns, span.end_ns));
    }
    rows
}

/// Holds our own stamps against the patches'. `is_wanted` says of our own ops which are kernels of blocks that patches see
/// too. `None`: no block meets.
pub fn compare(own: &Trace, patched: &Trace, is_wanted: impl Fn(&str) -> bool) -> Option<BothWays> {
    let (own_rows, patched_rows) = (rows(own, is_wanted), rows(patched, |_| true));
    let apart_ns = own.meta.base_time_unix_ns - patched.meta.base_time_unix_ns;
    let (mut starts, mut ends, mut lengths) = (Vec::new(), Vec::new(), Vec::new());
    let mut unmatched = 0;
    for (rank, sms) in &own_rows {
        let Some(theirs) = patched_rows.get(rank) else {
            unmatched += sms.values().map(Vec::len).sum::<usize>();
            continue;
        };
        let pairs = pairs(sms, theirs, apart_ns);
        unmatched += sms.values().map(Vec::len).sum::<usize>() - pairs.len();
        let differences = |of: fn(&Span) -> i64| -> Vec<i64> {
            pairs.iter().map(|(own, theirs)| of(theirs) - of(own) - apart_ns).collect()
        };
        let (start, end) = (differences(|span| span.start_ns), differences(|span| span.end_ns));
        let middle = percentiles(start.iter().chain(&end).copied().collect())[0];
        starts.extend(start.into_iter().map(|ns| (ns - middle).abs()));
        ends.extend(end.into_iter().map(|ns| (ns - middle).abs()));
        lengths.extend(pairs.iter().map(|(own, theirs)| (theirs.len_ns() - own.len_ns()).abs()));
    }
    (!starts.is_empty()).then(|| BothWays {
        blocks: starts.len(),
        unmatched,
        start_ns: percentiles(starts),
        end_ns: percentiles(ends),
        length_ns: percentiles(lengths),
    })
}

/// Blocks of ours with those of the patches that are the same.
fn pairs(
    own: &HashMap<u32, Vec<Span>>,
    patched: &HashMap<u32, Vec<Span>>,
    apart_ns: i64,
) -> Vec<(Span, Span)> {
    let near = |span: Span, row: &'_ [Span], around_ns: i64, within_ns: i64| {
        let wanted = span.start_ns + around_ns;
        let from = row.partition_point(|other| other.start_ns < wanted - within_ns);
        let to = row.partition_point(|other| other.start_ns <= wanted + within_ns);
        from..to
    };
    let mut bins: HashMap<i64, usize> = HashMap::new();
    for (sm, spans) in own {
        let Some(row) = patched.get(sm) else { continue };
        for &span in spans {
            for other in &row[near(span, row, apart_ns, FAR_NS)] {
                // Blocks of another length are others.
                if (other.len_ns() - span.len_ns()).abs() < NEAR_NS {
                    let bin = (other.start_ns - span.start_ns).div_euclid(BIN_NS);
                    *bins.entry(bin).or_default() += 1;
                }
            }
        }
    }
    let with_next = |bin: &i64| bins[bin] + bins.get(&(bin + 1)).copied().unwrap_or(0);
    let Some(best) = bins.keys().copied().max_by_key(|bin| (with_next(bin), -bin.abs())) else {
        return Vec::new();
    };
    let around_ns = (best + 1) * BIN_NS;
    let mut pairs = Vec::new();
    for (sm, spans) in own {
        let Some(row) = patched.get(sm) else { continue };
        for &span in spans {
            let nearest = row[near(span, row, around_ns, NEAR_NS)].iter().min_by_key(|other| {
                (other.start_ns - span.start_ns - around_ns).abs()
                    + (other.len_ns() - span.len_ns()).abs()
            });
            pairs.extend(nearest.map(|&other| (span, other)));
        }
    }
    pairs
}

/// The middle, 99 of a hundred, and the last.
fn percentiles(mut values: Vec<i64>) -> [i64; 3] {
    values.sort_unstable();
    let at = |share: f64| {
        let last = values.len().saturating_sub(1);
        values.get((last as f64 * share).round() as usize).copied().unwrap_or(0)
    };
    [at(0.5), at(0.99), at(1.0)]
}

#[cfg(test)]
mod tests {
    use weftscope_traces::{ArgsId, Label, Meta, Provenance, TraceBuilder};

    use super::*;

    /// Two SMs, a block each 30 µs and one in between of another kernel; `late_ns` by block.
    fn made(base_ns: i64, shift_ns: i64, late_ns: impl Fn(i64) -> (i64, i64)) -> Trace {
        let source = "test".to_owned();
        let mut meta = Meta::new("t", Provenance::Measured { source });
        meta.base_time_unix_ns = base_ns;
        let mut builder = TraceBuilder::new(meta);
        let root = builder.track(None, "rank 0".to_owned(), TrackKind::Rank { rank: 0 });
        let label = builder.label(Label { name: "gemm".to_owned(), ..Label::default() });
        for sm in 0..2 {
            let kind = TrackKind::Sm { rank: 0, sm };
            let track = builder.track(Some(root), format!("SM {sm}"), kind);
            for block in 0..50 {
                let (start_late, end_late) = late_ns(block);
                let begin = 1_000_000 + block * 30_000 + i64::from(sm) * 3_000 + shift_ns;
                let length = 10_000 + block * 100;
                let span = Span::new(begin + start_late, begin + length + end_late);
                builder.push_packed(track, span, label, ArgsId::NONE, 0);
            }
        }
        builder.finish().unwrap()
    }

    #[test]
    fn clocks_are_taken_out_and_what_is_left_is_told() {
        let own = made(5_000_000, 0, |_| (0, 0));
        // Another base, 40 µs beside it by another fit, and one block in 50 that begins 700 ns early.
        let patched =
            made(
                4_000_000,
                1_000_000 + 40_000,
                |block| if block == 9 { (-700, 0) } else { (0, 0) },
            );
        let told = compare(&own, &patched, |_| true).unwrap();
        assert_eq!((told.blocks, told.unmatched), (100, 0));
        assert_eq!(told.start_ns, [0, 700, 700]);
        assert_eq!(told.end_ns, [0, 0, 0]);
        assert_eq!(told.length_ns, [0, 700, 700]);
    }

    #[test]
    fn nothing_meets_where_nothing_is_the_same() {
        let own = made(0, 0, |_| (0, 0));
        let patched = made(0, 60_000_000, |_| (0, 0));
        assert_eq!(compare(&own, &patched, |_| true), None);
        assert_eq!(compare(&own, &own, |_| false), None);
    }
}
