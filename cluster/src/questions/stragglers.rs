//! Which ranks do the others wait for?
//!
//! A rank's *lead* at a collective is how much later it came than the last but one: what would be gained if it came with the
//! others. It is told in the communicator in which the rank meets others most often, its tensor-parallel group usually: in a
//! rarer one ranks come late too that waited for a straggler themselves. A rank is named when its leads take a hundredth of
//! its iterations and are most of its communicator's; or when it computes longer than its like, beyond their spread, and no
//! rank of its communicator is named: beside one that waits for a straggler, computation takes longer too.

use crate::answer::{Answer, Cell, Finding, Subject};
use crate::error::ClusterError;
use crate::open::Digest;

/// Leads that take less than this share of a rank's time, percent, are no straggler's.
const LEAST_PCT: f64 = 1.0;
/// Leads are a straggler's when they are so much of all of its communicator, percent.
const MOST_PCT: f64 = 50.0;
/// Computing so much longer than the like of it is a straggler's.
const LEAST_EXCESS: f64 = 0.03;
/// So many times the median distance of its like from their median are beyond their spread.
const SPREADS: f64 = 6.0;

const QUERY: &str = "
    with usually as (
        select rank, count(*) as iterations, median(compute_ns) as compute_ns, median(ops) as ops,
            sum(end_ns - start_ns) as span_ns
        from iteration group by rank),
     alike as (
        select ops, count(*) as ranks, median(compute_ns) as compute_ns from usually group by ops),
     spread as (
        select u.ops, median(abs(u.compute_ns - a.compute_ns)) as off_ns
        from usually u join alike a on u.ops = a.ops group by u.ops),
     of_group as (
        select comm_group, group_name, sum(lead_ns) as lead_ns from lead group by comm_group, group_name)
    select u.rank, p.server, h.comm_group as communicator, h.met as collectives,
        100.0 * coalesce(l.times_last, 0) / h.met as last_pct,
        coalesce(l.lead_ns, 0) / 1e6 / u.iterations as lead_ms,
        coalesce(l.caused_ns, 0) / 1e6 / u.iterations as caused_ms,
        100.0 * coalesce(l.lead_ns, 0) / greatest(u.span_ns, 1) as lead_pct,
        100.0 * coalesce(l.lead_ns, 0) / greatest(g.lead_ns, 1) as of_group_pct,
        case when a.ranks >= 4 then cast(u.compute_ns as double) / a.compute_ns end as compute_ratio,
        cast(s.off_ns as double) / a.compute_ns as ratio_spread
    from usually u join place p on u.rank = p.rank
    left join home h on u.rank = h.rank
    left join lead l on h.rank = l.rank and h.comm_group = l.comm_group and h.group_name = l.group_name
    left join of_group g on h.comm_group = g.comm_group and h.group_name = g.group_name
    join alike a on u.ops = a.ops join spread s on u.ops = s.ops
    order by coalesce(l.lead_ns, 0) desc, compute_ratio desc nulls last, u.rank";

/// One row a rank, the one that others wait for most first.
///
/// # Errors
/// [`ClusterError`].
pub async fn stragglers(digest: &Digest) -> Result<Answer, ClusterError> {
    let mut answer = digest.engine.ask(QUERY).await?;
    answer.name = "stragglers";
    answer.findings = findings(&answer);
    answer.caveats = digest.caveats.clone();
    Ok(answer)
}

fn findings(answer: &Answer) -> Vec<Finding> {
    let ranks: Vec<Rank<'_>> =
        answer.rows.iter().filter_map(|row| Rank::of(&answer.columns, row)).collect();
    let leading: Vec<&str> =
        ranks.iter().filter(|rank| rank.leads()).map(|rank| rank.home).collect();
    let is_named = |rank: &&Rank<'_>| {
        rank.leads() || rank.is_slow() && (rank.home.is_empty() || !leading.contains(&rank.home))
    };
    let finding = |rank: &Rank<'_>| Finding::new(Subject::Rank(rank.rank), rank.said());
    ranks.iter().filter(is_named).map(finding).collect()
}

/// What of a row decides.
struct Rank<'a> {
    rank: i64,
    server: &'a str,
    /// Its communicator; empty without one.
    home: &'a str,
    last_pct: f64,
    lead_pct: f64,
    of_group_pct: f64,
    ratio: Option<f64>,
    spread: f64,
}

impl<'a> Rank<'a> {
    fn of(columns: &[String], row: &'a [Cell]) -> Option<Self> {
        let cell = |name: &str| row.get(columns.iter().position(|column| column == name)?);
        let number = |name: &str| cell(name).and_then(Cell::number);
        Some(Self {
            rank: cell("rank")?.int()?,
            server: cell("server")?.text()?,
            home: cell("communicator").and_then(Cell::text).unwrap_or_default(),
            last_pct: number("last_pct").unwrap_or(0.0),
            lead_pct: number("lead_pct").unwrap_or(0.0),
            of_group_pct: number("of_group_pct").unwrap_or(0.0),
            ratio: number("compute_ratio"),
            spread: number("ratio_spread").unwrap_or(0.0),
        })
    }

    fn leads(&self) -> bool {
        self.lead_pct >= LEAST_PCT && self.of_group_pct > MOST_PCT
    }

    fn is_slow(&self) -> bool {
        self.ratio.is_some_and(|ratio| ratio - 1.0 >= LEAST_EXCESS.max(SPREADS * self.spread))
    }

    fn said(&self) -> String {
        let Self { rank, server, home, last_pct, lead_pct, .. } = self;
        let led = format!(
            "is last in {last_pct:.0} % of its collectives of {home}, which takes {lead_pct:.1} % of its iterations"
        );
        let ratio = self.ratio.unwrap_or(1.0);
        let slow = format!("computes {ratio:.2} times as long as its like");
        match (self.leads(), self.is_slow()) {
            (true, true) => format!("Rank {rank} on {server} {led}, and {slow}"),
            (true, false) => format!("Rank {rank} on {server} {led}"),
            _ => format!("Rank {rank} on {server} {slow}"),
        }
    }
}
