//! The same blocks, stamped by our own kernels and by patches, held against each other.
//!
//! Our own kernels stamp what they do in a block: tiles, rows, barriers. So a block's own stamps are those that lie inside it;
//! blocks that share their SM with another meanwhile are left out, since a stamp could be either's. The two recordings have
//! the same device clock, put on the host's by two fits, so the difference between these is taken out: it is the one with
//! which most blocks meet on their SMs.

use std::collections::{BTreeMap, HashMap};

use weftscope_traces::{LabelId, Span, Trace, TrackKind};

/// Differences within which blocks can be the same, ns.
const FAR_NS: i64 = 1_000_000;
/// Differences are counted in so many ns.
const BIN_NS: i64 = 500;
/// A stamp that begins or ends further outside of a block is not of it, ns.
const NEAR_NS: i64 = 5_000;

/// How well they agree, by kernel and over all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BothWays {
    /// Of all blocks.
    pub all: Agreement,
    /// By kernel, as patches name them.
    pub by_kernel: BTreeMap<String, Agreement>,
    /// Of our own stamps, those that lie in no block that is alone on its SM.
    pub unmatched: usize,
}

/// How far the two ways differ: 50th, 99th and 100th percentile. By rank the median difference of all starts is taken out: what our
/// own kernels do before their first stamp is short, after the last it is not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Agreement {
    /// Blocks that both have, alone on their SM.
    pub blocks: usize,
    /// Of the starts.
    pub start_ns: [i64; 3],
    /// Of the ends.
    pub end_ns: [i64; 3],
    /// Of the lengths, from which no clock is taken out.
    pub length_ns: [i64; 3],
}

/// Differences of one block.
#[derive(Clone, Copy, Debug)]
struct Difference {
    label: LabelId,
    start_ns: i64,
    end_ns: i64,
}

impl Agreement {
    fn of(differences: &[Difference]) -> Self {
        let of = |ns: fn(&Difference) -> i64| {
            percentiles(differences.iter().map(|difference| ns(difference).abs()).collect())
        };
        Self {
            blocks: differences.len(),
            start_ns: of(|difference| difference.start_ns),
            end_ns: of(|difference| difference.end_ns),
            length_ns: of(|difference| difference.end_ns - difference.start_ns),
        }
    }
}

/// A block, and which kernel it is of.
type Block = (Span, LabelId);
/// Blocks or stamps in order of time.
type Row = Vec<Block>;
/// By rank and SM.
type Rows = BTreeMap<u32, HashMap<u32, Row>>;

fn rows(trace: &Trace) -> Rows {
    let mut rows = Rows::new();
    for track in &trace.tracks {
        let TrackKind::Sm { rank, sm } = track.kind else { continue };
        let row = rows.entry(rank).or_default().entry(sm).or_default();
        for &lane in &track.lanes {
            let slices = &trace.lane(lane).slices;
            row.extend((0..slices.len()).map(|index| (slices.span(index), slices.label[index])));
        }
        row.sort_by_key(|(span, _)| (span.start_ns, span.end_ns));
    }
    rows
}

/// Holds our own stamps against the patches'. `None`: no block meets.
pub fn compare(own: &Trace, patched: &Trace) -> Option<BothWays> {
    let (own_rows, patched_rows) = (rows(own), rows(patched));
    let apart_ns = own.meta.base_time_unix_ns - patched.meta.base_time_unix_ns;
    let mut both = BothWays::default();
    let mut all: Vec<Difference> = Vec::new();
    for (rank, sms) in &own_rows {
        let none = HashMap::new();
        let theirs = patched_rows.get(rank).unwrap_or(&none);
        let (pairs, left) = pairs(sms, theirs, apart_ns);
        both.unmatched += left;
        let starts = pairs.iter().map(|(own, (theirs, _))| theirs.start_ns - own.start_ns);
        let middle_ns = percentiles(starts.collect())[0];
        all.extend(pairs.iter().map(|&(own, (theirs, label))| Difference {
            label,
            start_ns: theirs.start_ns - own.start_ns - middle_ns,
            end_ns: theirs.end_ns - own.end_ns - middle_ns,
        }));
    }
    both.all = Agreement::of(&all);
    all.sort_by_key(|difference| difference.label);
    for of_kernel in all.chunk_by(|one, other| one.label == other.label) {
        let name = patched.label(of_kernel[0].label).name.clone();
        both.by_kernel.insert(name, Agreement::of(of_kernel));
    }
    (!all.is_empty()).then_some(both)
}

