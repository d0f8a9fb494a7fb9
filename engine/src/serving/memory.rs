//! How much memory keys and values have.

use serde::{Deserialize, Serialize};

use super::{BLOCK_TOKENS, Blocks, ServingError, ServingSpec};
use crate::{
    batch::Batch,
    memory::{Footprint, size},
    plan::PlanError,
};

/// The cache of keys and values of one GPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KvCapacity {
    /// Its blocks.
    pub blocks: Blocks,
    /// Bytes of a token's keys and values, all layers.
    pub token_bytes: u64,
}

impl KvCapacity {
    /// What weights and the activations of a full iteration leave of the share of memory that may be used. CUDA's own memory
    /// and the buffers of communication are not in it.
    ///
    /// # Errors
    /// [`ServingError::Memory`] with the figures where that is not a block; the degree may not divide the model.
    pub fn of(spec: &ServingSpec) -> Result<Self, ServingError> {
        let tokens = spec.limits.budget_tokens;
        let footprint = Footprint::of(&spec.run_of(Batch::prefill(tokens, tokens)));
        let Footprint { weights_bytes, kv_cache_bytes, activations_bytes } =
            footprint.map_err(PlanError::from)?;
        let token_bytes = kv_cache_bytes / u64::from(tokens);
        let gpu = &spec.machine.gpu;
        let usable = (gpu.memory_bytes as f64 * spec.memory_share) as u64;
        let left = usable.saturating_sub(weights_bytes + activations_bytes);
        let blocks = left / (token_bytes * u64::from(BLOCK_TOKENS)).max(1);
        if blocks == 0 {
            return Err(ServingError::Memory(format!(
                "{} leaves no memory for keys and values: of each {} with {}, {:.0} % are to be used, and weights take {}, \
                 the activations of {tokens} tokens {}",
                spec.model.name,
                gpu.name,
                size(gpu.memory_bytes),
                100.0 * spec.memory_share,
                size(weights_bytes),
                size(activations_bytes),
            )));
        }
        let count = u32::try_from(blocks).unwrap_or(u32::MAX);
        Ok(Self { blocks: Blocks { count, tokens: BLOCK_TOKENS }, token_bytes })
    }

    /// Tokens that fit.
    pub fn tokens(&self) -> u64 {
        u64::from(self.blocks.count) * u64::from(self.blocks.tokens)
    }

    /// Bytes of all blocks.
    pub fn bytes(&self) -> u64 {
        self.tokens() * self.token_bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serving::tests::spec;

    /// By hand: of 80 GB nine tenths; 17.6 GB weights, 2048 rows of 2 · 8192 + 2 · 3584 bf16; a token has 80 layers of one
    /// key and one value of 128 bf16 on each of eight GPUs.
    #[test]
    fn a_share_of_memory_less_weights_and_activations() {
        let spec = spec("h100x8");
        let capacity = KvCapacity::of(&spec).unwrap();
        let weights = Footprint::of(&spec.run_of(Batch::prefill(1, 1))).unwrap().weights_bytes;
        assert_eq!(capacity.token_bytes, 80 * 2 * 128 * 2);
        let left = 72_000_000_000 - weights - 2048 * 2 * (2 * 8192 + 2 * 3584);
        assert_eq!(u64::from(capacity.blocks.count), left / (16 * 40_960));
        assert_eq!(capacity.bytes(), capacity.tokens() * 40_960);
    }

    #[test]
    fn no_room_is_said_with_figures() {
        let said = KvCapacity::of(&spec("rtx4090x2")).unwrap_err().to_string();
        assert!(
            said.contains("of each GeForce RTX 4090 with 24.0 GB, 90 % are to be used"),
            "{said}"
        );
        assert!(said.contains("weights take 70.6 GB"), "{said}");
    }
}
