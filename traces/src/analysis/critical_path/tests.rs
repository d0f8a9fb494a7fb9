//! Paths written out by hand, and the path held against trying all pairs of small random graphs.

use proptest::prelude::*;

use super::*;
use crate::analysis::{Config, testing::trace};

type Told = Vec<(PathKind, i64, String)>;

fn path(text: &str) -> (Told, CriticalPath) {
    let trace = trace(text);
    let path = critical_path(&Ops::of(&trace, &Config::default()));
    let told = path.segments.iter().map(|segment| {
        let name = segment.slice.map(|slice| trace.label_of(slice).name.clone());
        (segment.kind, segment.span.len_ns(), name.unwrap_or_default())
    });
    assert_eq!(path.segments.iter().map(|it| it.span.len_ns()).sum::<i64>(), path.span.len_ns());
    (told.collect(), path)
}

fn told(segments: &[(PathKind, i64, &str)]) -> Told {
    segments.iter().map(|&(kind, ns, name)| (kind, ns, name.to_owned())).collect()
}

#[test]
fn the_producer_that_ended_last_is_followed() {
    let (segments, path) = path(
        "rank 0
         stream 0: gemm 0..100 qkv; gemm 135..200 up
         stream 1: comm 20..130 ar
         flow ar@20 -> up@135",
    );
    let expected = [
        (PathKind::Waiting, 20, ""),
        (PathKind::Comm, 110, "ar"),
        (PathKind::Waiting, 5, ""),
        (PathKind::Compute, 65, "up"),
    ];
    assert_eq!((segments, path.basis), (told(&expected), PathBasis::Dependencies));
}

#[test]
fn the_path_crosses_to_the_rank_that_came_late() {
    let (segments, path) = path(
        "rank 0
         stream 0: gemm 0..50 fast; comm 50..150 ar op=1
         flow fast@0 -> ar@50
         rank 1
         stream 0: gemm 0..120 slow; comm 120..149 ar op=1",
    );
    let expected = [(PathKind::Compute, 120, "slow"), (PathKind::Comm, 30, "ar")];
    assert_eq!((segments, path.crossings), (told(&expected), 1));
}

#[test]
fn without_dependencies_the_last_to_end_counts() {
    let (segments, path) = path(
        "rank 0
         stream 0: gemm 0..100 a; gemm 140..200 c
         stream 1: comm 0..138 b",
    );
    let expected =
        [(PathKind::Comm, 138, "b"), (PathKind::Waiting, 2, ""), (PathKind::Compute, 60, "c")];
    assert_eq!((segments, path.basis), (told(&expected), PathBasis::LastToEnd));
}

/// The host launches `b` late, after it had waited for `a`; `c` was queued in time.
#[test]
fn launches_lead_to_the_host_and_what_it_waited_for() {
    let (segments, path) = path(
        "rank 0
         host 1: host 0..5 la; host 10..120 cudaStreamSynchronize; host 150..160 lb; host 165..170 lc
         stream 0: gemm 8..100 a; memcpy 170..190 b; gemm 191..220 c
         launch la@0 -> a@8
         launch lb@150 -> b@170
         launch lc@165 -> c@191",
    );
    let expected = [
        (PathKind::Compute, 92, "a"),
        (PathKind::Host, 50, ""),
        (PathKind::Launch, 20, "lb"),
        (PathKind::Copy, 20, "b"),
        (PathKind::Waiting, 1, ""),
        (PathKind::Compute, 29, "c"),
    ];
    assert_eq!((segments, path.basis), (told(&expected), PathBasis::Launches));
    let shares: Vec<_> = path.by_kind.iter().map(|share| (share.kind, share.total_ns)).collect();
    assert_eq!(shares[0], (PathKind::Compute, 121));
    assert_eq!((path.ops[0].name.as_str(), path.ops[0].total_ns), ("a", 92));
}

#[test]
fn no_ops_no_path() {
    assert_eq!(path("rank 0").1, CriticalPath::default());
}

/// An op of a small random trace.
#[derive(Clone, Debug)]
struct Piece {
    rank: u32,
    stream: u32,
    start: i64,
    end: i64,
    kind: PathKind,
    /// Number of its collective; its members have the same.
    collective: Option<usize>,
    call: Option<(i64, i64)>,
    depends: Option<usize>,
}

/// Ops a rank and stream: gap, length, whether it talks, how long before it was called, how long the call takes.
type Row = Vec<(i64, i64, bool, Option<(i64, i64)>)>;

fn any_rows() -> impl Strategy<Value = Vec<Row>> {
    let call = proptest::option::of((1..60_i64, 1..20_i64));
    let op = (0..40_i64, 1..40_i64, any::<bool>(), call);
    proptest::collection::vec(proptest::collection::vec(op, 1..6), 4)
}