/// From the first to the last of our own stamps in a block, and the block; and how many stamps lie in none.
fn pairs(
    own: &HashMap<u32, Row>,
    patched: &HashMap<u32, Row>,
    apart_ns: i64,
) -> (Vec<(Span, Block)>, usize) {
    let Some(around_ns) = apart(own, patched, apart_ns) else {
        return (Vec::new(), own.values().map(Vec::len).sum());
    };
    let (mut pairs, mut unmatched) = (Vec::new(), 0);
    for (sm, stamps) in own {
        let blocks = patched.get(sm).map_or_else(Vec::new, |row| alone(row));
        let mut inside: BTreeMap<usize, Span> = BTreeMap::new();
        for (stamp, _) in stamps {
            let there = stamp.shifted(around_ns);
            // The last block that begins before the stamp's middle.
            let middle_ns = i64::midpoint(there.start_ns, there.end_ns);
            let behind = blocks.partition_point(|(block, _)| block.start_ns <= middle_ns);
            let is_inside = |at: &usize| {
                let (block, _) = blocks[*at];
                middle_ns <= block.end_ns
                    && there.start_ns >= block.start_ns - NEAR_NS
                    && there.end_ns <= block.end_ns + NEAR_NS
            };
            match behind.checked_sub(1).filter(is_inside) {
                Some(at) => {
                    inside.entry(at).and_modify(|all| *all = all.hull(*stamp)).or_insert(*stamp);
                }
                None => unmatched += 1,
            }
        }
        pairs.extend(inside.into_iter().map(|(at, stamps)| (stamps, blocks[at])));
    }
    (pairs, unmatched)
}

/// Blocks of a row during which no other one runs.
fn alone(row: &[Block]) -> Row {
    let mut latest_end_ns = i64::MIN;
    let alone = row.iter().enumerate().filter(|&(at, (block, _))| {
        let is_after = latest_end_ns <= block.start_ns;
        latest_end_ns = latest_end_ns.max(block.end_ns);
        is_after && row.get(at + 1).is_none_or(|(next, _)| next.start_ns >= block.end_ns)
    });
    alone.map(|(_, &block)| block).collect()
}

/// How much later the patches' clock is, within [`BIN_NS`]: the difference with which most stamps begin as blocks do.
fn apart(own: &HashMap<u32, Row>, patched: &HashMap<u32, Row>, about_ns: i64) -> Option<i64> {
    let mut bins: HashMap<i64, usize> = HashMap::new();
    for (sm, spans) in own {
        let Some(row) = patched.get(sm) else { continue };
        for (span, _) in spans {
            let wanted = span.start_ns + about_ns;
            let from = row.partition_point(|(other, _)| other.start_ns < wanted - FAR_NS);
            let to = row.partition_point(|(other, _)| other.start_ns <= wanted + FAR_NS);
            for (other, _) in &row[from..to] {
                *bins.entry((other.start_ns - span.start_ns).div_euclid(BIN_NS)).or_default() += 1;
            }
        }
    }
    let with_next = |bin: &i64| bins[bin] + bins.get(&(bin + 1)).copied().unwrap_or(0);
    let best = bins.keys().copied().max_by_key(|bin| (with_next(bin), -bin.abs()))?;
    Some((best + 1) * BIN_NS)
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
        let told = compare(&own, &patched).unwrap();
        assert_eq!((told.all.blocks, told.unmatched), (100, 0));
        assert_eq!(told.by_kernel, BTreeMap::from([("gemm".to_owned(), told.all.clone())]));
        assert_eq!(told.all.start_ns, [0, 700, 700]);
        assert_eq!(told.all.end_ns, [0, 0, 0]);
        assert_eq!(told.all.length_ns, [0, 700, 700]);
    }

    #[test]
    fn nothing_meets_where_nothing_is_the_same() {
        let own = made(0, 0, |_| (0, 0));
        assert_eq!(compare(&own, &made(0, 60_000_000, |_| (0, 0))), None);
    }

    #[test]
    fn the_stamps_of_a_block_are_taken_together_and_shared_sms_are_left_out() {
        let span = |start_ns, end_ns| Span { start_ns, end_ns };
        // A block of two tiles; two blocks side by side; one that was not stamped by itself.
        let stamps = [span(100, 190), span(195, 280), span(510, 580), span(530, 690)];
        let blocks = [span(95, 300), span(500, 600), span(520, 700), span(900, 950)];
        let label = LabelId(0);
        let row = |spans: &[Span]| spans.iter().map(|&span| (span, label)).collect();
        let on_sm = |spans: &[Span]| HashMap::from([(0, row(spans))]);
        let (pairs, unmatched) = pairs(&on_sm(&stamps), &on_sm(&blocks), 0);
        assert_eq!(pairs, [(span(100, 280), (span(95, 300), label))]);
        assert_eq!(unmatched, 2);
    }
}
