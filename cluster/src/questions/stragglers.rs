//! Which ranks do the others wait for?
//!
//! A rank's *lead* at a collective is how much later it came than the last but one: what would be gained if it came with the
//! others. It is told in the communicator in which the rank meets others most often, its tensor-parallel group usually: in a
//! rarer one ranks come late too that waited for a straggler themselves. A rank is named when its leads take a hundredth of
//! its iterations and it is last more often than not, or when it computes longer than its like, beyond their spread.

use crate::answer::{Answer, Cell};
use crate::error::ClusterError;
use crate::open::Digest;
use crate::sql::ask;

/// Leads that take less than this share of a rank's time are no straggler's.
const LEAST_SHARE: f64 = 0.01;
/// Computing so much longer than the like of it is a straggler's.
const LEAST_EXCESS: f64 = 0.03;
/// So many times the median distance of its like from their median are beyond their spread.
const SPREADS: f64 = 6.0;

/// One row a rank, the one that others wait for most first.
///
/// # Errors
/// [`ClusterError`].
pub async fn stragglers(digest: &Digest) -> Result<Answer, ClusterError> {
    let doubt = digest.doubt_ns();
    let query = format!(
        "with usual as (
            select rank, operation, comm_group, group_name, collectives,
                sum(collectives) over (partition by rank, comm_group, group_name) as met
            from member where synchronises = 1 and ranks > 1),
         home as (
            select rank, comm_group, group_name, met from (
                select *, row_number() over (partition by rank order by met desc, comm_group, group_name) as place
                from usual) where place = 1),
         led as (
            select last_rank as rank, comm_group, group_name, count(*) as times_last,
                sum(last - second) as lead_ns, sum((last - second) * (members - 1)) as caused_ns
            from collective
            where synchronises = 1 and members > 1 and members <= coalesce(ranks, members)
                and last - second > case when several_servers then {doubt} else 0 end
            group by last_rank, comm_group, group_name),
         usually as (
            select rank, min(coalesce(server, 'rank ' || cast(rank as varchar))) as server,
                count(*) as iterations, median(compute_ns) as compute_ns, median(ops) as ops,
                sum(end_ns - start_ns) as span_ns
            from iteration group by rank),
         alike as (
            select ops, count(*) as ranks, median(compute_ns) as compute_ns from usually group by ops),
         spread as (
            select u.ops, median(abs(u.compute_ns - a.compute_ns)) as off_ns
            from usually u join alike a on u.ops = a.ops group by u.ops)
         select u.rank, u.server, h.comm_group as communicator, h.met as collectives,
            100.0 * coalesce(l.times_last, 0) / h.met as last_pct,
            coalesce(l.lead_ns, 0) / 1e6 / u.iterations as lead_ms,
            coalesce(l.caused_ns, 0) / 1e6 / u.iterations as caused_ms,
            100.0 * coalesce(l.lead_ns, 0) / u.span_ns as lead_pct,
            case when a.ranks >= 4 then cast(u.compute_ns as double) / a.compute_ns end as compute_ratio,
            cast(s.off_ns as double) / a.compute_ns as ratio_spread
         from usually u
         left join home h on u.rank = h.rank
         left join led l on h.rank = l.rank and h.comm_group = l.comm_group and h.group_name = l.group_name
         join alike a on u.ops = a.ops join spread s on u.ops = s.ops
         order by coalesce(l.lead_ns, 0) desc, compute_ratio desc nulls last, u.rank"
    );
    let mut answer = ask(&digest.context, &query).await?;
    answer.name = "stragglers";
    let columns = answer.columns.clone();
    let findings = answer.rows.iter().filter_map(|row| named(&columns, row)).collect();
    answer.findings = findings;
    answer.caveats = digest.caveats.clone();
    Ok(answer)
}

/// Why a rank is a straggler; `None` where it is none.
fn named(columns: &[String], row: &[Cell]) -> Option<String> {
    let cell = |name: &str| row.get(columns.iter().position(|column| column == name)?);
    let number = |name: &str| cell(name).and_then(Cell::number);
    let rank = cell("rank")?.int()?;
    let server = cell("server")?.text()?;
    let leads = number("lead_pct").zip(number("last_pct"));
    let leads = leads.filter(|(lead, last)| *lead >= 100.0 * LEAST_SHARE && *last > 50.0);
    let ratio = number("compute_ratio").filter(|ratio| {
        let spread = number("ratio_spread").unwrap_or(0.0);
        ratio - 1.0 >= LEAST_EXCESS.max(SPREADS * spread)
    });
    let group = cell("communicator").and_then(Cell::text).unwrap_or("?");
    let led = leads.map(|(lead, last)| {
        format!("is last in {last:.0} % of its collectives of {group} and takes {lead:.1} % of its iterations so")
    });
    let slow = ratio.map(|ratio| format!("computes {ratio:.2} times as long as its like"));
    let why = match (led, slow) {
        (None, None) => return None,
        (Some(led), Some(slow)) => format!("{led}, and {slow}"),
        (Some(why), None) | (None, Some(why)) => why,
    };
    Some(format!("Rank {rank} on {server} {why}"))
}
