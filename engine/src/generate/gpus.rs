use std::sync::Arc;

use super::Language;
use crate::{
    batch::{Batch, Request},
    cuda::{CacheRoom, CudaExecutor},
    executor::{ExecError, Executor},
    observer::NullObserver,
    plan::plan,
    spec::RunSpec,
};

/// One sequence on the GPUs: its keys and values stay there from token to token.
#[derive(Debug)]
pub struct OnGpus {
    executor: CudaExecutor,
    /// Everything but the batch.
    spec: RunSpec,
    /// Tokens whose keys and values lie in the cache.
    cached: u32,
}

impl OnGpus {
    /// With room for so many tokens, prompt and new ones together. The weights are the executor's.
    pub fn new(mut executor: CudaExecutor, spec: RunSpec, tokens: u32) -> Self {
        executor.set_recording(false);
        executor.keep_cache(Some(CacheRoom { sequences: 1, tokens }));
        Self { executor, spec, cached: 0 }
    }
}

impl Language for OnGpus {
    fn next(&mut self, new: &[u32]) -> Result<Vec<f32>, ExecError> {
        let new_tokens = new.len() as u32;
        let request = Request { cached_tokens: self.cached, new_tokens };
        let spec = RunSpec { batch: Batch { requests: vec![request] }, ..self.spec.clone() };
        let plan = plan(&spec).map_err(|error| ExecError::Unsupported(error.to_string()))?;
        self.executor.set_token_ids(Some(new.to_vec()));
        self.executor.run(&Arc::new(plan), 0, &mut NullObserver)?;
        self.cached += new_tokens;
        // One sequence: the vocabulary, shard by shard.
        Ok(self.executor.logits()?.into_iter().flatten().collect())
    }
}
