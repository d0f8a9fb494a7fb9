//! Collectives that meet across ranks.

use std::collections::HashMap;

use crate::analysis::Ops;
use crate::model::SliceRef;
use crate::replay::{OpIndex, Replay};

/// Joins the members of matched collectives. Where one had ended before the last began, as point to point, they do not meet, and each takes
/// what it took.
pub(super) fn join(replay: &mut Replay, ops: &Ops<'_>, at: &HashMap<SliceRef, OpIndex>) {
    for collective in &ops.collectives().matched {
        let own = collective.members.iter().filter(|member| member.trace == ops.index());
        let members: Vec<OpIndex> =
            own.filter_map(|member| at.get(&member.slice).copied()).collect();
        let recorded = |member: &OpIndex| replay.ops[*member as usize].recorded;
        let latest_ns = members.iter().map(|member| recorded(member).start_ns).max();
        let meets = |member: &OpIndex| Some(recorded(member).end_ns) > latest_ns;
        if members.len() < 2 || !members.iter().all(meets) {
            continue;
        }
        let group = replay.groups.len() as u32;
        members.iter().for_each(|&member| replay.ops[member as usize].group = Some(group));
        replay.groups.push(members);
    }
    let comm = replay.ops.iter().filter(|op| op.kind.is_comm());
    replay.understood.unmatched = comm.filter(|op| op.group.is_none()).count();
    replay.understood.matched = replay.groups.len();
}
