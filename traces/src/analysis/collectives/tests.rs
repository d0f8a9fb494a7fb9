//! Programs of several ranks and groups with known collectives, recorded with losses, clocks that differ and metadata
//! that lies: what is put together belongs together, and little that does is missed.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;
use crate::analysis::{Config, Ops, testing::trace};

/// What the records say of a collective besides their kernel's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    All,
    /// Sequence numbers that begin elsewhere on every rank.
    ShiftedSequence,
    NoSequence,
    /// The name of the group, the same for groups of other ranks.
    NameAndMembers,
    Nothing,
}

#[derive(Clone, Debug)]
struct Program {
    ranks: u32,
    /// Ranks a group; neighbours.
    group: u32,
    said: Said,
    /// Compute before each collective, per rank, and its transfer, µs.
    steps: Vec<(Vec<i64>, i64)>,
    /// Positions in `steps` and ranks whose record is lost.
    lost: Vec<(usize, u32)>,
    /// By rank, clock less the true time, ns.
    clock_ns: Vec<i64>,
    drift_ppm: Vec<i64>,
    has_base: bool,
}

fn programs() -> impl Strategy<Value = Program> {
    let said = prop_oneof![
        Just(Said::All),
        Just(Said::ShiftedSequence),
        Just(Said::NoSequence),
        Just(Said::NameAndMembers),
        Just(Said::Nothing)
    ];
    let shape = prop_oneof![Just((2_u32, 2_u32)), Just((3, 3)), Just((4, 2)), Just((4, 4))];
    (shape, said, 24..60_usize, any::<bool>()).prop_flat_map(
        |((ranks, group), said, n, has_base)| {
            let all = ranks as usize;
            // Without a word, two groups whose clocks differ are told by nothing.
            let is_guess = said == Said::Nothing && group < ranks;
            let clock = match is_guess {
                true => Just(0_i64).boxed(),
                false => prop_oneof![Just(0_i64), -60_000_000..60_000_000_i64].boxed(),
            };
            let drift = if is_guess { Just(0_i64).boxed() } else { (-30..30_i64).boxed() };
            (
                proptest::collection::vec(
                    (proptest::collection::vec(60..900_i64, all), 30..120_i64),
                    n,
                ),
                proptest::collection::vec((0..n, 0..ranks), 0..n / 8),
                proptest::collection::vec(clock, all),
                proptest::collection::vec(drift, all),
            )
                .prop_map(move |(steps, lost, clock_ns, drift_ppm)| Program {
                    ranks,
                    group,
                    said,
                    steps,
                    lost,
                    clock_ns,
                    drift_ppm,
                    has_base: has_base || is_guess,
                })
        },
    )
}

/// A record: which collective it is of, and its true span.
type Record = (usize, Span);

impl Program {
    /// True spans by rank.
    fn run(&self) -> Vec<Vec<Record>> {
        let mut now = vec![0_i64; self.ranks as usize];
        let mut records = vec![Vec::new(); self.ranks as usize];
        for (at, (compute, transfer)) in self.steps.iter().enumerate() {
            for first in (0..self.ranks).step_by(self.group as usize) {
                let members = (first..first + self.group).map(|rank| rank as usize);
                let arrived = |rank: usize| now[rank] + compute[rank] * 1000;
                let end = members.clone().map(arrived).max().unwrap_or(0) + transfer * 1000;
                for rank in members {
                    // Ends are some hundred nanoseconds apart.
                    let own_end = end + (at * 7 + rank * 13) as i64 % 9 * 100;
                    records[rank].push((at, Span::new(now[rank] + compute[rank] * 1000, own_end)));
                    now[rank] = own_end;
                }
            }
        }
        records
    }

    fn recorded(&self, rank: u32, span: Span) -> Span {
        let at = rank as usize;
        let of = |ns: i64| ns + self.clock_ns[at] + ns * self.drift_ppm[at] / 1_000_000;
        Span::new(of(span.start_ns), of(span.end_ns))
    }

    /// One text a rank, and which collective its records are of, by start.
    fn texts(&self) -> Vec<(String, BTreeMap<i64, usize>)> {
        let of = |(rank, records): (u32, Vec<Record>)| {
            let base = if self.has_base { "base 1700000000000000000" } else { "" };
            let mut text =
                format!("measured\n world {}\n {base}\n rank {rank}\n stream 7: ", self.ranks);
            let mut truth = BTreeMap::new();
            for (at, span) in
                records.into_iter().filter(|(at, _)| !self.lost.contains(&(*at, rank)))
            {
                let Span { start_ns, end_ns } = self.recorded(rank, span);
                truth.insert(start_ns, at);
                let protocol = ["LL", "SIMPLE"][(rank as usize + at) % 2];
                let said = self.words(rank, at);
                let _infallible = write!(
                    text,
                    "comm {start_ns}..{end_ns} ncclDevKernel_AllReduce_Sum_bf16_RING_{protocol} {said}; "
                );
            }
            (text, truth)
        };
        (0..).zip(self.run()).map(of).collect()
    }

