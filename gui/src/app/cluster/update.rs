//! What is asked of the digests in the centre, and what jobs have read of them, taken into the state.

use std::{path::PathBuf, sync::Arc};

use super::{ClusterCommand, ClusterView};
use crate::{
    app::{
        document::Shown, effect::Effect, event::JobResult, notice::Severity, opening::open,
        state::State,
    },
    cluster::{Cluster, Groups, Order, Within},
    files::host_name,
    jobs::{Asked, JobKind},
};

/// Fewest ranks in view.
const FEWEST: usize = 4;

/// Applies a request.
pub(crate) fn update_cluster(state: &mut State, command: ClusterCommand) -> Vec<Effect> {
    let Some(view) = &mut state.cluster else { return Vec::new() };
    match command {
        ClusterCommand::Measure(measure) => {
            view.measure = measure;
            view.arrange();
        }
        ClusterCommand::Order(order) => {
            view.order = order;
            view.arrange();
            if matches!(order, Order::Group(_)) {
                view.marked = view.first_mark();
            }
        }
        ClusterCommand::Rows(rows) => {
            let all = view.ordered.len();
            let len = rows.len().clamp(FEWEST.min(all), all);
            let from = rows.start.min(all - len);
            view.rows = from..from + len;
        }
        ClusterCommand::Select(rank) => {
            view.selected = rank;
            view.marked = view.first_mark();
        }
        ClusterCommand::Mark(group) => view.marked = group,
        ClusterCommand::Within(None) => view.within = None,
        ClusterCommand::Within(Some(column)) => {
            view.within = Some((column, None));
            let cluster = Arc::clone(&view.cluster);
            let name = view.cluster.iterations[column];
            let title = match name {
                Some(number) => format!("Reading iteration {number} of {}", cluster.job),
                None => format!("Reading {}", cluster.job),
            };
            let job = state.begin_job(JobKind::Cluster, title);
            return vec![Effect::Within(job, cluster, column)];
        }
        ClusterCommand::Open(rank) => return open_rank(state, rank),
        ClusterCommand::Close => close_cluster(state),
    }
    Vec::new()
}

/// Opens the recording of a rank, over ssh where it is on another server.
fn open_rank(state: &mut State, rank: usize) -> Vec<Effect> {
    let rank = state.cluster.as_ref().and_then(|view| view.cluster.ranks.get(rank));
    let Some(of) = rank.map(|rank| &rank.of) else { return Vec::new() };
    match &of.recording {
        Some(recording) => {
            let path = place(of.server.as_deref(), recording, &host_name());
            open(state, Asked::Paths(vec![path]), JobKind::Open)
        }
        None => {
            let text = format!("The digest of rank {} names no recording", of.rank);
            state.notices.push(Severity::Warning, text);
            Vec::new()
        }
    }
}

/// Where a recording of a server is, seen from a computer of this name.
fn place(server: Option<&str>, recording: &str, here: &str) -> PathBuf {
    match server {
        Some(server) if server != here && !PathBuf::from(recording).is_file() => {
            PathBuf::from(format!("ssh://{server}{recording}"))
        }
        _ => PathBuf::from(recording),
    }
}

/// Takes in what a job has read of digests.
pub(crate) fn take(state: &mut State, read: JobResult) -> Vec<Effect> {
    match read {
        JobResult::Cluster(cluster) => return take_cluster(state, *cluster),
        JobResult::Within(within) => take_within(state, *within),
        JobResult::Groups(cluster, groups) => take_groups(state, &cluster, *groups),
        _ => {}
    }
    Vec::new()
}

/// Takes in the ranks, whose groups are read next.
fn take_cluster(state: &mut State, cluster: Cluster) -> Vec<Effect> {
    if let Some(first) = cluster.unread.first() {
        let others = cluster.unread.len() - 1;
        let more = if others > 0 { format!(" (and {others} more)") } else { String::new() };
        state.notices.push(Severity::Warning, format!("Not all ranks are here: {first}{more}"));
    }
    let cluster = Arc::new(cluster);
    state.cluster = Some(ClusterView::new(Arc::clone(&cluster)));
    state.shown = Shown::Cluster;
    // Every op says its group: that takes longer than the iterations, which are looked at meanwhile.
    let title = format!("Reading the groups of {}", cluster.job);
    vec![Effect::Groups(state.begin_job(JobKind::Cluster, title), cluster)]
}

/// Takes in the groups of a cluster, if that is still looked at.
fn take_groups(state: &mut State, cluster: &Arc<Cluster>, groups: Groups) {
    let Some(view) = state.cluster.as_mut().filter(|view| Arc::ptr_eq(&view.cluster, cluster))
    else {
        return;
    };
    if let Some(first) = groups.unread.first() {
        let text = format!("Of {} ranks no groups: {first}", groups.unread.len());
        state.notices.push(Severity::Warning, text);
    }
    view.groups = Some(Arc::new(groups));
    view.marked = view.first_mark();
    view.arrange();
}

/// Takes in what was read of an iteration, if that is still looked at.
fn take_within(state: &mut State, within: Within) {
    if let Some(first) = within.unread.first() {
        let text = format!("Of {} ranks no ops: {first}", within.unread.len());
        state.notices.push(Severity::Warning, text);
    }
    if let Some(view) = &mut state.cluster
        && let Some((column, held)) = &mut view.within
        && *column == within.column
    {
        *held = Some(Arc::new(within));
    }
}

/// Closes them.
pub(crate) fn close_cluster(state: &mut State) {
    state.cluster = None;
    if state.shown == Shown::Cluster {
        state.shown = state.fallback_shown();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_of_another_server_is_opened_there() {
        let place = |server, here| place(server, "/data/no such.weft", here);
        assert_eq!(place(Some("node-7"), "desk"), PathBuf::from("ssh://node-7/data/no such.weft"));
        assert_eq!(place(Some("desk"), "desk"), PathBuf::from("/data/no such.weft"));
        assert_eq!(place(None, "desk"), PathBuf::from("/data/no such.weft"));
    }
}
