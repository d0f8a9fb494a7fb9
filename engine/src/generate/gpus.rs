use super::Language;
use crate::{
    cuda::{Batches, CudaExecutor, Launching, Next, Placed, pages_of},
    executor::ExecError,
    spec::RunSpec,
};

/// One sequence on the GPUs: its keys and values stay there from token to token.
#[derive(Debug)]
pub struct OnGpus {
    batches: Batches,
    /// Pages for all of its tokens.
    pages: Vec<u32>,
    /// Tokens whose keys and values lie in the cache.
    cached: u32,
}

impl OnGpus {
    /// With room for so many tokens, prompt and new ones together. The weights are the executor's.
    pub fn new(executor: CudaExecutor, spec: RunSpec, tokens: u32) -> Self {
        let pages = pages_of(tokens);
        let batches = Batches::new(executor, spec, pages);
        Self { batches, pages: (0..pages).collect(), cached: 0 }
    }
}

impl Language for OnGpus {
    fn next(&mut self, new: &[u32]) -> Result<Vec<f32>, ExecError> {
        let placed = Placed { cached_tokens: self.cached, pages: self.pages.clone() };
        let next = Next { ids: new.to_vec(), placed };
        // A prompt is run once: a graph of it would be captured in vain.
        let launching = if new.len() == 1 { Launching::Graphs } else { Launching::Direct };
        self.batches.run(vec![next], launching)?;
        self.cached += new.len() as u32;
        Ok(self.batches.logits(1)?.concat())
    }
}
