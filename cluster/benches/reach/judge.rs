//! The answers against the truth: what was planted and found, and what is named besides.

use std::collections::BTreeSet;

use weftscope_cluster::{Digest, Subject};

use crate::Line;
use crate::speed::Asked;
use crate::truth::{Straggler, Truth};

/// Where a clock is looked at: so many places from the first iteration to the last.
const PLACES: i64 = 20;

/// A line each for what was planted, and for what else is named.
pub(crate) fn lines(asked: &Asked, truth: &Truth) -> Vec<Line> {
    let mut lines: Vec<Line> =
        truth.stragglers.iter().map(|planted| straggler(asked, planted)).collect();
    let planted: BTreeSet<i64> = truth.stragglers.iter().map(|it| it.rank).collect();
    lines.push(none_besides("ranks that nobody slowed", &named_besides(asked, &planted)));
    lines.extend(links(asked, truth));
    lines.push(clocks(asked, truth));
    lines
}

/// Whom an answer names.
fn named<'a>(asked: &'a Asked, question: &str) -> impl Iterator<Item = &'a Subject> {
    asked.answer(question).into_iter().flat_map(|answer| &answer.findings).map(|it| &it.of)
}

fn ranks(asked: &Asked, question: &str) -> BTreeSet<i64> {
    let rank = |of: &Subject| if let Subject::Rank(rank) = of { Some(*rank) } else { None };
    named(asked, question).filter_map(rank).collect()
}

/// A rank that was slow from the beginning is a straggler, one that became so drifts.
fn straggler(asked: &Asked, planted: &Straggler) -> Line {
    let Straggler { rank, slowdown, from_iteration } = planted;
    let (question, since) = match from_iteration {
        0 => ("stragglers", String::new()),
        from => ("drift", format!(" from iteration {from} on")),
    };
    let is_reached = ranks(asked, question).contains(rank);
    Line {
        what: format!("rank {rank}, {slowdown} times as slow{since}"),
        reach: "found".to_owned(),
        found: found(is_reached, question),
        is_reached,
    }
}

fn found(is_found: bool, question: &str) -> String {
    format!("{} by {question}", if is_found { "found" } else { "not found" })
}

fn named_besides(asked: &Asked, planted: &BTreeSet<i64>) -> Vec<String> {
    let all = ["stragglers", "drift"].into_iter().flat_map(|question| ranks(asked, question));
    let besides: BTreeSet<i64> = all.filter(|rank| !planted.contains(rank)).collect();
    besides.iter().map(ToString::to_string).collect()
}

fn none_besides(what: &str, named: &[String]) -> Line {
    Line {
        what: what.to_owned(),
        reach: "none is named".to_owned(),
        found: if named.is_empty() { "none".to_owned() } else { named.join(", ") },
        is_reached: named.is_empty(),
    }
}

fn links(asked: &Asked, truth: &Truth) -> Vec<Line> {
    let is_it = |of: &Subject, pair: &[String; 2]| matches!(of, Subject::Servers(servers) if servers[..] == pair[..]);
    let one = |(pair, times): &([String; 2], f64)| {
        let is_reached = named(asked, "links").any(|of| is_it(of, pair));
        Line {
            what: format!("link of {} and {}, {times} times as slow", pair[0], pair[1]),
            reach: "found".to_owned(),
            found: found(is_reached, "links"),
            is_reached,
        }
    };
    let mut lines: Vec<Line> = truth.slow_links.iter().map(one).collect();
    let is_planted = |of: &&Subject| truth.slow_links.iter().any(|(pair, _)| is_it(of, pair));
    let besides: Vec<String> = named(asked, "links")
        .filter(|of| !is_planted(of))
        .map(|of| match of {
            Subject::Servers(servers) => servers.join(" and "),
            Subject::Communicator(ranks) => format!("communicator {ranks}"),
            other => format!("{other:?}"),
        })
        .collect();
    lines.push(none_besides("links that nobody slowed", &besides));
    lines
}

/// The axis against the servers' true clocks, over all of the digest.
fn clocks(asked: &Asked, truth: &Truth) -> Line {
    let Digest { axis, servers, .. } = &asked.digest;
    let (mut planted_ns, mut off_ns, mut stated_ns, mut beyond, mut judged) = (0, 0, 0, 0, 0);
    for clock in &truth.clocks {
        let at = servers.iter().position(|server| *server == clock.server);
        let Some(line) = at.and_then(|at| axis.clocks.get(at)) else { continue };
        judged += 1;
        let off = |at: i64| {
            let after_ns = truth.lasts_ns / PLACES * at;
            let shown = clock.shows(truth.start_ns, after_ns);
            let real = truth.start_ns + after_ns;
            ((shown - real).abs(), (line.on_axis(shown) - real).abs())
        };
        let worst = (0..=PLACES).map(off).fold((0, 0), |a, b| (a.0.max(b.0), a.1.max(b.1)));
        planted_ns = planted_ns.max(worst.0);
        off_ns = off_ns.max(worst.1);
        stated_ns = stated_ns.max(line.residual_p99_ns);
        beyond += usize::from(worst.1 > line.residual_p99_ns);
    }
    let drift_ppm = truth.clocks.iter().map(|clock| clock.drift.abs()).fold(0.0, f64::max) * 1e6;
    let are_all = judged == truth.clocks.len() && axis.parts == 1;
    let us = |ns: i64| ns as f64 / 1e3;
    Line {
        what: format!(
            "clocks of {} servers, up to {:.1} ms off in the end, drifting by up to {drift_ppm:.1} ppm",
            truth.clocks.len(),
            planted_ns as f64 / 1e6
        ),
        reach: "one axis, each within its stated residual".to_owned(),
        found: format!(
            "{} axis, at most {:.1} µs off, {:.1} µs stated; {beyond} clocks beyond theirs",
            axis.parts,
            us(off_ns),
            us(stated_ns)
        ),
        is_reached: are_all && beyond == 0,
    }
}
