//! Why does an iteration take another time: terms of which each nanosecond is in one, so that they add up to the change.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{IterationTerms, median_iteration::MedianIteration};

/// Why an iteration takes another time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CauseKind {
    /// Ops of computation that both run take another time, all their runs together: a batch that is cut runs more and
    /// shorter ones.
    SameOps,
    /// Ops of computation run in one only.
    OtherOps,
    /// Computation runs beside other computation more or less.
    SideBySide,
    /// Ranks wait longer or shorter for a late one with nothing to compute meanwhile.
    Waiting,
    /// Communication, waiting left out where it is known of both, takes another time; what of it is exposed.
    Communication,
    /// A larger or smaller share of that communication is hidden under computation.
    Hiding,
    /// Copies with nothing beside them.
    Copies,
    /// Nothing runs.
    Idle,
}

/// One cause.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cause {
    /// Which.
    pub kind: CauseKind,
    /// What it adds to an iteration; below 0 what it takes away.
    pub change_ns: f64,
    /// The op that does most of it, and how much, for causes that ops have.
    pub largest: Option<OpChange>,
}

/// What an op, all its runs in an iteration together, adds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OpChange {
    /// Its name.
    pub name: String,
    /// What it adds to an iteration; below 0 what it takes away.
    pub change_ns: f64,
}

/// The causes of the change, those that change nothing left out.
pub(super) fn causes([first, second]: [&MedianIteration<'_>; 2]) -> Vec<Cause> {
    let change = |of: fn(&IterationTerms) -> f64| of(&second.terms) - of(&first.terms);
    let (same, other) = ops_changes(first, second);
    let compute_ns = change(|terms| terms.compute_ns);
    let (same_ns, other_ns) = (total(&same), total(&other));
    let waits = first.terms.exposed_wait_ns.zip(second.terms.exposed_wait_ns);
    let wait_ns = waits.map(|(old, new)| new - old);
    let transfers = [first, second].map(|one| Transfer::of(&one.terms, waits.is_some()));
    let exposed = exposed_shares(&transfers);
    let mean_exposed = f64::midpoint(exposed[0], exposed[1]);
    let mean_ns = f64::midpoint(transfers[0].all_ns, transfers[1].all_ns);
    let comm_ns = (transfers[1].all_ns - transfers[0].all_ns) * mean_exposed;
    let hiding_ns = mean_ns * (exposed[1] - exposed[0]);
    let plain = |kind, change_ns| Cause { kind, change_ns, largest: None };
    let mut all = vec![
        Cause { kind: CauseKind::SameOps, change_ns: same_ns, largest: largest(same) },
        Cause { kind: CauseKind::OtherOps, change_ns: other_ns, largest: largest(other) },
        plain(CauseKind::SideBySide, compute_ns - same_ns - other_ns),
        plain(CauseKind::Communication, comm_ns),
        plain(CauseKind::Hiding, hiding_ns),
        plain(CauseKind::Copies, change(|terms| terms.exposed_copies_ns)),
        plain(CauseKind::Idle, change(|terms| terms.idle_ns)),
    ];
    all.extend(wait_ns.map(|wait_ns| plain(CauseKind::Waiting, wait_ns)));
    all.retain(|cause| cause.change_ns != 0.0);
    all.sort_by(|a, b| b.change_ns.abs().total_cmp(&a.change_ns.abs()));
    all
}

/// Communication, less waiting where that is known of both.
struct Transfer {
    all_ns: f64,
    exposed_ns: f64,
}

impl Transfer {
    fn of(terms: &IterationTerms, without_waiting: bool) -> Self {
        let wait = |ns: Option<f64>| ns.filter(|_| without_waiting).unwrap_or(0.0);
        Self {
            // Waits of kernels side by side can be more than the time with communication.
            all_ns: (terms.comm_ns - wait(terms.wait_ns)).max(0.0),
            exposed_ns: terms.exposed_comm_ns - wait(terms.exposed_wait_ns),
        }
    }
}

/// Which share of communication is exposed, 0…1. Of a product's change each factor has its own, at the mean of the other:
/// communication that grows and is hidden as it was costs its exposed share, and neither trace is the first of the two.
/// Where one has no communication, nothing can be said of its hiding: it is taken for the other's.
fn exposed_shares(transfers: &[Transfer; 2]) -> [f64; 2] {
    let share = |transfer: &Transfer| {
        (transfer.all_ns > 0.0).then(|| transfer.exposed_ns / transfer.all_ns)
    };
    let shares = [share(&transfers[0]), share(&transfers[1])];
    [0, 1].map(|at| shares[at].or(shares[1 - at]).unwrap_or(0.0))
}

/// Changes of the ops of computation that both run, and of those that one runs.
fn ops_changes(
    first: &MedianIteration<'_>,
    second: &MedianIteration<'_>,
) -> (Vec<OpChange>, Vec<OpChange>) {
    let [first, second] = [first, second].map(computation);
    let names: BTreeSet<&str> = first.keys().chain(second.keys()).copied().collect();
    let (mut same, mut other) = (Vec::new(), Vec::new());
    for name in names {
        let [old, new] = [&first, &second].map(|ops| ops.get(name).copied());
        let change_ns = new.unwrap_or(0.0) - old.unwrap_or(0.0);
        let change = OpChange { name: name.to_owned(), change_ns };
        if old.is_some() && new.is_some() { same.push(change) } else { other.push(change) }
    }
    (same, other)
}

/// Time of each op of computation, its layers together, by name.
fn computation<'a>(iteration: &MedianIteration<'a>) -> BTreeMap<&'a str, f64> {
    let mut by_name = BTreeMap::new();
    for (key, ns) in iteration.ops_ns.iter().filter(|(key, _)| key.kind.is_compute()) {
        *by_name.entry(key.name).or_default() += ns;
    }
    by_name
}

fn total(changes: &[OpChange]) -> f64 {
    changes.iter().map(|change| change.change_ns).sum()
}

/// The op that does most, in the direction of them all.
fn largest(changes: Vec<OpChange>) -> Option<OpChange> {
    let all = total(&changes);
    let same_way = changes.into_iter().filter(|change| change.change_ns * all > 0.0);
    same_way.max_by(|a, b| a.change_ns.abs().total_cmp(&b.change_ns.abs()))
}
