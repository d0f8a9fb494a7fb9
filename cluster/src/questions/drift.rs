//! What changes over hours: how long ranks compute, and how their servers' clocks run.

use crate::answer::{Answer, Cell};
use crate::error::ClusterError;
use crate::open::Digest;
use crate::sql::ask;

/// A rank whose computation changes by less than this does not drift.
const LEAST_CHANGE: f64 = 0.02;
/// So many times the median change of all ranks' is beyond their spread.
const SPREADS: f64 = 6.0;

/// One row a rank, the one whose computation changed most first: medians of the first and the last third of its iterations.
///
/// # Errors
/// [`ClusterError`].
pub async fn drift(digest: &Digest) -> Result<Answer, ClusterError> {
    let query = "
        with placed as (
            select rank, coalesce(server, 'rank ' || cast(rank as varchar)) as server, start_ns, end_ns, compute_ns,
                ntile(3) over (partition by rank order by start_ns) as third
            from iteration),
         thirds as (
            select rank, min(server) as server, count(*) as iterations,
                (max(end_ns) - min(start_ns)) / 3.6e12 as hours,
                median(case when third = 1 then compute_ns end) as first_ns,
                median(case when third = 3 then compute_ns end) as last_ns
            from placed group by rank)
         select t.rank, t.server, t.iterations, t.hours, t.first_ns / 1e6 as first_compute_ms, t.last_ns / 1e6 as last_compute_ms,
            100.0 * (cast(t.last_ns as double) / t.first_ns - 1) as change_pct,
            k.offset_ns / 1e3 as clock_offset_us, k.drift * 1e6 as clock_drift_ppm, k.residual_p99_ns / 1e3 as clock_residual_us
         from thirds t join clock k on t.server = k.server
         order by abs(change_pct) desc nulls last, t.rank";
    let mut answer = ask(&digest.context, query).await?;
    answer.name = "drift";
    let mut changes: Vec<f64> = answer.rows.iter().filter_map(|row| row[6].number()).collect();
    let middle = median(&mut changes);
    let mut far: Vec<f64> = changes.iter().map(|change| (change - middle).abs()).collect();
    let spread = median(&mut far);
    if middle.abs() >= 100.0 * LEAST_CHANGE {
        answer.findings.push(format!(
            "All ranks together compute {middle:+.1} % at the end against the beginning"
        ));
    }
    let drifts = |row: &&Vec<Cell>| {
        let off = row[6].number().map_or(0.0, |change| (change - middle).abs());
        off >= (100.0 * LEAST_CHANGE).max(SPREADS * spread)
    };
    let said = |row: &Vec<Cell>| {
        format!(
            "Rank {} on {} computes {:+.1} % at the end against the beginning, the others {middle:+.1} %",
            row[0].int().unwrap_or(-1),
            row[1].text().unwrap_or("?"),
            row[6].number().unwrap_or(0.0)
        )
    };
    let found: Vec<String> = answer.rows.iter().filter(drifts).map(said).collect();
    answer.findings.extend(found);
    clocks(digest, &mut answer);
    Ok(answer)
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

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}
