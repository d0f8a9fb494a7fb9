//! Which rows stand under which, as the trace has them.

use weftscope_traces::{TrackId, TrackKind};

use super::{AnswerRows, TimelineData, row_kind::RowKind};

/// Rows under nothing: what queries answered, the ranks, then counters of a trace without any, then host threads of no
/// known rank.
pub(super) fn roots(data: &TimelineData) -> Vec<RowKind> {
    let answers =
        data.answers.iter().enumerate().map(|(index, answer)| {
            own_row(data, answer).map_or(RowKind::Answer(index), RowKind::Host)
        });
    let hosts = (!data.hosts.is_empty()).then_some(RowKind::Hosts(None));
    let counters = data.counters.iter().copied().map(RowKind::Counter);
    let ranks = (0..data.ranks.len()).map(RowKind::Rank);
    answers.chain(ranks).chain(counters).chain(hosts).collect()
}

/// The only row of an answer, where it is called as the answer is: it needs no heading.
fn own_row(data: &TimelineData, answer: &AnswerRows) -> Option<TrackId> {
    match answer.rows[..] {
        [row] if data.trace.track(row).name == data.trace.track(answer.heading).name => Some(row),
        _ => None,
    }
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
            let inside = (!rows.inside.is_empty()).then_some(RowKind::Inside(index));
            streams.chain(drivers).chain(counters).chain(hosts).chain(sms).chain(inside).collect()
        }
        RowKind::Sms(index) => data.ranks[index].sms.iter().copied().map(RowKind::Sm).collect(),
        RowKind::Inside(index) => {
            data.ranks[index].inside.iter().map(|&(_, id)| RowKind::Host(id)).collect()
        }
        RowKind::Hosts(index) => {
            let hosts = index.map_or(&data.hosts, |index| &data.ranks[index].hosts);
            hosts.iter().copied().map(RowKind::Host).collect()
        }
        RowKind::Answer(index) => {
            data.answers[index].rows.iter().copied().map(RowKind::Host).collect()
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
        RowKind::Rank(_) | RowKind::Hosts(None) | RowKind::Answer(_) => None,
        RowKind::Sm(_) => index().map(RowKind::Sms),
        RowKind::Host(id) if matches!(data.trace.track(id).kind, TrackKind::Inside { .. }) => {
            index().map(RowKind::Inside)
        }
        RowKind::Host(id) if matches!(data.trace.track(id).kind, TrackKind::HostThread { .. }) => {
            Some(RowKind::Hosts(index()))
        }
        RowKind::Host(id) if matches!(data.trace.track(id).kind, TrackKind::Answer { .. }) => {
            let at = data.answers.iter().position(|answer| answer.rows.contains(&id))?;
            own_row(data, &data.answers[at]).is_none().then_some(RowKind::Answer(at))
        }
        RowKind::Counter(at) => {
            data.ranks.iter().position(|rows| rows.counters.contains(&at)).map(RowKind::Rank)
        }
        _ => index().map(RowKind::Rank),
    }
}
