//! What one plan needs on the GPUs: weights, buffers, programs, the order of its ops.

use std::{rc::Rc, sync::Arc, time::Duration};

use weftscope_kernels::abi::Peers;

use super::{
    collective,
    contents::{Placed, check_ids},
    graph::Graph,
    held::Given,
    inputs::any_ids,
    layout::{Sizes, other_stream, ring_capacity},
    places::Places,
    programs::Programs,
    rank::{Parts, Rank},
    share::Share,
    timer::Timer,
};
use crate::{
    batch::Batch,
    cuda::{
        compile::Nvrtc,
        driver::{CudaError, Nccl},
        kernels::{LikeliestCall, Loader, token_of},
        stamps::Recording,
    },
    executor::ExecError,
    plan::{OpWork, Plan, facts},
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
    pub(super) nccl: Option<Rc<Nccl>>,
    /// The plan's rank that the first of these is.
    pub(super) first_rank: u32,
    /// How long ranks of other processes are waited for; `None`: there are none.
    limit: Option<Duration>,
    /// How long the iteration takes on each rank, by the device's events.
    pub(super) timers: Vec<Timer>,
    /// Where the batch's sequences lie, where the cache is the plan's own.
    own_cache: Option<Arc<Vec<Placed>>>,
    /// Number of the batch that was written last.
    written: Option<u64>,
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
    /// Everything comes from elsewhere but what describes the batch, which is to be [written](Self::write).
    pub(super) fn new(
        plan: &Arc<Plan>,
        loaders: &[Loader<'_>],
        (sizes, places): (Sizes, Arc<Places>),
        parts: Vec<Parts>,
        own_cache: Option<Arc<Vec<Placed>>>,
        (nccl, share): (Option<Rc<Nccl>>, Option<Share>),
    ) -> Result<Self, ExecError> {
        let sms: Vec<u32> = facts(plan).iter().map(|facts| facts.occupancy.sms).collect();
        let rank = |parts| Rank::new(plan, sizes, places.clone(), parts);
        let ranks = parts.into_iter().map(rank).collect::<Result<Vec<_>, _>>()?;
        let loaded = Loaded::new(plan, &ranks, loaders, &sms)?;
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
            first_rank: share.map_or(0, |share| share.first),
            limit: share.map(|share| share.limit),
            own_cache,
            written: None,
            isolated_ns: None,
            is_warm: false,
        })
    }

    /// Puts a batch on every rank, unless it is there: `given` with its number, and in a cache of so many pages.
    ///
    /// # Errors
    /// A batch that is not of the plan's shape.
    pub(super) fn write(
        &mut self,
        (given, number): (&Given, u64),
        pages: Option<u32>,
    ) -> Result<(), ExecError> {
        if self.written == Some(number) {
            return Ok(());
        }
        let (of_plan, vocab) = (&self.plan.spec.batch, self.plan.spec.model.vocab);
        let own = self.own_cache.as_deref().map_or(&[][..], Vec::as_slice);
        let words = |batch: &Batch, ids: &[u32], placed| {
            self.ranks[0].inputs.places.words(batch, ids, placed)
        };
        let words = match (given, pages) {
            (Given::Batch(contents), Some(pages)) => contents
                .batch(of_plan, vocab, pages)
                .map(|batch| words(&batch, &contents.ids, &contents.placed)),
            (Given::Batch(_), None) => Err("sequences have pages, but no cache is kept".to_owned()),
            (_, Some(_)) => Err("a cache is kept, and no sequence has been given pages".to_owned()),
            (Given::Ids(ids), None) => {
                check_ids(ids, of_plan, vocab).map(|()| words(of_plan, ids, own))
            }
            (Given::Any, None) => return self.write_any(number),
        };
        let words = words.map_err(ExecError::Unsupported)?;
        self.ranks.iter().try_for_each(|rank| rank.inputs.write(&words))?;
        self.written = Some(number);
        Ok(())
    }

    /// A batch of ids that any will do for. Rows of the vocabulary that no rank of the run has would be zeros: all such tokens would be
    /// alike behind the first attention, go to the same experts, and cost the tensor cores less power than a model's.
    fn write_any(&mut self, number: u64) -> Result<(), ExecError> {
        let of_plan = &self.plan.spec.batch;
        let own = self.own_cache.as_deref().map_or(&[][..], Vec::as_slice);
        let adds_up = self.plan.ops.iter().any(|op| matches!(op.work, OpWork::Collective(_)));
        for (index, rank) in (self.first_rank..).zip(&self.ranks) {
            let reaching = if adds_up { 0..self.plan.ranks } else { index..index + 1 };
            let ids = any_ids(of_plan.tokens(), &rank.sizes.vocab_of(reaching));
            rank.inputs.write(&rank.inputs.places.words(of_plan, &ids, own))?;
        }
        self.written = Some(number);
        Ok(())
    }

    /// The likeliest token of each sequence, over the ranks' shards of the vocabulary.
    pub(super) fn likeliest(&self) -> Result<Vec<Option<u32>>, CudaError> {
        for (index, (rank, programs)) in
            (self.first_rank..).zip(self.ranks.iter().zip(&self.loaded.programs))
        {
            let (sizes, act) = (&rank.sizes, rank.act());
            let call = LikeliestCall {
                logits: act.logits.ptr(),
                keys: act.keys.ptr(),
                rows: rank.inputs.places.sequences,
                pitch: sizes.logit_columns(),
                columns: sizes.vocab_rows(index),
                first: index * sizes.shard.vocab,
            };
            programs.likeliest.launch(rank.device.compute(), &call)?;
        }
        let mut best: Vec<u64> = Vec::new();
        for rank in &self.ranks {
            let sequences = rank.inputs.places.sequences as usize;
            best.resize(sequences, 0);
            for (best, key) in best.iter_mut().zip(rank.act().keys.read::<u64>(0, sequences)?) {
                *best = key.max(*best);
            }
        }
        Ok(best.into_iter().map(token_of).collect())
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

    /// Empties the rings, made anew where they have not room for `iterations`; says whether they were.
    pub(super) fn make_room(&mut self, iterations: u32) -> Result<bool, CudaError> {
        let capacity = ring_capacity(&self.plan).saturating_mul(iterations);
        let grows = self.ranks.iter().any(|rank| rank.recording.capacity() < capacity);
        if grows {
            for rank in &mut self.ranks {
                rank.recording = Arc::new(Recording::new(&rank.device, capacity)?);
            }
            // Graphs know the old rings.
            self.loaded.graphs.clear();
            if let Some(spare) = &mut self.spare {
                spare.graphs.clear();
            }
        }
        self.ranks.iter().try_for_each(|rank| rank.recording.clear())?;
        Ok(grows)
    }

    /// Waits until nothing runs on any rank here. Where ranks of other processes do not come in time, NCCL is taken down: its kernels
    /// would wait for them without end.
    pub(super) fn synchronize(&self) -> Result<(), CudaError> {
        let Some(limit) = self.limit else {
            return self.ranks.iter().try_for_each(|rank| rank.device.synchronize());
        };
        let ended = self.ranks.iter().try_for_each(|rank| rank.device.synchronize_within(limit));
        if let (Err(CudaError::Late { .. }), Some(nccl)) = (&ended, &self.nccl) {
            nccl.abort();
        }
        ended
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
