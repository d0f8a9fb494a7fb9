//! Which rows stand under which, as the trace has them.

use weftscope_traces::TrackKind;

use super::{TimelineData, row_kind::RowKind};

/// Rows under nothing: the ranks, then counters of a trace without any, then host threads of no known rank.
pub(super) fn roots(data: &TimelineData) -> Vec<RowKind> {
    let hosts = (!data.hosts.is_empty()).then_some(RowKind::Hosts(None));
    let counters = data.counters.iter().copied().map(RowKind::Counter);
    (0..data.ranks.len()).map(RowKind::Rank).chain(counters).chain(hosts).collect()
}

/// Rows under a row.
pub(super) fn children(data: &TimelineData, parent: RowKind) -> Vec<RowKind> {
    match parent {
        RowKind::Rank(index) => {
            let rows = &data.ranks[index];
            let hosts = (!rows.hosts.is_empty()).then_some(RowKind::Hosts(Some(index)));
            let sms = (!rows.sms.is_empty()).then_some(RowKind::Sms(index));
            let streams = rows.streams.iter().copied().map(RowKind::Stream);
            let drivers = rows.drivers.iter().copied().map(RowKind::Host);
            let counters = rows.counters.iter().copied().map(RowKind::Counter);
            streams.chain(drivers).chain(counters).chain(hosts).chain(sms).collect()
        }
        RowKind::Sms(index) => data.ranks[index].sms.iter().copied().map(RowKind::Sm).collect(),
        RowKind::Hosts(index) => {
            let hosts = index.map_or(&data.hosts, |index| &data.ranks[index].hosts);
            hosts.iter().copied().map(RowKind::Host).collect()
        }
        _ => Vec::new(),
    }
}

/// The row over a row.
pub(super) fn parent(data: &TimelineData, row: RowKind) -> Option<RowKind> {
    let index = || {
        let rank = row.rank(data)?;
        data.ranks.iter().position(|rows| rows.rank == rank)
    };
    match row {
        RowKind::Rank(_) | RowKind::Hosts(None) => None,
        RowKind::Sm(_) => index().map(RowKind::Sms),
        RowKind::Host(id) if matches!(data.trace.track(id).kind, TrackKind::HostThread { .. }) => {
            Some(RowKind::Hosts(index()))
        }
        RowKind::Counter(at) => {
            data.ranks.iter().position(|rows| rows.counters.contains(&at)).map(RowKind::Rank)
        }
        _ => index().map(RowKind::Rank),
    }
}
