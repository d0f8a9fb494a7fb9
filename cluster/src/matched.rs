//! The collectives of a job: one row each of what all its ranks say, on the axis of all clocks.

use weftscope_traces::align::Axis;

use crate::engine::Engine;
use crate::error::ClusterError;

/// Registers `arrival` (each rank's part on the axis), `collective`, `member` (how often each rank meets whom), `home` (the
/// communicator in which a rank meets others most often) and `lead` (by how much it is last there). Says what cannot be told.
///
/// # Errors
/// [`ClusterError`].
pub async fn collectives(engine: &Engine, axis: &Axis) -> Result<Vec<String>, ClusterError> {
    let first_ns = engine.number(
        "select min(i.start_ns - k.offset_ns) from iteration i join rank_clock k on i.rank = k.rank",
    );
    let first_ns = first_ns.await?.unwrap_or(0);
    // Small numbers: means of them are exact in floats.
    let on_axis = |time: &str| {
        format!(
            "c.{time} - k.offset_ns - cast(round(k.drift * cast(c.{time} - k.at_ns as double)) as bigint) - {first_ns}"
        )
    };
    let arrival = format!(
        "select c.rank, k.clock, k.part, c.iteration, c.operation, c.comm_group, c.group_name,
            c.within, c.number, c.ranks, c.synchronises, c.bytes, c.link_bytes, {} as arrived, {} as ended
         from comm c join rank_clock k on c.rank = k.rank
         where c.arrival_ns is not null and c.comm_group is not null",
        on_axis("arrival_ns"),
        on_axis("end_ns")
    );
    engine.view("arrival", &arrival).await?;
    engine.keep("collective", COLLECTIVE).await?;
    engine.keep("member", MEMBER).await?;
    engine.keep("home", HOME).await?;
    let doubt = axis.clocks.iter().map(|clock| clock.residual_p99_ns).max().unwrap_or(0);
    let lead = LEAD.replace("{doubt}", &doubt.to_string());
    engine.keep("lead", &lead).await?;
    caveats(engine, axis).await
}

/// Skew is the mean wait of all members but the last for that one, transfer the mean time from then to their ends, as
/// `weftscope report` has them; in whole ns, whose sums are the same in whatever order they are added.
const COLLECTIVE: &str = "
    select operation, comm_group, group_name, within, number, iteration, synchronises, ranks, members,
        several_servers, parts, bytes, link_bytes, first, get_field(late, 'last') as last,
        get_field(late, 'second') as second, get_field(late, 'rank') as last_rank, ended,
        cast(round((cast(get_field(late, 'last') as double) - mean_arrived) * members / greatest(members - 1, 1)) as bigint) as skew_ns,
        cast(round(greatest(mean_ended - cast(get_field(late, 'last') as double), 0)) as bigint) as transfer_ns
    from (select operation, comm_group, group_name, within, number, max(iteration) as iteration,
            max(synchronises) as synchronises, max(ranks) as ranks, count(*) as members,
            min(clock) <> max(clock) as several_servers, min(part) = max(part) as parts,
            max(bytes) as bytes, max(link_bytes) as link_bytes, min(arrived) as first,
            last_two(arrived, rank) as late, max(ended) as ended,
            avg(cast(arrived as double)) as mean_arrived, avg(cast(ended as double)) as mean_ended
        from arrival group by operation, comm_group, group_name, within, number)";

const MEMBER: &str = "
    select t.rank, p.clock, t.operation, t.comm_group, t.group_name, sum(t.arrivals) as collectives,
        max(t.ranks) as ranks, max(t.synchronises) as synchronises
    from told t join place p on t.rank = p.rank where t.arrivals > 0 and t.comm_group is not null
    group by t.rank, p.clock, t.operation, t.comm_group, t.group_name";

/// The communicator in which a rank meets others most often.
const HOME: &str = "
    select rank, comm_group, group_name, met from (
        select *, row_number() over (partition by rank order by met desc, comm_group, group_name) as place from (
            select rank, comm_group, group_name, sum(collectives) as met
            from member where synchronises = 1 and ranks > 1 group by rank, comm_group, group_name)) where place = 1";

/// By how much a rank came last to the collectives of its home, in each third of the recording's iterations.
const LEAD: &str = "
    with thirds as (
        select iteration, ntile(3) over (order by iteration) as third
        from (select distinct iteration from iteration where iteration is not null)),
     led as (
        select last_rank as rank, comm_group, group_name, iteration, last - second as lead_ns,
            (last - second) * (members - 1) as caused_ns
        from collective
        where synchronises = 1 and members > 1 and members <= coalesce(ranks, members)
            and last - second > case when several_servers then {doubt} else 0 end)
    select l.rank, l.comm_group, l.group_name, count(*) as times_last, sum(l.lead_ns) as lead_ns,
        sum(l.caused_ns) as caused_ns,
        sum(case when t.third = 1 then l.lead_ns else 0 end) as first_ns,
        sum(case when t.third = 3 then l.lead_ns else 0 end) as last_ns
    from led l join home h on l.rank = h.rank and l.comm_group = h.comm_group and l.group_name = h.group_name
    left join thirds t on l.iteration = t.iteration
    group by l.rank, l.comm_group, l.group_name";

async fn caveats(engine: &Engine, axis: &Axis) -> Result<Vec<String>, ClusterError> {
    let mut caveats = Vec::new();
    let mut say = |count: Option<i64>, what: &str| {
        if let Some(count) = count.filter(|&count| count > 0) {
            caveats.push(format!("{count} {what}"));
        }
    };
    let count = engine.number("select sum(ops) from told where comm_group is null").await?;
    say(count, "communication ops do not say their group, and are in no table of collectives");
    let query = "select count(*) from collective where members = 1";
    say(engine.number(query).await?, "collectives are known of one rank alone");
    let query = "select count(*) from collective where members > 1 and members < ranks";
    say(
        engine.number(query).await?,
        "collectives lack ranks of their group: one of those may have come last",
    );
    let query = "select count(*) from collective where members > ranks";
    say(
        engine.number(query).await?,
        "collectives have more members than their group has ranks, and are left out: turns of several runs are mixed",
    );
    let query = "select count(*) from collective where not parts";
    say(
        engine.number(query).await?,
        "transfers are between servers whose clocks were never compared, and are left out",
    );
    if axis.parts > 1 {
        caveats.push(format!(
            "servers are on {} time axes that no collective joins: times of different ones are not compared",
            axis.parts
        ));
    }
    Ok(caveats)
}
