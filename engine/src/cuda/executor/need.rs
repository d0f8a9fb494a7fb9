//! Memory that a plan takes on each GPU, counted before anything is allocated.

use super::layout::{PAGE_TOKENS, Sizes, stamped_blocks};
use crate::{
    cuda::{
        driver::{CudaError, Device, gigabytes},
        kernels::padded,
    },
    plan::Plan,
};

/// Bytes of a bf16.
const BF16: u64 = 2;
/// Bytes of a stamp; the ring has room for two a block, see `ring_capacity`.
const STAMP: u64 = 32;
/// Programs, pads, tables, NCCL's buffers and what the driver keeps for itself.
const SMALL_CHANGE: u64 = 512 << 20;

/// What a plan takes on one GPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Need {
    weights_bytes: u64,
    activations_bytes: u64,
    cache_bytes: u64,
    rings_bytes: u64,
}

impl Need {
    /// Of every rank alike: matrices of the shard in bf16, one row of each activation a token, two stamps a block.
    pub(super) fn of(plan: &Plan, sizes: &Sizes) -> Self {
        let shard = &sizes.shard;
        let (hidden, intermediate) =
            (u64::from(shard.hidden), u64::from(padded(sizes.intermediate)));
        let attended = u64::from(shard.heads) * u64::from(shard.head_dim);
        let qkv = u64::from(shard.qkv_columns());
        // A token's row goes to each of its experts, and comes back.
        let routed = u64::from(sizes.routed());
        let shared = sizes.moe.map_or(0, |moe| u64::from(padded(moe.shared_intermediate)));
        let outputs = match (sizes.moe, shared) {
            (None, _) => 0,
            (Some(_), 0) => routed,
            (Some(_), _) => routed + 1,
        };
        let gates = if sizes.gates_apart { 3 } else { 1 };
        let ffn = gates * (routed * intermediate + shared) + outputs * hidden;
        let row = 2 * hidden + qkv + attended + ffn;
        Self {
            weights_bytes: sizes.weight_bytes(),
            cache_bytes: cache_bytes(plan, sizes),
            activations_bytes: BF16 * u64::from(sizes.rows) * row,
            rings_bytes: STAMP * 2 * stamped_blocks(plan),
        }
    }

    fn total(self) -> u64 {
        self.weights_bytes
            + self.activations_bytes
            + self.cache_bytes
            + self.rings_bytes
            + SMALL_CHANGE
    }

    /// Whether so much is free on a GPU, `(free, total)` bytes.
    ///
    /// # Errors
    /// [`CudaError::TooLarge`].
    pub(super) fn fits(self, gpu: u32, (free, total): (u64, u64)) -> Result<(), CudaError> {
        if self.total() <= free {
            return Ok(());
        }
        let parts = [
            ("weights", self.weights_bytes),
            ("activations", self.activations_bytes),
            ("cached tokens", self.cache_bytes),
            ("stamps", self.rings_bytes),
        ];
        let parts = parts.into_iter().filter(|&(_, bytes)| bytes > 0);
        let detail: Vec<String> =
            parts.map(|(what, bytes)| format!("{what} {}", gigabytes(bytes))).collect();
        let detail = detail.join(", ");
        let (free_bytes, total_bytes) = (free, total);
        let needed_bytes = self.total();
        Err(CudaError::TooLarge { gpu, needed_bytes, detail, free_bytes, total_bytes })
    }
}

/// What of a plan is not there yet, with a cache that is kept in so many pages or one of its own.
fn wanting(plan: &Plan, sizes: &Sizes, kept_pages: Option<u32>, there: There) -> Need {
    let mut need = Need::of(plan, sizes);
    if let Some(pages) = kept_pages {
        need.cache_bytes = u64::from(pages) * page_bytes_of(sizes);
    }
    let clear = |there, bytes: &mut u64| *bytes = if there { 0 } else { *bytes };
    clear(there.weights, &mut need.weights_bytes);
    clear(there.activations, &mut need.activations_bytes);
    clear(there.cache, &mut need.cache_bytes);
    need
}

/// Bytes that a plan whose weights are there takes beside its cache.
pub(super) fn beside_cache(plan: &Plan, sizes: &Sizes) -> u64 {
    wanting(plan, sizes, Some(0), There { weights: true, ..There::default() }).total()
}

/// Keys and values of a batch with cached tokens, in whole pages; others need none.
fn cache_bytes(plan: &Plan, sizes: &Sizes) -> u64 {
    let requests = &plan.spec.batch.requests;
    if requests.iter().all(|request| request.cached_tokens == 0) {
        return 0;
    }
    let pages = requests.iter().map(|request| {
        let tokens = u64::from(request.cached_tokens) + u64::from(request.new_tokens);
        tokens.div_ceil(u64::from(PAGE_TOKENS))
    });
    pages.sum::<u64>() * page_bytes_of(sizes)
}

