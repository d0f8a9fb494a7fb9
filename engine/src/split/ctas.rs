use super::{PhaseTimes, SplitTable, padded_tokens};
use crate::{
    model::Shard,
    plan::{fused_transport, pairs_a_head},
    spec::{Chooser, RunSpec, Transport},
};

/// CTAs of the collectives of a split batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OverlapCtas {
    /// Under attention.
    pub(crate) attn: u32,
    /// Under the MLP.
    pub(crate) mlp: u32,
}

/// CTAs of the collectives of a split batch.
///
/// The user's knobs come first, then the user's table, then, if the table chooses and multimem carries, the built-in
/// table. Otherwise it is the fewest CTAs whose collective the phase's compute still hides: more would hold SMs for
/// nothing.
pub(crate) fn overlap_ctas(spec: &RunSpec, shard: &Shard, chooser: Option<Chooser>) -> OverlapCtas {
    let (transport, _) = fused_transport(spec);
    let tuned = tuned_table(spec)
        .filter(|_| {
            let built_in = chooser == Some(Chooser::Table) && transport == Transport::Multimem;
            built_in || spec.knobs.table.is_some()
        })
        .and_then(|table| table.nearest(spec.batch.tokens()))
        .map(|(_, row)| OverlapCtas { attn: row.attention_ctas, mlp: row.mlp_ctas });
    let chosen = tuned.unwrap_or_else(|| fewest_hiding_ctas(spec, shard, transport));
    OverlapCtas {
        attn: spec.knobs.attn_ctas.unwrap_or(chosen.attn),
        mlp: spec.knobs.mlp_ctas.unwrap_or(chosen.mlp),
    }
}

/// The user's table, else the one that ships for this model and degree.
pub(super) fn tuned_table(spec: &RunSpec) -> Option<SplitTable> {
    let degree = spec.knobs.shard_degree();
    let table = spec.knobs.table.clone();
    table.or_else(|| SplitTable::builtin(&spec.model.name, degree))
}

/// For equal halves; the most of the candidates where none hides the collective.
fn fewest_hiding_ctas(spec: &RunSpec, shard: &Shard, transport: Transport) -> OverlapCtas {
    // Beyond the last of each, a fused kernel gains little or the link is full (docs/tokenweave.md, "The fused kernel").
    let candidates = match transport {
        Transport::Multimem => &[2, 4, 8][..],
        Transport::P2p | Transport::Nccl => &[4, 8, 12, 16],
    };
    let times = PhaseTimes { machine: &spec.machine, shard, ranks: spec.knobs.tp, transport };
    let rows = padded_tokens(spec.batch.tokens()) / 2;
    let pairs = pairs_a_head(&super::cut(&spec.batch, u32::MAX).first) / 2;
    let fewest = |compute_ns: f64| {
        let hides = |ctas: &u32| times.beside_compute_ns(rows, *ctas) <= compute_ns;
        candidates.iter().copied().find(hides).unwrap_or(candidates[candidates.len() - 1])
    };
    OverlapCtas { attn: fewest(times.attention_ns(rows, pairs)), mlp: fewest(times.mlp_ns(rows)) }
}