/// Rows 0 and 1 are rank 0's, 2 and 3 rank 1's; the first stream of each may hold collectives.
fn pieces(rows: &[Row], depends: &[(usize, usize)]) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    for (row, ops) in rows.iter().enumerate() {
        let (mut at, mut collectives) = (0, 0);
        for &(gap, len, talks, call) in ops {
            let start = at + gap;
            at = start + len;
            let collective = (talks && row % 2 == 0).then_some(collectives);
            collectives += usize::from(collective.is_some());
            let kind = if collective.is_some() { PathKind::Comm } else { PathKind::Compute };
            let call = call.map(|(before, takes)| (start - before, start - before + takes));
            let (rank, stream) = (row as u32 / 2, row as u32 % 2);
            pieces.push(Piece {
                rank,
                stream,
                start,
                end: at,
                kind,
                collective,
                call,
                depends: None,
            });
        }
    }
    // Members have one name, so that only their starts tell them apart.
    for at in 0..pieces.len() {
        let is_twin = |other: &Piece| {
            (other.rank, other.collective, other.start)
                == (0, pieces[at].collective, pieces[at].start)
        };
        if pieces[at].rank == 1 && pieces[at].collective.is_some() && pieces.iter().any(is_twin) {
            (pieces[at].collective, pieces[at].kind) = (None, PathKind::Compute);
        }
    }
    for &(from, to) in depends {
        let (from, to) = (from % pieces.len(), to % pieces.len());
        if pieces[from].end <= pieces[to].start {
            pieces[to].depends = Some(from);
        }
    }
    pieces
}

fn text(pieces: &[Piece], syncs: &[(i64, i64)]) -> String {
    let mut text = String::new();
    for rank in 0..2 {
        text += &format!("rank {rank}\n");
        for (at, piece) in pieces.iter().enumerate().filter(|(_, piece)| piece.rank == rank) {
            let (stream, start, end) = (piece.stream, piece.start, piece.end);
            let what = match piece.collective {
                Some(number) => format!("comm {start}..{end} ar{number} op={number}"),
                None => format!("gemm {start}..{end} k{at}"),
            };
            text += &format!("stream {stream}: {what}\n");
        }
        let mut calls: Vec<(i64, String)> = Vec::new();
        for (at, piece) in pieces.iter().enumerate().filter(|(_, piece)| piece.rank == rank) {
            if let Some((start, end)) = piece.call {
                calls.push((start, format!("host {start}..{end} c{at}")));
            }
        }
        let own = syncs.iter().filter(|_| rank == 0);
        calls.extend(
            own.map(|(start, end)| (*start, format!("host {start}..{end} cudaDeviceSynchronize"))),
        );
        calls.sort();
        for (_, call) in calls {
            text += &format!("host 1: {call}\n");
        }
    }
    let name = |at: usize, piece: &Piece| match piece.collective {
        Some(number) => format!("ar{number}@{}", piece.start),
        None => format!("k{at}@{}", piece.start),
    };
    for (at, piece) in pieces.iter().enumerate() {
        if let Some((start, _)) = piece.call {
            text += &format!("launch c{at}@{start} -> {}\n", name(at, piece));
        }
        if let Some(from) = piece.depends {
            text += &format!("flow {} -> {}\n", name(from, &pieces[from]), name(at, piece));
        }
    }
    text
}

/// The longest path by dynamic programming over all pairs: what of each kind the longest chain of binding edges up to every
/// start and every end has. An edge binds when nothing else that comes before its target ended later.
struct Twin<'a> {
    pieces: &'a [Piece],
    syncs: &'a [(i64, i64)],
    begin: i64,
}