/// Keys and values of a page on one rank, all layers of a plan.
pub fn page_bytes(plan: &Plan) -> u64 {
    Sizes::of(plan).map_or(0, |sizes| page_bytes_of(&sizes))
}

/// The same by sizes.
pub(super) fn page_bytes_of(sizes: &Sizes) -> u64 {
    let token = 2 * BF16 * u64::from(sizes.shard.kv_heads) * u64::from(sizes.shard.head_dim);
    u64::from(PAGE_TOKENS) * token * u64::from(sizes.layers)
}

/// What of a plan lies on the GPUs already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct There {
    pub(super) weights: bool,
    pub(super) activations: bool,
    /// Of a cache that is kept.
    pub(super) cache: bool,
}

/// Refuses a plan that some of the devices have no room for.
///
/// # Errors
/// [`CudaError::TooLarge`] of the first such device.
pub(super) fn check(
    plan: &Plan,
    kept_pages: Option<u32>,
    devices: &[Device],
    there: There,
) -> Result<(), CudaError> {
    let Ok(sizes) = Sizes::of(plan) else { return Ok(()) };
    let need = wanting(plan, &sizes, kept_pages, there);
    devices.iter().try_for_each(|device| need.fits(device.info().index, device.memory()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        batch::Batch,
        machine, model,
        plan::plan,
        spec::{Knobs, RunSpec, Transport},
    };

    fn need(tp: u32, layers: Option<u32>) -> Need {
        let spec = RunSpec {
            model: model::builtin("llama-3.3-70b").unwrap(),
            machine: machine::builtin("h200x8").unwrap(),
            batch: Batch::prefill(8192, 8192),
            knobs: Knobs { tp, layers, transport: Transport::P2p, ..Knobs::default() },
        };
        let plan = plan(&spec).unwrap();
        Need::of(&plan, &Sizes::of(&plan).unwrap())
    }

    /// Llama-3.3-70B has 70.55 billion parameters, 141.1 GB in bf16 (its safetensors index), all but the norms in
    /// matrices.
    #[test]
    fn the_whole_model_weighs_what_its_index_says() {
        let weights = need(1, None).weights_bytes as f64;
        assert!((weights / 141.1e9 - 1.0).abs() < 0.002, "{weights}");
        let half = need(2, None).weights_bytes as f64;
        assert!((half / weights - 0.5).abs() < 0.001, "{half}");
    }

    /// Qwen3-235B-A22B has 235.09 billion (its index); a mixture's rows go to eight experts and come back.
    #[test]
    fn a_mixture_weighs_what_its_index_says() {
        let spec = RunSpec {
            model: model::builtin("qwen3-235b-a22b").unwrap(),
            machine: machine::builtin("h200x8").unwrap(),
            batch: Batch::prefill(1024, 1024),
            knobs: Knobs { tp: 1, transport: Transport::P2p, ..Knobs::default() },
        };
        let plan = plan(&spec).unwrap();
        let need = Need::of(&plan, &Sizes::of(&plan).unwrap());
        assert!((need.weights_bytes as f64 / (2.0 * 235.09e9) - 1.0).abs() < 0.002, "{need:?}");
        let row = 2 * 4096 + (64 + 2 * 4) * 128 + 64 * 128 + 8 * (3 * 1536 + 4096);
        assert_eq!(need.activations_bytes, 2 * 1024 * row);
    }

    /// 80 layers of one K/V head of 128, keys and values: 40 KiB a token of a rank of eight, in whole pages of 128.
    #[test]
    fn cached_tokens_take_whole_pages() {
        let mut spec = RunSpec {
            model: model::builtin("llama-3.3-70b").unwrap(),
            machine: machine::builtin("h200x8").unwrap(),
            batch: Batch::decode(64, 1024),
            knobs: Knobs { transport: Transport::P2p, ..Knobs::default() },
        };
        let bytes = |spec: &RunSpec| {
            let plan = plan(spec).unwrap();
            Need::of(&plan, &Sizes::of(&plan).unwrap()).cache_bytes
        };
        assert_eq!(bytes(&spec), 64 * 9 * 128 * 40 * 1024);
        spec.batch = Batch::prefill(1024, 1024);
        assert_eq!(bytes(&spec), 0);
    }

    #[test]
    fn what_does_not_fit_is_told_in_gigabytes() {
        let need = need(8, Some(2));
        let total = 141_000_000_000;
        assert_eq!(need.fits(0, (total, total)), Ok(()));
        let text = need.fits(1, (1_200_000_000, total)).unwrap_err().to_string();
        assert!(text.starts_with("needs 2.") && text.contains(" GB a GPU (weights 1."), "{text}");
        assert!(text.contains("1.2 GB of 141.0 GB free on GPU 1"), "{text}");
    }
}
