//! The servers' clocks on one axis, by the collectives that they met in.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Float64Array, Int64Array, StringArray};
use weftscope_traces::align::{Axis, ClockLine, Meeting, axis};

use crate::answer::Cell;
use crate::engine::Engine;
use crate::error::ClusterError;

/// Meetings of one communicator that are looked at, at most: more say no more.
const MOST_MEETINGS: i64 = 2_000;

/// The servers and their clocks, in order of their names.
#[derive(Clone, Debug, Default)]
pub struct Clocks {
    /// Their names; a rank of which no server is known has one of its own.
    pub servers: Vec<String>,
    /// How each stands to the axis.
    pub axis: Axis,
}

/// Finds the axis and registers `place` (each rank's server and clock), `clock` (number, server, and how to come from its times
/// to the axis) and `rank_clock` (the same by rank).
///
/// # Errors
/// [`ClusterError`].
pub async fn align(engine: &Engine) -> Result<Clocks, ClusterError> {
    let servers = place(engine).await?;
    let meetings = if servers.len() > 1 { meetings(engine).await? } else { Vec::new() };
    let axis = axis(servers.len(), &meetings);
    register(engine, &servers, &axis)?;
    let by_rank = "select p.rank, k.* from place p join clock k on p.clock = k.clock";
    engine.keep("rank_clock", by_rank).await?;
    Ok(Clocks { servers, axis })
}

/// Which server each rank is on, and the number of its clock.
async fn place(engine: &Engine) -> Result<Vec<String>, ClusterError> {
    let query =
        "select rank, coalesce(min(server), 'rank ' || cast(rank as varchar)) from iteration
        group by rank order by rank";
    let answer = engine.ask(query).await?;
    let known = answer.rows.iter().filter_map(|row| Some((row[0].int()?, row[1].text()?)));
    let known: Vec<(i64, &str)> = known.collect();
    let mut servers: Vec<String> = known.iter().map(|(_, server)| (*server).to_owned()).collect();
    servers.sort_unstable();
    servers.dedup();
    let clock = |server: &str| {
        let at = servers.binary_search_by(|known| known.as_str().cmp(server));
        at.ok().map(|at| at as i64)
    };
    let ranks: Int64Array = known.iter().map(|(rank, _)| Some(*rank)).collect();
    let names: StringArray = known.iter().map(|(_, server)| Some(*server)).collect();
    let clocks: Int64Array = known.iter().map(|(_, server)| clock(server)).collect();
    let columns: [(&str, ArrayRef); 3] =
        [("rank", Arc::new(ranks)), ("server", Arc::new(names)), ("clock", Arc::new(clocks))];
    engine.table("place", columns)?;
    Ok(servers)
}

/// The ends of collectives that several servers share, each server's by the median of its ranks.
async fn meetings(engine: &Engine) -> Result<Vec<Meeting>, ClusterError> {
    engine.keep("shared", SHARED).await?;
    let shared = engine.ask("select max(collectives) from shared").await?;
    let Some(most) = shared.rows.first().and_then(|row| row[0].int()) else {
        return Ok(Vec::new());
    };
    let every = 1 + most / MOST_MEETINGS;
    let query = format!(
        "select c.operation, c.comm_group, c.group_name, c.within, c.number, p.clock,
            cast(median(c.end_ns) as bigint) as end_ns
         from comm c join shared s on c.operation = s.operation and c.comm_group = s.comm_group
            and c.group_name = s.group_name join place p on c.rank = p.rank
         where c.synchronises = 1 and c.number % {every} = 0
         group by c.operation, c.comm_group, c.group_name, c.within, c.number, p.clock
         order by c.operation, c.comm_group, c.group_name, c.within, c.number, p.clock"
    );
    let ends = engine.ask(&query).await?;
    let mut meetings = Vec::new();
    let mut key: Option<&[Cell]> = None;
    for row in &ends.rows {
        let (Some(clock), Some(end_ns)) = (row[5].int(), row[6].int()) else { continue };
        if key != Some(&row[..5]) {
            meetings.push(Meeting::default());
            key = Some(&row[..5]);
        }
        if let Some(meeting) = meetings.last_mut() {
            meeting.ends.push((clock as u32, end_ns));
        }
    }
    meetings.retain(|meeting| meeting.ends.len() > 1);
    Ok(meetings)
}

/// Communicators whose ranks are on several servers.
const SHARED: &str = "
    select t.operation, t.comm_group, t.group_name, sum(t.ops) / count(distinct t.rank) as collectives
    from told t join place p on t.rank = p.rank
    where t.synchronises = 1 and t.comm_group is not null
    group by t.operation, t.comm_group, t.group_name having min(p.clock) < max(p.clock)";

fn register(engine: &Engine, servers: &[String], axis: &Axis) -> Result<(), ClusterError> {
    let of = |get: fn(&ClockLine) -> i64| -> ArrayRef {
        Arc::new(axis.clocks.iter().map(|clock| Some(get(clock))).collect::<Int64Array>())
    };
    let drifts: Float64Array = axis.clocks.iter().map(|clock| Some(clock.drift)).collect();
    let numbers: Int64Array = (0..servers.len() as i64).map(Some).collect();
    let names: StringArray = servers.iter().map(Some).collect();
    let columns: [(&str, ArrayRef); 9] = [
        ("clock", Arc::new(numbers)),
        ("server", Arc::new(names)),
        ("part", of(|clock| clock.part as i64)),
        ("offset_ns", of(|clock| clock.offset_ns)),
        ("at_ns", of(|clock| clock.at_ns)),
        ("drift", Arc::new(drifts)),
        ("readings", of(|clock| clock.readings as i64)),
        ("residual_p50_ns", of(|clock| clock.residual_p50_ns)),
        ("residual_p99_ns", of(|clock| clock.residual_p99_ns)),
    ];
    engine.table("clock", columns)
}
