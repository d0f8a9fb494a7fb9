//! What a group is for: by its name, or by what runs in it.

use super::GroupOps;

/// What a group of ranks shares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GroupKind {
    /// The weights of layers.
    Tensor,
    /// The layers, stage by stage.
    Pipeline,
    /// The batch: replicas, whose gradients are summed.
    Data,
    /// The experts.
    Expert,
    /// Not known.
    #[default]
    Unknown,
}

impl GroupKind {
    /// In the field's letters; `group` where it is not known.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tensor => "TP",
            Self::Pipeline => "PP",
            Self::Data => "DP",
            Self::Expert => "EP",
            Self::Unknown => "group",
        }
    }

    /// In words.
    pub fn about(self) -> &'static str {
        match self {
            Self::Tensor => "tensor-parallel",
            Self::Pipeline => "a pipeline",
            Self::Data => "data-parallel",
            Self::Expert => "expert-parallel",
            Self::Unknown => "what for is not known",
        }
    }
}

/// What tells the kind of a group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// Its name.
    Name,
    /// Collectives within layers that leave all ranks with the same sums.
    SumsInLayers,
    /// As many reduce-scatters as all-gathers, several in each layer.
    ShardsInLayers,
    /// One reduce-scatter in each layer: of its gradients.
    GradientsOfLayers,
    /// Large collectives outside all layers.
    OutsideLayers,
    /// Sends and receives between layers.
    Sends,
    /// All-to-alls.
    Exchanges,
    /// Nothing does.
    #[default]
    Nothing,
}

impl Why {
    /// The rest of a sentence: known by …
    pub fn words(self) -> &'static str {
        match self {
            Self::Name => "known by its name",
            Self::SumsInLayers => "known by its ops: sums within layers",
            Self::ShardsInLayers => {
                "known by its ops: as many reduce-scatters as all-gathers, several a layer"
            }
            Self::GradientsOfLayers => "known by its ops: one reduce-scatter a layer",
            Self::OutsideLayers => "known by its ops: large collectives outside all layers",
            Self::Sends => "known by its ops: sends and receives outside all layers",
            Self::Exchanges => "known by its ops: all-to-alls",
            Self::Nothing => "neither its name nor its ops tell what for",
        }
    }
}

/// Parts of names, lower case, as vLLM, SGLang, Megatron-LM, DeepSpeed and PyTorch's meshes have them.
const PARTS: [(GroupKind, &[&str]); 5] = [
    (GroupKind::Tensor, &["tp", "tensor"]),
    (GroupKind::Pipeline, &["pp", "pipeline"]),
    (GroupKind::Data, &["dp", "data", "fsdp", "ddp", "hsdp", "replica", "replicas"]),
    (GroupKind::Expert, &["ep", "expert", "experts", "moe"]),
    // Context and sequence parallel groups are none of these, and a name with two of all is of both.
    (GroupKind::Unknown, &["cp", "context", "sp", "sequence", "ulysses", "ring"]),
];

/// Gradients and weights of a replica are more than so many bytes; counters, flags and losses that all ranks agree on are less.
const LEAST_GRADIENT_BYTES: i64 = 1 << 20;

/// By the name, and else by the ops of all its ranks.
pub(super) fn of(name: &str, has_layers: bool, ops: &[&GroupOps]) -> (GroupKind, Why) {
    match by_name(name) {
        Some(GroupKind::Unknown) => (GroupKind::Unknown, Why::Nothing),
        Some(kind) => (kind, Why::Name),
        None => by_ops(has_layers, &Sums::of(ops)),
    }
}

/// `None`: the name says nothing; unknown: it says more than one thing, or one that has no kind here.
fn by_name(name: &str) -> Option<GroupKind> {
    let name = name.to_lowercase();
    let parts: Vec<&str> = name.split(|it: char| !it.is_ascii_alphabetic()).collect();
    let is_named = |names: &[&str]| parts.iter().any(|part| names.contains(part));
    let named: Vec<GroupKind> =
        PARTS.iter().filter(|(_, names)| is_named(names)).map(|(kind, _)| *kind).collect();
    match named[..] {
        [] => None,
        [one] => Some(one),
        _ => Some(GroupKind::Unknown),
    }
}

/// Ops of a group on all its ranks.
#[derive(Default)]
struct Sums {
    ops: u64,
    in_layers: u64,
    sends: u64,
    exchanges: u64,
    gathers: u64,
    scatters: u64,
    /// Layers with a reduce-scatter.
    scattered_layers: u64,
    /// All-reduces, and what plans run in their place.
    sums: u64,
    most_bytes: Option<i64>,
}

impl Sums {
    fn of(ops: &[&GroupOps]) -> Self {
        let mut all = Self::default();
        for count in ops.iter().flat_map(|of| &of.operations) {
            all.ops += count.ops;
            all.in_layers += count.in_layers;
            all.most_bytes = all.most_bytes.max(count.most_bytes);
            match count.operation.as_str() {
                "send_recv" | "send" | "recv" => all.sends += count.ops,
                "all_to_all" => all.exchanges += count.ops,
                "all_gather" => all.gathers += count.ops,
                "reduce_scatter" => {
                    all.scatters += count.ops;
                    all.scattered_layers += count.layers;
                }
                operation if sums(operation) => all.sums += count.ops,
                _ => {}
            }
        }
        all
    }
}

/// Whether all ranks have the same sums after it: an all-reduce, or a kernel that does it and more.
fn sums(operation: &str) -> bool {
    operation.contains("all_reduce") || operation.split('_').any(|part| part == "ar")
}

fn by_ops(has_layers: bool, of: &Sums) -> (GroupKind, Why) {
    let mostly = |ops: u64| 2 * ops > of.ops;
    if of.ops == 0 {
        return (GroupKind::Unknown, Why::Nothing);
    }
    if mostly(of.exchanges) {
        return (GroupKind::Expert, Why::Exchanges);
    }
    // What a ring within layers sends is no stage's.
    if of.sends == of.ops && of.in_layers == 0 {
        return (GroupKind::Pipeline, Why::Sends);
    }
    if mostly(of.in_layers) {
        let shards = of.gathers + of.scatters;
        return if mostly(of.sums) {
            (GroupKind::Tensor, Why::SumsInLayers)
        } else if shards != of.ops || of.scatters == 0 {
            (GroupKind::Unknown, Why::Nothing)
        } else if of.gathers == of.scatters && of.scatters >= 2 * of.scattered_layers {
            (GroupKind::Tensor, Why::ShardsInLayers)
        } else if of.scatters == of.scattered_layers {
            (GroupKind::Data, Why::GradientsOfLayers)
        } else {
            (GroupKind::Unknown, Why::Nothing)
        };
    }
    let is_large = of.most_bytes.is_some_and(|bytes| bytes >= LEAST_GRADIENT_BYTES);
    let sync = of.sums + of.gathers + of.scatters;
    if has_layers && of.in_layers == 0 && mostly(sync) && is_large {
        return (GroupKind::Data, Why::OutsideLayers);
    }
    (GroupKind::Unknown, Why::Nothing)
}
