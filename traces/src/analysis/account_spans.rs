//! Which stretch of a rank's time is computation alone, communication alone, both, copies, or nothing?

use serde::{Deserialize, Serialize};

use super::RankOps;
use super::intervals::IntervalSet;
use crate::model::{Kind, Span};

/// What a rank does at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountClass {
    /// Computation, no communication.
    Compute,
    /// Communication with computation beside it: what is hidden.
    Overlap,
    /// Communication alone.
    ExposedComm,
    /// Copies alone.
    ExposedCopies,
    /// Nothing.
    Idle,
}

impl AccountClass {
    /// Every class, in the order of legends.
    pub const ALL: [Self; 5] =
        [Self::Compute, Self::Overlap, Self::ExposedComm, Self::ExposedCopies, Self::Idle];

    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Compute => "computation alone",
            Self::Overlap => "communication hidden under computation",
            Self::ExposedComm => "exposed communication",
            Self::ExposedCopies => "exposed copies",
            Self::Idle => "idle",
        }
    }
}

/// A stretch of one class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountSpan {
    /// When.
    pub span: Span,
    /// What.
    pub class: AccountClass,
}

/// The stretches of a rank in order of time. They follow each other without gap from its first start to its last end, and
/// their lengths sum up to the terms of [`Account`](super::Account), of which computation is the first two here. Costs
/// n log n in its ops.
pub fn account_spans(rank: &RankOps<'_>) -> Vec<AccountSpan> {
    let (compute, comm) = (&rank.compute, &rank.comm);
    let copies = rank.union_of(|kind| kind == Kind::Memcpy);
    let kernels = compute.union(comm);
    let busy = kernels.union(&copies);
    let classes = [
        (compute.subtract(comm), AccountClass::Compute),
        (compute.intersect(comm), AccountClass::Overlap),
        (comm.subtract(compute), AccountClass::ExposedComm),
        (copies.subtract(&kernels), AccountClass::ExposedCopies),
        (busy.holes(), AccountClass::Idle),
    ];
    let of = |(set, class): &(IntervalSet, AccountClass)| {
        let class = *class;
        set.spans().iter().map(move |&span| AccountSpan { span, class }).collect::<Vec<_>>()
    };
    let mut spans: Vec<AccountSpan> = classes.iter().flat_map(of).collect();
    spans.sort_by_key(|one| one.span.start_ns);
    spans
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::analysis::{Config, Ops, accounts, testing::trace};

    proptest! {
        /// They tile the span of the account, sum up to its terms, and are at every nanosecond what runs there.
        #[test]
        fn stretches_tile_the_account(
            parts in proptest::collection::vec((0..3_usize, 0..150_i64, 1..30_i64), 1..25),
        ) {
            let kinds = ["norm", "comm", "memcpy"];
            let mut parts = parts;
            parts.sort_by_key(|part| part.1);
            let mut text = "rank 0\n".to_owned();
            for (at, &(kind, start, len)) in parts.iter().enumerate() {
                text += &format!("stream {}: {} {start}..{} x{at}\n", at % 3, kinds[kind], start + len);
            }
            let trace = trace(&text);
            let ops = Ops::of(&trace, &Config::default());
            let rank = &ops.ranks[0];
            let (spans, total) = (account_spans(rank), accounts(&ops).ranks[0].total);
            let sum = |class| -> i64 {
                spans.iter().filter(|one| one.class == class).map(|one| one.span.len_ns()).sum()
            };
            let [compute, overlap, comm, copies, idle] = AccountClass::ALL.map(sum);
            prop_assert_eq!(compute + overlap, total.compute_ns);
            prop_assert_eq!([comm, copies, idle], [total.exposed_comm_ns, total.exposed_memcpy_ns, total.idle_ns]);
            prop_assert_eq!(overlap + comm, rank.comm.len_ns());
            prop_assert!(spans.windows(2).all(|two| two[0].span.end_ns == two[1].span.start_ns));
            prop_assert_eq!(spans.first().map(|one| one.span.start_ns), Some(total.span.start_ns));
            for one in &spans {
                for at in one.span.start_ns..one.span.end_ns {
                    let runs = |kind: &str| rank.ops.iter().any(|op| op.span.contains(at) && match op.kind {
                        Kind::Comm => kind == "comm",
                        Kind::Memcpy => kind == "memcpy",
                        _ => kind == "norm",
                    });
                    let want = match (runs("norm"), runs("comm"), runs("memcpy")) {
                        (true, true, _) => AccountClass::Overlap,
                        (true, ..) => AccountClass::Compute,
                        (_, true, _) => AccountClass::ExposedComm,
                        (_, _, true) => AccountClass::ExposedCopies,
                        _ => AccountClass::Idle,
                    };
                    prop_assert_eq!(one.class, want, "at {}", at);
                }
            }
        }
    }
}
