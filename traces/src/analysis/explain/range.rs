//! A stretch of time on some ranks.

use std::collections::{BTreeMap, BTreeSet};

use super::{listed, name_of, ops_in};
use crate::analysis::intervals::IntervalSet;
use crate::analysis::{AccountClass, GpuOp, Ops, RankOps, Reports, account_spans};
use crate::model::{Phase, Span};
use crate::words::{counted, duration, kernel, percent, ranks, shortened};

/// A few sentences on a stretch of time of `ranks`, or of all where none is named.
pub fn explain_range(
    ops: &Ops<'_>,
    reports: &Reports,
    (window, of): (Span, &[u32]),
) -> Vec<String> {
    let is_asked = |rank: &&RankOps<'_>| of.is_empty() || of.contains(&rank.rank);
    let asked: Vec<&RankOps<'_>> = ops.ranks.iter().filter(is_asked).collect();
    let found: Vec<&GpuOp> = asked.iter().flat_map(|rank| ops_in(rank, window)).collect();
    let numbers: Vec<u32> = asked.iter().map(|rank| rank.rank).collect();
    let who = ranks(&numbers);
    let length = duration(window.len_ns());
    if found.is_empty() {
        return vec![format!("{length} of {who}, in which no kernel and no copy runs.")];
    }
    let mut sentences = vec![format!(
        "{length} of {who}, in which {} run{}.",
        counted(found.len() as u64, "op"),
        places(&found)
    )];
    sentences.push(account(&asked, window));
    sentences.push(format!("Most time take {}.", listed(&longest(ops, &asked, window))));
    sentences.extend(exposed(ops, &asked, window));
    sentences.push(path(ops, reports, window));
    sentences
}

/// `, phases A to D of layers 1 to 3`.
fn places(found: &[&GpuOp]) -> String {
    let phases: BTreeSet<Phase> = found.iter().map(|op| op.place.phase).collect();
    let phases: Vec<&str> =
        phases.into_iter().filter(|&phase| phase != Phase::None).map(Phase::name).collect();
    let layers: Vec<u32> = found.iter().filter_map(|op| op.place.layer).collect();
    let layers = match (layers.iter().min(), layers.iter().max()) {
        (Some(first), Some(last)) if first == last => format!("layer {first}"),
        (Some(first), Some(last)) => format!("layers {first} to {last}"),
        _ => String::new(),
    };
    let noun = if phases.len() == 1 { "phase" } else { "phases" };
    match (phases.is_empty(), layers.is_empty()) {
        (true, true) => String::new(),
        (true, false) => format!(", of {layers}"),
        (false, true) => format!(", {noun} {}", phases.join(", ")),
        (false, false) => format!(", {noun} {} of {layers}", phases.join(", ")),
    }
}

/// What the time consists of, all ranks together; before a rank's first op and after its last nothing is said of it.
fn account(asked: &[&RankOps<'_>], window: Span) -> String {
    let mut sums: [i64; AccountClass::ALL.len()] = [0; AccountClass::ALL.len()];
    for one in asked.iter().flat_map(|rank| account_spans(rank)) {
        sums[one.class as usize] += one.span.intersect(window).len_ns();
    }
    let [compute, hidden, exposed, copies, idle] = sums;
    let all = sums.iter().sum::<i64>().max(1) as f64;
    let share = |ns: i64| percent(ns as f64 / all);
    let mut text = format!("{} of it is computation", share(compute + hidden));
    if hidden + exposed > 0 {
        let of_comm = percent(hidden as f64 / (hidden + exposed) as f64);
        text += &format!(
            "; communication takes {}, of which {of_comm} is hidden under computation; {} is exposed",
            share(hidden + exposed),
            share(exposed)
        );
    } else {
        text += "; nothing communicates";
    }
    if copies > 0 {
        text += &format!("; {} is exposed copies", share(copies));
    }
    text + &format!("; in {} nothing runs.", share(idle))
}

/// Ops by name, most time first, ranks together.
fn longest(ops: &Ops<'_>, asked: &[&RankOps<'_>], window: Span) -> Vec<(String, i64)> {
    let mut sums: BTreeMap<String, i64> = BTreeMap::new();
    for op in asked.iter().flat_map(|rank| ops_in(rank, window)) {
        *sums.entry(name_of(ops.trace, op)).or_default() += op.span.intersect(window).len_ns();
    }
    let mut sums: Vec<(String, i64)> = sums.into_iter().collect();
    sums.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    sums
}

/// Which communication sticks out most.
fn exposed(ops: &Ops<'_>, asked: &[&RankOps<'_>], window: Span) -> Option<String> {
    let exposed_ns = |rank: &RankOps<'_>, op: &GpuOp| {
        let span = IntervalSet::union_of([op.span.intersect(window)]);
        span.len_ns() - span.intersect_len_ns(&rank.compute)
    };
    let all = asked.iter().flat_map(|rank| ops_in(rank, window).map(move |op| (rank, op)));
    let comm = all.filter(|(_, op)| op.kind.is_comm());
    let (ns, rank, op) = comm
        .map(|(rank, op)| (exposed_ns(rank, op), rank.rank, op))
        .max_by_key(|(ns, ..)| *ns)
        .filter(|(ns, ..)| *ns > 0)?;
    let (name, ns) = (name_of(ops.trace, op), duration(ns));
    Some(format!(
        "Most of what is exposed is {name} on rank {rank}: for {ns} nothing of its rank computes beside it."
    ))
}

/// What of the critical path lies in it.
fn path(ops: &Ops<'_>, reports: &Reports, window: Span) -> String {
    let mut sums: BTreeMap<String, i64> = BTreeMap::new();
    for segment in &reports.path.segments {
        let ns = segment.span.intersect(window).len_ns();
        let name = match segment.slice {
            Some(slice) => shortened(&kernel(&ops.trace.label_of(slice).name), 48),
            None => segment.kind.name().to_owned(),
        };
        if ns > 0 {
            *sums.entry(name).or_default() += ns;
        }
    }
    let mut sums: Vec<(String, i64)> = sums.into_iter().collect();
    sums.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    if sums.is_empty() {
        return "Nothing of the critical path lies in it.".to_owned();
    }
    format!("Meanwhile the critical path of all ranks goes through {}.", listed(&sums))
}
