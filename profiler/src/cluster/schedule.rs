//! When every group begins every microbatch, and every rank every collective between groups: the truth of a cluster.

use super::clock::chance;
use super::layout::{Layout, Place};
use super::network::Links;
use super::spec::ClusterSpec;

/// A send between two stages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Send {
    /// When the sender came.
    pub(super) from_ns: i64,
    /// When the receiver came.
    pub(super) to_ns: i64,
    /// When both have left.
    pub(super) end_ns: i64,
}

/// One microbatch of one group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Turn {
    /// What it has received before, of stages behind the first.
    pub(super) received: Option<Send>,
    /// When the first op begins.
    pub(super) begin_ns: i64,
    /// What it sends behind, of stages before the last.
    pub(super) sent: Option<Send>,
}

/// An all-reduce at the end of an iteration: when a group's ranks come to it, and when it is done but for the spread of ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Met {
    pub(super) arrival_ns: i64,
    pub(super) done_ns: i64,
}

/// What one group does in one iteration.
#[derive(Clone, Debug, Default)]
pub(super) struct GroupIteration {
    pub(super) turns: Vec<Turn>,
    pub(super) replicas: Option<Met>,
    pub(super) world: Option<Met>,
}

/// What a schedule is made of.
pub(super) struct Plan<'a> {
    pub(super) spec: &'a ClusterSpec,
    pub(super) layout: Layout,
    pub(super) links: &'a Links,
    /// Of a group, its stage and an iteration: what a microbatch takes, ns.
    pub(super) turn_ns: &'a dyn Fn(u32, u32, u32) -> i64,
    /// Bytes a rank sends to the next stage.
    pub(super) send_bytes: f64,
}

/// By iteration, then by group (replica by replica, stage by stage).
pub(super) fn schedule(plan: &Plan<'_>) -> Vec<Vec<GroupIteration>> {
    let spec = plan.spec;
    let every_ns = (spec.every_s * 1e9) as i64;
    let groups = (plan.layout.pp * plan.layout.dp) as usize;
    let mut free = vec![0_i64; groups];
    let one = |iteration: u32| {
        let not_before = i64::from(iteration) * every_ns;
        free.iter_mut().for_each(|free| *free = (*free).max(not_before));
        let mut done: Vec<GroupIteration> = Vec::with_capacity(groups);
        for replica in 0..plan.layout.dp {
            let first = (replica * plan.layout.pp) as usize;
            let stages = &mut free[first..first + plan.layout.pp as usize];
            done.extend(plan.pipeline(replica, iteration, stages));
        }
        plan.meet(&mut done, &mut free);
        done
    };
    (0..spec.iterations).map(one).collect()
}

impl Plan<'_> {
    /// Microbatches through the stages of a replica. A send begins when both are there, and holds both.
    fn pipeline(&self, replica: u32, iteration: u32, free: &mut [i64]) -> Vec<GroupIteration> {
        let mut stages = vec![GroupIteration::default(); free.len()];
        for microbatch in 0..self.spec.microbatches {
            for stage in 0..free.len() {
                let group = replica * self.layout.pp + stage as u32;
                let received = (stage > 0).then(|| {
                    let [from, to] = [stage - 1, stage].map(|stage| self.server(replica, stage));
                    let (from_ns, to_ns) = (free[stage - 1], free[stage]);
                    let end_ns = from_ns.max(to_ns) + self.links.send_ns(from, to, self.send_bytes);
                    Send { from_ns, to_ns, end_ns }
                });
                if let Some(send) = received {
                    free[stage - 1] = send.end_ns;
                    free[stage] = send.end_ns;
                    if let Some(turn) = stages[stage - 1].turns.last_mut() {
                        turn.sent = received;
                    }
                }
                let takes = (self.turn_ns)(group, stage as u32, iteration);
                let of = [1, iteration.into(), group.into(), microbatch.into()];
                let late = self.spec.host_spread * chance(self.spec.seed, of) * takes as f64;
                let begin_ns = free[stage] + late as i64;
                free[stage] = begin_ns + takes;
                stages[stage].turns.push(Turn { received, begin_ns, sent: None });
            }
        }
        stages
    }

    fn server(&self, replica: u32, stage: usize) -> u32 {
        let place = Place { tp: 0, stage: stage as u32, replica };
        self.layout.server(self.layout.rank(place))
    }

    /// The all-reduces at the end: over the replicas of each stage, then over all.
    fn meet(&self, groups: &mut [GroupIteration], free: &mut [i64]) {
        let pp = self.layout.pp as usize;
        let sync = self.spec.sync;
        if sync.replicas_bytes > 0 && self.layout.dp > 1 {
            for stage in 0..pp {
                let place = Place { tp: 0, stage: stage as u32, replica: 0 };
                let servers: Vec<u32> =
                    self.layout.replicas_of(place).map(|rank| self.layout.server(rank)).collect();
                let takes = self.links.all_reduce_ns(&servers, sync.replicas_bytes as f64);
                let members: Vec<usize> = (stage..groups.len()).step_by(pp).collect();
                for (group, met) in self.all_reduce(&members, free, takes) {
                    groups[group].replicas = Some(met);
                }
            }
        }
        if sync.world_bytes > 0 && self.spec.ranks() > 1 {
            let servers: Vec<u32> =
                (0..self.spec.ranks()).map(|rank| self.layout.server(rank)).collect();
            let takes = self.links.all_reduce_ns(&servers, sync.world_bytes as f64);
            let members: Vec<usize> = (0..groups.len()).collect();
            for (group, met) in self.all_reduce(&members, free, takes) {
                groups[group].world = Some(met);
            }
        }
    }

    /// Groups that meet: each comes when it is free, and none goes on before all have ended.
    fn all_reduce(&self, members: &[usize], free: &mut [i64], takes: i64) -> Vec<(usize, Met)> {
        let last = members.iter().map(|&group| free[group]).max().unwrap_or(0);
        let done_ns = last + takes;
        let one = |&group: &usize| {
            let arrival_ns = free[group];
            free[group] = done_ns + self.spec.network.end_spread_ns;
            (group, Met { arrival_ns, done_ns })
        };
        members.iter().map(one).collect()
    }
}