impl Twin<'_> {
    fn add(mut sums: BTreeMap<PathKind, i64>, kind: PathKind, ns: i64) -> BTreeMap<PathKind, i64> {
        if ns > 0 {
            *sums.entry(kind).or_default() += ns;
        }
        sums
    }

    fn up_to_end(&self, at: usize) -> BTreeMap<PathKind, i64> {
        let piece = &self.pieces[at];
        let members = self.pieces.iter().enumerate().filter(|(_, other)| {
            piece.collective.is_some() && other.collective == piece.collective
        });
        let last = members.max_by_key(|(_, other)| (other.start, other.rank)).map_or(at, |it| it.0);
        let arrived = self.pieces[last].start;
        if last == at || arrived <= piece.start {
            return Self::add(self.up_to_start(at), piece.kind, piece.end - piece.start);
        }
        if arrived >= piece.end {
            // The last rank came after this one had left: nothing of it is transfer.
            return Self::add(self.up_to_start(at), PathKind::Waiting, piece.end - piece.start);
        }
        Self::add(self.up_to_start(last), piece.kind, piece.end - arrived)
    }

    fn up_to_start(&self, at: usize) -> BTreeMap<PathKind, i64> {
        let piece = &self.pieces[at];
        // What has facts of a plan says all of its dependencies.
        let any_flow = self.pieces.iter().any(|piece| piece.depends.is_some())
            || self.pieces.iter().all(|piece| piece.collective.is_some());
        let any_call = self.pieces.iter().any(|piece| piece.call.is_some());
        let mut edges: Vec<(i64, u8, Option<usize>)> = Vec::new();
        edges.extend(piece.depends.map(|from| (self.pieces[from].end, 0, Some(from))));
        for (other, before) in self.pieces.iter().enumerate() {
            let ended = before.end <= piece.start && before.rank == piece.rank;
            if ended && before.stream == piece.stream {
                edges.push((before.end, 1, Some(other)));
            }
        }
        let call = piece.call.filter(|call| call.0 < piece.start);
        edges.extend(call.map(|call| (call.1.min(piece.start), 2, None)));
        if piece.depends.is_none() && !any_flow {
            let is_bare = edges.is_empty();
            for (other, before) in self.pieces.iter().enumerate() {
                let near = is_bare || !any_call || before.end >= piece.start - 20_000;
                if before.end <= piece.start && before.rank == piece.rank && near {
                    edges.push((before.end, 3, Some(other)));
                }
            }
        }
        let Some(latest) = edges.iter().map(|edge| edge.0).max() else {
            return Self::add(BTreeMap::new(), PathKind::Waiting, piece.start - self.begin);
        };
        let binding = edges
            .iter()
            .filter(|edge| edge.0 == latest)
            .min_by_key(|edge| (edge.1, std::cmp::Reverse(edge.2)));
        match (binding.and_then(|edge| edge.2), call) {
            (Some(other), _) => {
                Self::add(self.up_to_end(other), PathKind::Waiting, piece.start - latest)
            }
            (None, Some((called, _))) => {
                let called = called.max(self.begin);
                Self::add(self.on_host(piece.rank, called), PathKind::Launch, piece.start - called)
            }
            (None, None) => unreachable!("an edge has an op or a call"),
        }
    }

    fn on_host(&self, rank: u32, at: i64) -> BTreeMap<PathKind, i64> {
        if at <= self.begin {
            return BTreeMap::new();
        }
        let own = self.syncs.iter().filter(|_| rank == 0);
        let Some(sync) = own.filter(|sync| sync.1 <= at).max_by_key(|sync| sync.1) else {
            return Self::add(BTreeMap::new(), PathKind::Host, at - self.begin);
        };
        let waited = self
            .pieces
            .iter()
            .enumerate()
            .filter(|(_, piece)| piece.rank == rank && piece.end <= sync.1);
        // Of several that end last, the last in the order of starts, as everywhere.
        match waited.max_by_key(|(at, piece)| (piece.end, piece.start, *at)) {
            Some((op, piece)) if piece.end > sync.0 => {
                Self::add(self.up_to_end(op), PathKind::Host, at - piece.end)
            }
            _ => {
                let from = sync.0.max(self.begin);
                Self::add(self.on_host(rank, from), PathKind::Host, at - from)
            }
        }
    }
}

proptest! {
    #[test]
    fn the_path_is_that_of_trying_all_pairs(
        rows in any_rows(),
        depends in proptest::collection::vec((0..20_usize, 0..20_usize), 0..4),
        with_flows in any::<bool>(),
        syncs in proptest::collection::vec((-20..150_i64, 1..30_i64, 1..20_i64), 0..4),
    ) {
        let pieces = pieces(&rows, if with_flows { &depends } else { &[] });
        // Apart, so that a thread is in one at a time.
        let mut at = -200;
        let syncs: Vec<(i64, i64)> = syncs.iter().map(|&(start, len, gap)| {
            let start = start.max(at + gap);
            at = start + len;
            (start, at)
        }).collect();
        let text = text(&pieces, &syncs);
        let trace = trace(&text);
        let path = critical_path(&Ops::of(&trace, &Config::default()));
        let begin = pieces.iter().map(|piece| piece.start).min().unwrap_or(0);
        // Of several that end last, the last in the order of ranks and starts.
        let last = pieces.iter().enumerate().max_by_key(|(at, it)| (it.end, it.rank, it.start, *at));
        let twin = Twin { pieces: &pieces, syncs: &syncs, begin };
        let expected = twin.up_to_end(last.unwrap().0);
        let found: BTreeMap<PathKind, i64> = path.by_kind.iter().map(|share| (share.kind, share.total_ns)).collect();
        prop_assert_eq!(found, expected, "{}", text);
    }
}
