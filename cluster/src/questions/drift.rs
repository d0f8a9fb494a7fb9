//! What changes over hours: how long ranks compute, and how their servers' clocks run.
//!
//! Computation beside a collective that waits for a straggler takes longer too. So of the ranks of one communicator that compute
//! longer at the end than at the beginning that one is named whose leads grew, if they are most of what grew there, and else
//! all of them.

use crate::answer::{Answer, Cell, Finding, Subject};
use crate::error::ClusterError;
use crate::open::Digest;

/// A rank whose computation changes by less than this, percent, does not drift.
const LEAST_PCT: f64 = 2.0;
/// So many times the median change of all ranks' is beyond their spread.
const SPREADS: f64 = 6.0;
/// A rank drifts for its communicator when its lead grew by so much of all that grew there, and took so much of its time,
/// percent.
const MOST_SHARE: f64 = 0.5;
const LEAST_GROWTH_PCT: f64 = 1.0;

const QUERY: &str = "
    with placed as (
        select rank, start_ns, end_ns, compute_ns, ntile(3) over (partition by rank order by start_ns) as third
        from iteration),
     thirds as (
        select rank, count(*) as iterations,
            (max(end_ns) - min(start_ns)) / 3.6e12 as hours,
            median(case when third = 1 then compute_ns end) as first_ns,
            median(case when third = 3 then compute_ns end) as last_ns,
            sum(case when third = 3 then end_ns - start_ns end) as last_span_ns
        from placed group by rank)
    select t.rank, k.server, h.comm_group as communicator, t.iterations, t.hours,
        t.first_ns / 1e6 as first_compute_ms, t.last_ns / 1e6 as last_compute_ms,
        100.0 * (cast(t.last_ns as double) / greatest(t.first_ns, 1) - 1) as change_pct,
        100.0 * (coalesce(l.last_ns, 0) - coalesce(l.first_ns, 0)) / greatest(t.last_span_ns, 1) as lead_growth_pct,
        k.offset_ns / 1e3 as clock_offset_us, k.drift * 1e6 as clock_drift_ppm, k.residual_p99_ns / 1e3 as clock_residual_us
    from thirds t join rank_clock k on t.rank = k.rank
    left join home h on t.rank = h.rank
    left join lead l on h.rank = l.rank and h.comm_group = l.comm_group and h.group_name = l.group_name
    order by abs(change_pct) desc nulls last, t.rank";

/// One row a rank, the one whose computation changed most first: medians of the first and the last third of its iterations.
///
/// # Errors
/// [`ClusterError`].
pub async fn drift(digest: &Digest) -> Result<Answer, ClusterError> {
    let mut answer = digest.engine.ask(QUERY).await?;
    answer.name = "drift";
    answer.findings = findings(&answer.rows);
    clocks(digest, &mut answer);
    Ok(answer)
}

/// A rank's change, and by how much its leads grew.
struct Change<'a> {
    rank: i64,
    server: &'a str,
    home: &'a str,
    pct: f64,
    growth_pct: f64,
}

fn findings(rows: &[Vec<Cell>]) -> Vec<Finding> {
    let of =
        |row: &'_ Vec<Cell>| -> Option<(f64, f64)> { Some((row[7].number()?, row[8].number()?)) };
    let changes: Vec<Change<'_>> = rows
        .iter()
        .filter_map(|row| {
            let (pct, growth_pct) = of(row)?;
            let (rank, server) = (row[0].int()?, row[1].text()?);
            Some(Change { rank, server, home: row[2].text().unwrap_or_default(), pct, growth_pct })
        })
        .collect();
    let middle = median(changes.iter().map(|change| change.pct).collect());
    let spread = median(changes.iter().map(|change| (change.pct - middle).abs()).collect());
    let mut found = Vec::new();
    if middle.abs() >= LEAST_PCT {
        let says =
            format!("All ranks together compute {middle:+.1} % at the end against the beginning");
        found.push(Finding::new(Subject::Job, says));
    }
    let drifts = |change: &&Change<'_>| {
        (change.pct - middle).abs() >= LEAST_PCT.max(SPREADS * spread)
            && leader(&changes, change.home).is_none_or(|leader| leader.rank == change.rank)
    };
    found.extend(changes.iter().filter(drifts).map(|change| {
        let Change { rank, server, pct, .. } = change;
        let says = format!(
            "Rank {rank} on {server} computes {pct:+.1} % at the end against the beginning, the others {middle:+.1} %"
        );
        Finding::new(Subject::Rank(*rank), says)
    }));
    found
}

/// The rank of a communicator for whom the others wait longer at the end than at the beginning, if it is one.
fn leader<'a>(changes: &'a [Change<'_>], home: &str) -> Option<&'a Change<'a>> {
    let own = || changes.iter().filter(|change| !home.is_empty() && change.home == home);
    let grew: f64 = own().map(|change| change.growth_pct.max(0.0)).sum();
    own().find(|change| {
        change.growth_pct >= LEAST_GROWTH_PCT && change.growth_pct > MOST_SHARE * grew
    })
}

/// What is known of the servers' clocks.
fn clocks(digest: &Digest, answer: &mut Answer) {
    let clocks = &digest.axis.clocks;
    let most = |of: fn(&weftscope_traces::align::ClockLine) -> f64| {
        clocks.iter().map(of).map(f64::abs).fold(0.0, f64::max)
    };
    if clocks.len() > 1 && clocks.iter().any(|clock| clock.readings > 0) {
        answer.caveats.push(format!(
            "clocks of {} servers were put on one axis: off by up to {:.3} ms and {:.2} ppm, which is taken off; 99 % of ends of collectives then agree to {:.1} µs",
            clocks.len(),
            most(|clock| clock.offset_ns as f64) / 1e6,
            most(|clock| clock.drift) * 1e6,
            most(|clock| clock.residual_p99_ns as f64) / 1e3,
        ));
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}
