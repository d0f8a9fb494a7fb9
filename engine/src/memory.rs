//! What a run needs of each GPU's memory, were it made with all layers of its model.

use crate::{
    model::{DegreeError, Ffn, ModelShape, Moe, Shard},
    spec::RunSpec,
};

/// Bytes of a bf16.
const BF16: u64 = 2;

/// Memory of one rank, bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Footprint {
    /// Weights: all layers, embedding and head.
    pub weights_bytes: u64,
    /// Keys and values of every token of every request, those of the cache and those of the batch.
    pub kv_cache_bytes: u64,
    /// The widest moment of a layer: residual stream, what a product reads and what it writes.
    pub activations_bytes: u64,
}

impl Footprint {
    /// Of a run, by its shards.
    ///
    /// # Errors
    /// [`DegreeError`] when the degree does not divide the model.
    pub fn of(spec: &RunSpec) -> Result<Self, DegreeError> {
        let shard = Shard::new(&spec.model, spec.knobs.shard_degree())?;
        let layers = u64::from(spec.model.layers);
        let context: u64 =
            spec.batch.requests.iter().map(|request| u64::from(request.context_tokens())).sum();
        let kv_row = 2 * u64::from(shard.kv_heads) * u64::from(shard.head_dim);
        Ok(Self {
            weights_bytes: BF16 * weights(&spec.model, &shard),
            kv_cache_bytes: BF16 * layers * context * kv_row,
            activations_bytes: BF16 * u64::from(spec.batch.tokens()) * widest_row(&shard),
        })
    }

    /// All of it.
    pub fn total_bytes(&self) -> u64 {
        self.weights_bytes + self.kv_cache_bytes + self.activations_bytes
    }

    /// What is to be said where a GPU has less; `None`: it fits.
    fn excess(&self, model: &str, gpu: &str, memory_bytes: u64) -> Option<String> {
        (self.total_bytes() > memory_bytes).then(|| {
            format!(
                "{model} with all its layers does not fit: it takes {} of each GPU (weights {}, keys and values {}, activations {}), \
                 and {gpu} has {}",
                size(self.total_bytes()),
                size(self.weights_bytes),
                size(self.kv_cache_bytes),
                size(self.activations_bytes),
                size(memory_bytes),
            )
        })
    }
}

/// What is to be said where a run's model does not fit into its GPUs; `None`: it does, or its degree does not divide it.
pub fn excess(spec: &RunSpec) -> Option<String> {
    let gpu = &spec.machine.gpu;
    Footprint::of(spec).ok()?.excess(&spec.model.name, &gpu.name, gpu.memory_bytes)
}

/// `70.6 GB`, `336 MB`.
pub(crate) fn size(bytes: u64) -> String {
    match bytes as f64 {
        few if few < 1e9 => format!("{:.0} MB", few / 1e6),
        many => format!("{:.1} GB", many / 1e9),
    }
}

/// Parameters of a shard.
fn weights(model: &ModelShape, shard: &Shard) -> u64 {
    let [hidden, qkv, head_dim] =
        [shard.hidden, shard.qkv_columns(), shard.head_dim].map(u64::from);
    let attention = u64::from(shard.heads) * head_dim;
    // Three matrices each: gate, up, down.
    let feed_forward = |rows: u32| 3 * u64::from(rows) * hidden;
    let ffn = match shard.ffn {
        Ffn::Dense { intermediate } => feed_forward(intermediate),
        Ffn::Moe(Moe { experts, intermediate, shared_intermediate, .. }) => {
            let router = u64::from(experts) * hidden;
            u64::from(experts) * feed_forward(intermediate)
                + feed_forward(shared_intermediate)
                + router
        }
    };
    let norms = 2 * hidden + if shard.qk_norm { 2 * head_dim } else { 0 };
    let bias = if model.qkv_bias { qkv } else { 0 };
    let layer = hidden * qkv + bias + attention * hidden + ffn + norms;
    // Embedding and head are not shared by the models here.
    u64::from(model.layers) * layer + 2 * u64::from(shard.vocab) * hidden + hidden
}

/// Columns of a token's row at the widest moment of a layer: residual, the product's input and its output.
fn widest_row(shard: &Shard) -> u64 {
    let hidden = u64::from(shard.hidden);
    let ffn = match shard.ffn {
        Ffn::Dense { intermediate } => 2 * u64::from(intermediate),
        // A token's row goes to so many experts.
        Ffn::Moe(Moe { top_k, intermediate, .. }) => 2 * u64::from(top_k) * u64::from(intermediate),
    };
    2 * hidden + ffn.max(u64::from(shard.qkv_columns()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{batch::Batch, machine, model::builtin, spec::Knobs};

    fn spec(model: &str, machine: &str, tp: u32) -> RunSpec {
        RunSpec {
            model: builtin(model).unwrap(),
            machine: machine::builtin(machine).unwrap(),
            batch: Batch::prefill(8192, 8192),
            knobs: Knobs { tp, ..Knobs::default() },
        }
    }

    /// Numbers of parameters by the models' own files on Hugging Face (`model.safetensors.index.json`, total size halved).
    #[test]
    fn weights_are_the_models_own() {
        for (model, parameters) in [
            ("llama-3.3-70b", 70_553_706_496),
            ("qwen2.5-72b", 72_706_203_648),
            ("qwen3-235b-a22b", 235_093_634_560),
        ] {
            let whole = Footprint::of(&spec(model, "h100x8", 1)).unwrap();
            assert_eq!(whole.weights_bytes, 2 * parameters, "{model}");
        }
    }

    #[test]
    fn a_shard_has_its_part_and_a_copy_of_what_is_not_cut() {
        let whole = Footprint::of(&spec("llama-3.3-70b", "h100x8", 1)).unwrap();
        let shard = Footprint::of(&spec("llama-3.3-70b", "h100x8", 8)).unwrap();
        let norms = 2 * (80 * 2 + 1) * 8192;
        assert_eq!(8 * (shard.weights_bytes - norms), whole.weights_bytes - norms);
        // 80 layers, one head of 128 each for keys and values, two bytes.
        assert_eq!(shard.kv_cache_bytes, 8192 * 80 * 2 * 128 * 2);
        assert_eq!(shard.activations_bytes, 2 * 8192 * (2 * 8192 + 2 * 3584));
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let spec = spec("llama-3.3-70b", "rtx4090x2", 2);
        let footprint = Footprint::of(&spec).unwrap();
        let gpu = &spec.machine.gpu;
        let said = footprint.excess("llama-3.3-70b", &gpu.name, gpu.memory_bytes).unwrap();
        assert!(said.contains("it takes 72.6 GB of each GPU (weights 70.6 GB, keys and values 1.3 GB, activations "), "{said}");
        assert!(said.ends_with("activations 738 MB), and GeForce RTX 4090 has 24.0 GB"), "{said}");
        let total = footprint.total_bytes();
        assert_eq!(footprint.excess("m", "g", total), None);
        assert!(footprint.excess("m", "g", total - 1).is_some());
    }
}
