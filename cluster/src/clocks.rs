//! The servers' clocks on one axis, by the collectives that they met in.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Float64Array, Int64Array, StringArray};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::datasource::MemTable;
use datafusion::prelude::SessionContext;
use weftscope_traces::align::{Axis, Meeting, axis};

use crate::answer::Cell;
use crate::error::ClusterError;
use crate::sql::ask;

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

/// Finds the axis and registers the table `clock`: number, server, and how to come from its times to the axis.
///
/// # Errors
/// [`ClusterError`].
pub async fn align(context: &SessionContext) -> Result<Clocks, ClusterError> {
    let servers = ask(
        context,
        "select distinct coalesce(server, 'rank ' || cast(rank as varchar)) as server from iteration order by server",
    )
    .await?;
    let servers: Vec<String> =
        servers.rows.iter().filter_map(|row| row[0].text().map(str::to_owned)).collect();
    let meetings = if servers.len() > 1 { meetings(context, &servers).await? } else { Vec::new() };
    let axis = axis(servers.len(), &meetings);
    register(context, &servers, &axis)?;
    Ok(Clocks { servers, axis })
}

/// The ends of collectives that several servers share, each server's by the median of its ranks.
async fn meetings(
    context: &SessionContext,
    servers: &[String],
) -> Result<Vec<Meeting>, ClusterError> {
    let shared = ask(
        context,
        "select operation, comm_group, group_name, count(*) / count(distinct rank) as collectives
         from comm where synchronises = 1 and comm_group is not null
         group by operation, comm_group, group_name having count(distinct server) > 1",
    )
    .await?;
    let mut meetings = Vec::new();
    if shared.rows.is_empty() {
        return Ok(meetings);
    }
    let most = shared.rows.iter().filter_map(|row| row[3].int()).max().unwrap_or(1);
    let every = 1 + most / MOST_MEETINGS;
    let query = format!(
        "with shared as (
            select operation, comm_group, group_name from comm
            where synchronises = 1 and comm_group is not null
            group by operation, comm_group, group_name having count(distinct server) > 1)
         select c.operation, c.comm_group, c.group_name, c.within, c.number, c.server,
            cast(median(c.end_ns) as bigint) as end_ns
         from comm c join shared s on c.operation = s.operation and c.comm_group = s.comm_group
            and c.group_name = s.group_name
         where c.synchronises = 1 and c.number % {every} = 0
         group by c.operation, c.comm_group, c.group_name, c.within, c.number, c.server
         order by c.operation, c.comm_group, c.group_name, c.within, c.number, c.server"
    );
    let ends = ask(context, &query).await?;
    let mut key: Option<&[Cell]> = None;
    for row in &ends.rows {
        let (Some(server), Some(end_ns)) = (row[5].text(), row[6].int()) else { continue };
        let Ok(clock) = servers.binary_search_by(|known| known.as_str().cmp(server)) else {
            continue;
        };
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

fn register(context: &SessionContext, servers: &[String], axis: &Axis) -> Result<(), ClusterError> {
    let of = |get: fn(&weftscope_traces::align::ClockLine) -> i64| -> ArrayRef {
        Arc::new(axis.clocks.iter().map(|clock| Some(get(clock))).collect::<Int64Array>())
    };
    let drifts: Float64Array = axis.clocks.iter().map(|clock| Some(clock.drift)).collect();
    let numbers: Int64Array = (0..servers.len() as i64).map(Some).collect();
    let names: StringArray = servers.iter().map(Some).collect();
    let batch = RecordBatch::try_from_iter([
        ("clock", Arc::new(numbers) as ArrayRef),
        ("server", Arc::new(names)),
        ("part", of(|clock| clock.part as i64)),
        ("offset_ns", of(|clock| clock.offset_ns)),
        ("at_ns", of(|clock| clock.at_ns)),
        ("drift", Arc::new(drifts)),
        ("readings", of(|clock| clock.readings as i64)),
        ("residual_p50_ns", of(|clock| clock.residual_p50_ns)),
        ("residual_p99_ns", of(|clock| clock.residual_p99_ns)),
    ])
    .map_err(datafusion::error::DataFusionError::from)?;
    let table = MemTable::try_new(batch.schema(), vec![vec![batch]])?;
    context.register_table("clock", Arc::new(table))?;
    Ok(())
}
