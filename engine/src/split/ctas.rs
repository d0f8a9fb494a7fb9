use super::{PhaseTimes, SplitTable, padded_tokens};
use crate::{
    model::Shard,
    plan::{PlanError, fused_transport, pairs_a_head},
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
    let tuned = table_ctas(spec, chooser, transport);
    let chosen = tuned.unwrap_or_else(|| fewest_hiding_ctas(spec, shard, transport));
    OverlapCtas {
        attn: spec.knobs.attn_ctas.unwrap_or(chosen.attn),
        mlp: spec.knobs.mlp_ctas.unwrap_or(chosen.mlp),
    }
}

/// CTAs that a search may try, on either side: one where the user or the user's table says which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OpenCtas {
    pub(crate) attn: Vec<u32>,
    pub(crate) mlp: Vec<u32>,
}

/// CTAs of a run whose cut is searched.
///
/// # Errors
/// [`PlanError`] when the degree does not fit the model.
pub(crate) fn open_ctas(spec: &RunSpec) -> Result<OpenCtas, PlanError> {
    let shard = Shard::new(&spec.model, spec.knobs.shard_degree())?;
    let OverlapCtas { attn, mlp } = overlap_ctas(spec, &shard, None);
    let (transport, _) = fused_transport(spec);
    let is_told = spec.knobs.table.is_some();
    let open = |told: Option<u32>, one: u32| {
        if is_told || told.is_some() { vec![one] } else { candidates(transport).to_vec() }
    };
    Ok(OpenCtas { attn: open(spec.knobs.attn_ctas, attn), mlp: open(spec.knobs.mlp_ctas, mlp) })
}

/// What a tuned table says: the user's always, the built-in one where it chooses.
fn table_ctas(
    spec: &RunSpec,
    chooser: Option<Chooser>,
    transport: Transport,
) -> Option<OverlapCtas> {
    let built_in = chooser == Some(Chooser::Table) && transport == Transport::Multimem;
    let table = tuned_table(spec).filter(|_| built_in || spec.knobs.table.is_some())?;
    let (_, row) = table.nearest(spec.batch.tokens())?;
    Some(OverlapCtas { attn: row.attention_ctas, mlp: row.mlp_ctas })
}

/// The user's table, else the one that ships for this model and degree.
pub(super) fn tuned_table(spec: &RunSpec) -> Option<SplitTable> {
    let degree = spec.knobs.shard_degree();
    let table = spec.knobs.table.clone();
    table.or_else(|| SplitTable::builtin(&spec.model.name, degree))
}

/// For equal halves; the most of the candidates where none hides the collective.
fn fewest_hiding_ctas(spec: &RunSpec, shard: &Shard, transport: Transport) -> OverlapCtas {
    let candidates = candidates(transport);
    let times = PhaseTimes { machine: &spec.machine, shard, ranks: spec.knobs.tp, transport };
    let rows = padded_tokens(spec.batch.tokens()) / 2;
    let pairs = pairs_a_head(&super::cut(&spec.batch, u32::MAX).first) / 2;
    let fewest = |compute_ns: f64| {
        let hides = |ctas: &u32| times.beside_compute_ns(rows, *ctas) <= compute_ns;
        candidates.iter().copied().find(hides).unwrap_or(candidates[candidates.len() - 1])
    };
    OverlapCtas { attn: fewest(times.attention_ns(rows, pairs)), mlp: fewest(times.mlp_ns(rows)) }
}

/// CTAs of a collective beside compute. Beyond the last of each, a fused kernel gains little or the link is full
/// (docs/tokenweave.md, "The fused kernel").
fn candidates(transport: Transport) -> &'static [u32] {
    match transport {
        Transport::Multimem => &[2, 4, 8],
        Transport::P2p | Transport::Nccl => &[4, 8, 12, 16],
    }
}
