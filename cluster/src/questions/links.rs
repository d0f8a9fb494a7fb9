//! Which link is slow?
//!
//! A transfer takes from when the last rank was there to its end. Of communicators with the same operation, number of ranks and
//! bytes, those are named that move their bytes at less than two thirds of the median rate; one of two servers is a link.

use crate::answer::{Answer, Cell, Finding, Subject};
use crate::error::ClusterError;
use crate::open::Digest;

/// Below this share of the rate of its like a communicator is slow.
const SLOW: f64 = 2.0 / 3.0;

/// One row a communicator and size, the slowest of its like first.
///
/// # Errors
/// [`ClusterError`].
pub async fn links(digest: &Digest) -> Result<Answer, ClusterError> {
    // A transfer that clocks can hardly tell from nothing says nothing of a rate.
    let doubt = digest.doubt_ns();
    let query = format!(
        "with moved as (
            select operation, comm_group, group_name, members, link_bytes, several_servers,
                cast(ended - last as double) as took_ns
            from collective
            where members > 1 and members = ranks and parts and link_bytes > 0
                and ended - last > case when several_servers then 3 * {doubt} else 0 end),
         rates as (
            select operation, comm_group, group_name, members, link_bytes, several_servers, count(*) as transfers,
                link_bytes / median(took_ns) as rate
            from moved group by operation, comm_group, group_name, members, link_bytes, several_servers),
         alike as (
            select operation, members, link_bytes, several_servers, count(*) as communicators, median(rate) as rate
            from rates group by operation, members, link_bytes, several_servers),
         places as (
            select m.operation, m.comm_group, m.group_name, min(k.server) as first, max(k.server) as last,
                count(distinct k.server) as count
            from member m join clock k on m.clock = k.clock group by m.operation, m.comm_group, m.group_name)
         select r.comm_group as communicator, r.group_name as name, r.operation, r.members as ranks,
            p.count as servers, case p.count when 1 then p.first when 2 then p.first || ', ' || p.last end as places,
            cast(r.link_bytes as bigint) as link_bytes, r.transfers, r.rate as gb_per_s,
            case when a.communicators >= 3 then a.rate end as like_gb_per_s,
            case when a.communicators >= 3 then r.rate / a.rate end as ratio
         from rates r join alike a on r.operation = a.operation and r.members = a.members
                and r.link_bytes = a.link_bytes and r.several_servers = a.several_servers
            join places p on r.operation = p.operation and r.comm_group = p.comm_group and r.group_name = p.group_name
         order by ratio nulls last, communicator, name, r.operation, link_bytes"
    );
    let mut answer = digest.engine.ask(&query).await?;
    answer.name = "links";
    answer.findings = findings(&answer.rows);
    answer.caveats = digest.caveats.clone();
    if doubt > 0 {
        answer.caveats.push(format!(
            "transfers between servers that took less than {} µs are left out: clocks agree to a third of that",
            3 * doubt / 1000
        ));
    }
    Ok(answer)
}

/// What is slow, by the servers between which it is: of each the slowest row, which comes first.
fn findings(rows: &[Vec<Cell>]) -> Vec<Finding> {
    let mut found: Vec<(Subject, String, f64, usize)> = Vec::new();
    for row in rows {
        let Some(ratio) = row[10].number().filter(|&ratio| ratio < SLOW) else { continue };
        let (of, place) = place(row);
        match found.iter_mut().find(|(_, known, ..)| *known == place) {
            Some((.., communicators)) => *communicators += 1,
            None => found.push((of, place, ratio, 1)),
        }
    }
    let finding = |(of, place, ratio, communicators): (Subject, String, f64, usize)| {
        let pct = 100.0 * ratio;
        let says = format!(
            "{place} moves bytes at {pct:.0} % of the rate of its like ({communicators} of its communicators)"
        );
        Finding::new(of, says)
    };
    found.into_iter().map(finding).collect()
}

/// Where a row is, and in words.
fn place(row: &[Cell]) -> (Subject, String) {
    let text = |at: usize| row[at].text().unwrap_or("?");
    let (communicator, operation) = (text(0), text(2));
    let Some(places) = row[5].text() else {
        let of = Subject::Communicator(communicator.to_owned());
        return (of, format!("communicator {communicator}"));
    };
    let servers: Vec<String> = places.split(", ").map(str::to_owned).collect();
    let place = match &servers[..] {
        [one, other] => format!("{operation} between {one} and {other}"),
        _ => format!("{operation} within {places}"),
    };
    (Subject::Servers(servers), place)
}
