//! How far apart do the ranks of each communicator come, and who comes when?

use crate::answer::{Answer, Finding, Subject};
use crate::error::ClusterError;
use crate::open::Digest;
use crate::verdict::{self, Sums};

/// One row a communicator and operation, the one with the most waiting first.
///
/// # Errors
/// [`ClusterError`].
pub async fn skew(digest: &Digest) -> Result<Answer, ClusterError> {
    let query = "
        with whole as (
            select * from collective
            where synchronises = 1 and members > 1 and members <= coalesce(ranks, members)),
         lasts as (
            select operation, comm_group, group_name, last_rank, count(*) as times,
                row_number() over (partition by operation, comm_group, group_name
                    order by count(*) desc, last_rank) as place
            from whole group by operation, comm_group, group_name, last_rank)
        select w.comm_group as communicator, w.group_name as name, w.operation, count(*) as collectives,
            max(w.members) as ranks, max(cast(w.several_servers as int)) as across_servers,
            avg(w.last - w.first) / 1e3 as mean_spread_us, cast(max(w.last - w.first) as double) / 1e3 as max_spread_us,
            sum(w.skew_ns) / 1e6 as skew_ms, sum(w.transfer_ns) / 1e6 as transfer_ms,
            100.0 * sum(w.skew_ns) / greatest(sum(w.skew_ns) + sum(w.transfer_ns), 1) as skew_pct,
            max(l.last_rank) as often_last, 100.0 * max(l.times) / count(*) as often_last_pct
        from whole w join lasts l on w.operation = l.operation and w.comm_group = l.comm_group
            and w.group_name = l.group_name and l.place = 1
        group by w.comm_group, w.group_name, w.operation
        order by skew_ms desc, communicator, name, w.operation";
    let mut answer = digest.engine.ask(query).await?;
    answer.name = "skew";
    let says = verdict::of(digest, &sums(digest).await?).1;
    answer.findings.push(Finding::new(Subject::Job, says));
    answer.caveats = digest.caveats.clone();
    Ok(answer)
}

/// Skew and transfer of all collectives of the job.
pub(crate) async fn sums(digest: &Digest) -> Result<Sums, ClusterError> {
    let query = "
        select sum(skew_ns), sum(transfer_ns), count(*), sum(cast(several_servers as bigint))
        from collective where synchronises = 1 and members > 1 and members <= coalesce(ranks, members)";
    let answer = digest.engine.ask(query).await?;
    let alone =
        digest.engine.ask("select count(*) from collective where synchronises = 1 and members = 1");
    let alone = alone.await?.rows.first().and_then(|row| row[0].int()).unwrap_or(0);
    let Some(row) = answer.rows.first() else { return Ok(Sums::default()) };
    let number = |at: usize| row[at].number().unwrap_or(0.0);
    Ok(Sums {
        skew_ns: number(0),
        transfer_ns: number(1),
        collectives: number(2) as i64,
        across_servers: number(3) as i64,
        alone,
    })
}

/// The matrix itself: how long after the first each rank comes, on average, by communicator.
///
/// # Errors
/// [`ClusterError`].
pub async fn matrix(digest: &Digest) -> Result<Answer, ClusterError> {
    let query = "
        with firsts as (
            select operation, comm_group, group_name, avg(cast(first as double)) as first, count(*) as collectives
            from collective where synchronises = 1 and members = ranks
            group by operation, comm_group, group_name),
         means as (
            select rank, operation, comm_group, group_name, count(*) as collectives,
                avg(cast(arrived as double)) as mean_arrived
            from arrival group by rank, operation, comm_group, group_name)
        select m.comm_group as communicator, m.group_name as name, m.operation, m.rank,
            (m.mean_arrived - f.first) / 1e3 as mean_late_us
        from means m join firsts f on m.operation = f.operation and m.comm_group = f.comm_group
            and m.group_name = f.group_name and m.collectives = f.collectives
        order by communicator, name, m.operation, m.rank";
    let mut answer = digest.engine.ask(query).await?;
    answer.name = "matrix";
    Ok(answer)
}