    fn words(&self, rank: u32, at: usize) -> String {
        let first = rank / self.group * self.group;
        let members: Vec<String> =
            (first..first + self.group).map(|rank| rank.to_string()).collect();
        let members = members.join(",");
        match self.said {
            Said::All => format!("pg={first} members={members} seq={at}"),
            Said::ShiftedSequence => {
                format!("pg={first} members={members} seq={}", at + 3 * rank as usize)
            }
            Said::NoSequence => format!("pg={first} members={members}"),
            Said::NameAndMembers => format!("pg=tp members={members} seq={at}"),
            Said::Nothing => String::new(),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn what_is_put_together_belongs_together(program in programs()) {
        let texts = program.texts();
        let traces: Vec<_> = texts.iter().map(|(text, _)| trace(text)).collect();
        let borrowed: Vec<&Trace> = traces.iter().collect();
        let ops = Ops::together(&borrowed, &Config::default());
        let found = ops[0].collectives();
        let id = |member: &Member| {
            let start_ns = traces[member.trace].span_of(member.slice).start_ns;
            (texts[member.rank as usize].1[&start_ns], member.rank / program.group)
        };
        let mut pairs = 0;
        for collective in &found.matched {
            let first = id(&collective.members[0]);
            prop_assert!(collective.members.iter().all(|member| id(member) == first), "{:?}", collective);
            pairs += collective.members.len();
        }
        // Records of which another rank of the group has the same collective.
        let mut partners: BTreeMap<(usize, u32), usize> = BTreeMap::new();
        for (rank, (_, truth)) in (0..).zip(&texts) {
            truth.values().for_each(|&at| *partners.entry((at, rank / program.group)).or_default() += 1);
        }
        let possible: usize = partners.values().filter(|&&n| n > 1).sum();
        prop_assert!(pairs * 100 >= possible * 95, "{} of {} found", pairs, possible);
        let records: usize = texts.iter().map(|(_, truth)| truth.len()).sum();
        prop_assert_eq!(found.unmatched, records - pairs);
        // Waiting is what it was on the true clock, but for what a clock drifts within one collective.
        let true_spans = program.run();
        for collective in &found.matched {
            let truth = |member: &Member| true_spans[member.rank as usize][id(member).0].1;
            let last = collective.members.iter().map(|m| truth(m).start_ns).max().unwrap_or(0);
            for (member, found_ns) in collective.waits_ns() {
                let wait_ns = (last - truth(member).start_ns).clamp(0, truth(member).len_ns());
                let off = (found_ns - wait_ns).abs();
                prop_assert!(off <= 50_000, "off by {} of {}", off, wait_ns);
            }
        }
    }
}

/// 250 steps of 20 ms, 100 ppm: the clock is 2 ms off at first and 2.5 ms in the end.
#[test]
fn a_clock_that_runs_away_is_followed() {
    let random = |turn: i64| turn * turn * 7919 % 9_001;
    let steps = (0..250).map(|turn| (vec![15_000 + random(turn), 15_000 + random(turn + 999)], 80));
    let program = Program {
        ranks: 2,
        group: 2,
        said: Said::Nothing,
        steps: steps.collect(),
        lost: vec![(3, 0), (77, 1), (78, 0), (249, 1)],
        clock_ns: vec![0, 2_000_000],
        drift_ppm: vec![0, 100],
        has_base: true,
    };
    let traces: Vec<_> = program.texts().iter().map(|(text, _)| trace(text)).collect();
    let ops = Ops::together(&[&traces[0], &traces[1]], &Config::default());
    let found = ops[0].collectives();
    assert_eq!((found.matched.len(), found.unmatched), (246, 4));
    let [clock] = found.clocks[..] else { panic!("{:?}", found.clocks) };
    assert!((clock.drift_ns_per_s - 100_000.0).abs() < 100.0, "{clock:?}");
    assert!(clock.residual_p99_ns < 2_000, "{clock:?}");
    let ends =
        found.matched.iter().map(|one| one.members[0].span.end_ns - one.members[1].span.end_ns);
    assert!(ends.map(i64::abs).max() < Some(2_000));
}

fn found(text: &str) -> Collectives {
    let trace = trace(text);
    Ops::of(&trace, &Config::default()).collectives().clone()
}

/// Names of the members' starts, by collective.
fn starts(found: &Collectives) -> Vec<Vec<(u32, i64)>> {
    let of = |one: &Collective| {
        one.members.iter().map(|member| (member.rank, member.span.start_ns)).collect()
    };
    found.matched.iter().map(of).collect()
}

/// A pipeline of three: each rank sends to the next, and the one in the middle does both.
#[test]
fn a_send_meets_its_receive() {
    let found = found(
        "rank 0
         stream 7: comm 0..100 ncclDevKernel_SendRecv pg=pp members=0,1,2 dst=1
         rank 1
         stream 7: comm 40..100 ncclDevKernel_SendRecv pg=pp members=0,1,2 src=0; comm 200..300 ncclDevKernel_SendRecv pg=pp members=0,1,2 dst=2
         rank 2
         stream 7: comm 120..300 ncclDevKernel_SendRecv pg=pp members=0,1,2 src=1",
    );
    assert_eq!(starts(&found), [vec![(0, 0), (1, 40)], vec![(1, 200), (2, 120)]]);
    assert_eq!(found.unmatched, 0);
}

/// Two groups on the same ranks, told apart by their names only; all-reduces of the one beside those of the other.
#[test]
fn groups_of_the_same_ranks_are_told_by_name() {
    let found = found(
        "rank 0
         stream 7: comm 0..100 nccl_AllReduce pg=tp members=0,1; comm 200..300 nccl_AllReduce pg=tp members=0,1
         stream 8: comm 10..90 nccl_AllReduce pg=ep members=0,1
         rank 1
         stream 7: comm 20..100 nccl_AllReduce pg=tp members=0,1; comm 250..300 nccl_AllReduce pg=tp members=0,1
         stream 8: comm 30..90 nccl_AllReduce pg=ep members=0,1",
    );
    let expected = [vec![(0, 0), (1, 20)], vec![(0, 10), (1, 30)], vec![(0, 200), (1, 250)]];
    assert_eq!(starts(&found), expected);
}

/// Sizes that differ are other collectives, whatever else is alike.
#[test]
fn a_collective_of_another_size_is_another() {
    let found = found(
        "rank 0
         stream 7: comm 0..100 nccl_AllReduce nelems=8; comm 110..200 nccl_AllReduce nelems=16
         rank 1
         stream 7: comm 130..200 nccl_AllReduce nelems=16",
    );
    assert_eq!((starts(&found), found.unmatched), (vec![vec![(0, 110), (1, 130)]], 1));
}

/// Nothing ends together and nothing matches: many ranks cost little, and all is counted.
#[test]
fn many_ranks_of_which_nothing_matches_are_counted() {
    let ranks = 600;
    let mut text = "measured\n".to_owned();
    for rank in 0..ranks {
        let start = i64::from(rank) * 7;
        let _infallible =
            writeln!(text, "rank {rank}\n stream 7: comm {start}..5000 nccl_AllReduce pg=x");
    }
    let found = found(&text);
    assert_eq!((found.matched.len(), found.unmatched), (0, 600));
}

#[test]
fn what_a_model_made_waits_for_nothing_that_was_measured() {
    let measured =
        trace("measured\n world 2\n base 1000\n rank 0\n stream 7: comm 0..50 nccl_AllReduce");
    let modelled = trace("world 2\n base 1000\n rank 1\n stream 7: comm 30..50 nccl_AllReduce");
    let ops = Ops::together(&[&measured, &modelled], &Config::default());
    assert!(ops[0].collectives().matched.is_empty());
    assert_eq!(ops[0].ranks[0].ops[0].wait_ns, None);
}

/// Two of the four ranks of a group are here.
#[test]
fn missing_ranks_of_a_group_are_told() {
    let text = |members: &str| {
        format!(
            "rank 0
             stream 7: comm 0..100 nccl_AllReduce pg=tp {members}
             rank 1
             stream 7: comm 40..100 nccl_AllReduce pg=tp {members}"
        )
    };
    let missing = |members: &str| found(&text(members)).matched[0].missing();
    assert_eq!([missing("members=0,1,2,3"), missing("members=0,1"), missing("")], [2, 0, 0]);
    let trace = trace(&text("members=0,1,2,3"));
    let ops = Ops::of(&trace, &Config::default());
    let reports = crate::analysis::Reports::of(&ops);
    assert_eq!(reports.skew.incomplete, 1);
    let details = crate::analysis::verdict(&ops, &reports, &[]).details.join("\n");
    assert!(details.contains("Of 1 of 1 matched collective, ranks"), "{details}");
}
