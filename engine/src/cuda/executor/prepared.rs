//! What one plan needs on the GPUs: weights, buffers, programs, the order of its ops.

use std::sync::Arc;

use weftscope_kernels::abi::Peers;

use super::{
    cache::Cache,
    collective,
    graph::{Graph, uses_nccl},
    layout::{other_stream, ring_capacity},
    programs::Programs,
    rank::Rank,
    timer::Timer,
    weights::RankWeights,
};
use crate::{
    cuda::{
        compile::Nvrtc,
        driver::{CudaError, Group, Nccl},
        kernels::Loader,
        stamps::Recording,
    },
    executor::ExecError,
    plan::{Plan, facts},
};

/// A plan made ready, with stamps or without.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) plan: Arc<Plan>,
    pub(super) ranks: Vec<Rank>,
    pub(super) peers: Vec<Peers>,
    /// SMs for each op.
    pub(super) sms: Vec<u32>,
    /// Ops that an op of the other stream waits for.
    pub(super) awaited: Vec<bool>,
    /// By rank; empty until first launched.
    pub(super) graphs: Vec<Graph>,
    pub(super) nccl: Option<Nccl>,
    /// How long the iteration takes on each rank, by the device's own events.
    pub(super) timers: Vec<Timer>,
    /// Iterations that the rings have room for.
    room: u32,
    /// Programs are compiled with stamps.
    stamps: bool,
    /// The other programs (without stamps, or with) and their graphs, once they have been asked for.
    spare: Option<(Vec<Programs>, Vec<Graph>)>,
}

impl Prepared {
    pub(super) fn new(
        plan: &Arc<Plan>,
        (group, nvrtc): (&Group, &Nvrtc),
        (weights, cache): (&[Arc<RankWeights>], Option<&Cache>),
        stamps: bool,
    ) -> Result<Self, ExecError> {
        let sms: Vec<u32> = facts(plan).iter().map(|facts| facts.occupancy.sms).collect();
        let devices = group.devices();
        let ranks = devices
            .iter()
            .enumerate()
            .map(|(index, device)| {
                let cache = cache.map(|cache| (&*cache.pages, cache.ranks[index].clone()));
                let loader = Loader { device, nvrtc, stamps };
                Rank::prepare(plan, loader, &sms, (weights[index].clone(), cache))
            })
            .collect::<Result<Vec<_>, _>>()?;
        let nccl = uses_nccl(plan).then(|| Nccl::open(devices)).transpose()?;
        let mut awaited = vec![false; plan.ops.len()];
        for op in &plan.ops {
            for dep in other_stream(plan, op) {
                awaited[dep.0 as usize] = true;
            }
        }
        Ok(Self {
            plan: plan.clone(),
            peers: collective::peers(&ranks),
            timers: ranks.iter().map(|rank| Timer::new(&rank.device)).collect(),
            ranks,
            sms,
            awaited,
            graphs: Vec::new(),
            nccl,
            room: 1,
            stamps,
            spare: None,
        })
    }

    /// Puts the ids of the batch's tokens on every rank; `None`: any.
    pub(super) fn write_ids(&self, ids: Option<&[u32]>) -> Result<(), ExecError> {
        let (tokens, vocab) = (self.plan.spec.batch.tokens(), self.plan.spec.model.vocab);
        if let Some(ids) = ids {
            if ids.len() != tokens as usize {
                let given = ids.len();
                let why = format!("{given} token ids were given for a batch of {tokens} tokens");
                return Err(ExecError::Unsupported(why));
            }
            if let Some(id) = ids.iter().find(|id| **id >= vocab) {
                let why = format!("token id {id} lies outside the vocabulary of {vocab}");
                return Err(ExecError::Unsupported(why));
            }
        }
        for rank in &self.ranks {
            rank.inputs.write_ids(ids, vocab)?;
        }
        Ok(())
    }

    /// Takes the programs with stamps, or those without, into use; compiles them the first time. Weights stay.
    pub(super) fn set_stamps(&mut self, nvrtc: &Nvrtc, stamps: bool) -> Result<(), CudaError> {
        if self.stamps == stamps {
            return Ok(());
        }
        let (programs, graphs) = match self.spare.take() {
            Some(spare) => spare,
            None => (self.load(nvrtc, stamps)?, Vec::new()),
        };
        let old_graphs = std::mem::replace(&mut self.graphs, graphs);
        let swap = |(rank, programs): (&mut Rank, Programs)| {
            std::mem::replace(&mut rank.programs, programs)
        };
        let old_programs = self.ranks.iter_mut().zip(programs).map(swap).collect();
        self.spare = Some((old_programs, old_graphs));
        self.stamps = stamps;
        Ok(())
    }

    /// Empties the rings, made anew where they have not room for `iterations`.
    pub(super) fn make_room(&mut self, iterations: u32) -> Result<(), CudaError> {
        if iterations > self.room {
            for rank in &mut self.ranks {
                let capacity = ring_capacity(&self.plan).saturating_mul(iterations);
                rank.recording = Recording::new(&rank.device, capacity)?;
            }
            // Graphs know the old rings.
            self.graphs.clear();
            if let Some((_, graphs)) = &mut self.spare {
                graphs.clear();
            }
            self.room = iterations;
        }
        self.ranks.iter().try_for_each(|rank| rank.recording.clear())
    }

    /// How long each of the last iterations took by events, of the slowest rank.
    pub(super) fn event_ns(&self) -> Result<Vec<i64>, CudaError> {
        let mut slowest: Vec<i64> = Vec::new();
        for timer in &self.timers {
            let laps = timer.elapsed_ns()?;
            slowest.resize(laps.len(), 0);
            for (slowest, lap) in slowest.iter_mut().zip(laps) {
                *slowest = lap.max(*slowest);
            }
        }
        Ok(slowest)
    }

    fn load(&self, nvrtc: &Nvrtc, stamps: bool) -> Result<Vec<Programs>, CudaError> {
        let load = |rank: &Rank| {
            let loader = Loader { device: &rank.device, nvrtc, stamps };
            Programs::load(loader, &self.plan, &rank.sizes, &self.sms)
        };
        self.ranks.iter().map(load).collect()
    }
}
