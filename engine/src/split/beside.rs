use super::{HeldSms, PhaseTimes, WaveCost, WaveModel, cut};
use crate::{
    machine::GemmKernels,
    model::Shard,
    plan::{OpRole, SplitDecision, fused_transport},
    spec::RunSpec,
};

/// How much longer than predicted a collective may take (3 to 15 % were seen on 2 × H200): a GEMM that counts on its
/// SMs too early waits for it.
const LATE: f64 = 1.12;

/// What collectives hold beside the GEMMs of both parts of a cut: nothing beside a GEMM that has fewer waves on
/// all SMs and is predicted to start when the collective of its phase is over.
pub(crate) fn held_beside(spec: &RunSpec, shard: &Shard, split: &SplitDecision) -> [HeldSms; 2] {
    let SplitDecision { attn_ctas, mlp_ctas, .. } = *split;
    let throughout = HeldSms::throughout(attn_ctas, mlp_ctas);
    let machine = &spec.machine;
    if machine.gpu.gemm_kernels == GemmKernels::Library {
        return [throughout; 2];
    }
    let (transport, _) = fused_transport(spec);
    let times = PhaseTimes { machine, shard, ranks: spec.knobs.tp, transport };
    let model = WaveModel { shard, gpu: &machine.gpu, attn_ctas, mlp_ctas };
    let parts = cut(&spec.batch, split.first_tokens);
    let rows = [split.first_tokens, split.second_rows];
    [(&parts.first, rows[0], rows[1]), (&parts.second, rows[1], rows[0])].map(
        |(sequences, own, other)| {
            let of_role = |gemms: &[WaveCost], role: OpRole| {
                gemms
                    .iter()
                    .find(|cost| cost.gemm.role == role)
                    .map_or((0.0, 0), |cost| (times.gemm_ns(cost), cost.occupancy.waves))
            };
            let (beside, alone) = (model.split(own), model.unsplit(own));
            // Kernels before the third of a phase: gaps, and the rotary embedding's few µs.
            let gap_ns = machine.host.kernel_gap_ns + machine.host.block_start_ns;
            let before_o_proj =
                of_role(&beside, OpRole::Qkv).0 + times.own_attention_ns(sequences) + 3.0 * gap_ns;
            let before_down = of_role(&beside, OpRole::GateUp).0 + gap_ns;
            let held = |role: OpRole, ctas: u32, before_ns: f64| {
                let gains = of_role(&alone, role).1 < of_role(&beside, role).1;
                let over = LATE * times.beside_compute_ns(other, ctas) <= before_ns;
                if gains && over { 0 } else { ctas }
            };
            HeldSms {
                o_proj: held(OpRole::OProj, attn_ctas, before_o_proj),
                down: held(OpRole::Down, mlp_ctas, before_down),
                ..throughout
            }
        },
    )
}
