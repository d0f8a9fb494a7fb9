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
        driver::{CudaError, Device, Nccl},
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
    pub(super) loaded: Loaded,
    /// The other programs (without stamps, or with), once they have been asked for.
    spare: Option<Loaded>,
    pub(super) nccl: Option<Nccl>,
    /// How long the iteration takes on each rank, by the device's events.
    pub(super) timers: Vec<Timer>,
    /// Iterations that the rings have room for.
    room: u32,
    /// By op, each with the GPUs to itself; `None` until measured.
    pub(super) isolated_ns: Option<Vec<Option<i64>>>,
    /// Iterations have run: programs are loaded, clocks are up.
    pub(super) is_warm: bool,
}

/// Programs of all ranks, with stamps or without, and what was captured of them.
#[derive(Debug)]
pub(super) struct Loaded {
    stamps: bool,
    /// By rank.
    pub(super) programs: Vec<Programs>,
    /// By rank; empty until first launched.
    pub(super) graphs: Vec<Graph>,
}

impl Loaded {
    fn new(
        plan: &Plan,
        ranks: &[Rank],
        loaders: &[Loader<'_>],
        sms: &[u32],
    ) -> Result<Self, CudaError> {
        let both = loaders.iter().zip(ranks);
        let load =
            |(&loader, rank): (&Loader<'_>, &Rank)| Programs::load(loader, plan, &rank.sizes, sms);
        let programs = both.map(load).collect::<Result<_, _>>()?;
        let stamps = loaders.iter().all(Loader::stamps);
        Ok(Self { stamps, programs, graphs: Vec::new() })
    }
}

impl Prepared {
    /// Weights, cache and programs come from elsewhere; the rest is allocated here.
    pub(super) fn new(
        plan: &Arc<Plan>,
        loaders: &[Loader<'_>],
        weights: &[Arc<RankWeights>],
        cache: Option<&Cache>,
    ) -> Result<Self, ExecError> {
        let sms: Vec<u32> = facts(plan).iter().map(|facts| facts.occupancy.sms).collect();
        let ranks = loaders
            .iter()
            .enumerate()
            .map(|(index, loader)| {
                let cache = cache.map(|cache| (&*cache.pages, cache.ranks[index].clone()));
                Rank::prepare(plan, loader.device(), weights[index].clone(), cache)
            })
            .collect::<Result<Vec<_>, _>>()?;
        let loaded = Loaded::new(plan, &ranks, loaders, &sms)?;
        let devices: Vec<Device> = ranks.iter().map(|rank| rank.device.clone()).collect();
        let nccl = uses_nccl(plan).then(|| Nccl::open(&devices)).transpose()?;
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
            loaded,
            spare: None,
            nccl,
            room: 1,
            isolated_ns: None,
            is_warm: false,
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
        if self.loaded.stamps == stamps {
            return Ok(());
        }
        let other = match self.spare.take() {
            Some(spare) => spare,
            None => {
                let devices = self.ranks.iter().map(|rank| &rank.device);
                let loaders: Vec<Loader<'_>> =
                    devices.map(|device| Loader::new(device, nvrtc, stamps)).collect();
                Loaded::new(&self.plan, &self.ranks, &loaders, &self.sms)?
            }
        };
        self.spare = Some(std::mem::replace(&mut self.loaded, other));
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
            self.loaded.graphs.clear();
            if let Some(spare) = &mut self.spare {
                spare.graphs.clear();
            }
            self.room = iterations;
        }
        self.ranks.iter().try_for_each(|rank| rank.recording.clear())
    }

    /// Waits until nothing runs on any rank.
    pub(super) fn synchronize(&self) -> Result<(), CudaError> {
        self.ranks.iter().try_for_each(|rank| rank.device.synchronize())
    }

    /// How long each of the last iterations took by events, of the slowest rank.
    pub(super) fn event_ns(&self) -> Result<Vec<i64>, CudaError> {
        let mut slowest: Vec<i64> = Vec::new();
        for timer in &self.timers {
            let iterations = timer.elapsed_ns()?;
            slowest.resize(iterations.len(), 0);
            for (slowest, elapsed_ns) in slowest.iter_mut().zip(iterations) {
                *slowest = elapsed_ns.max(*slowest);
            }
        }
        Ok(slowest)
    }
}
