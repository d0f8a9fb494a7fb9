//! What the executor cannot run, said before anything starts.

use weftscope_kernels::Arch;

use crate::{
    cuda::Group,
    executor::ExecError,
    model::Ffn,
    plan::{OpWork, Plan},
    spec::Transport,
};

/// Refuses plans that need what is not there.
///
/// # Errors
/// [`ExecError::Unsupported`] with the reason.
pub(super) fn check(plan: &Plan, group: &Group) -> Result<(), ExecError> {
    let refuse = |why: String| Err(ExecError::Unsupported(why));
    let model = &plan.spec.model;
    if !matches!(model.ffn, Ffn::Dense { .. }) {
        return refuse(format!(
            "{} is a mixture of experts; on GPUs only dense models run yet",
            model.name
        ));
    }
    if model.head_dim != 128 {
        return refuse(format!(
            "head size {} of {}; the attention kernel has 128",
            model.head_dim, model.name
        ));
    }
    if model.qk_norm || model.qkv_bias {
        return refuse(format!(
            "{} normalises or biases its queries; no kernel does so yet",
            model.name
        ));
    }
    if let Some(request) = plan.spec.batch.requests.iter().find(|request| request.cached_tokens > 0)
    {
        let cached = request.cached_tokens;
        return refuse(format!(
            "a request has {cached} cached tokens; on GPUs only whole prefills run yet"
        ));
    }
    if plan.ranks as usize != group.devices().len() {
        return refuse(format!(
            "the plan has {} ranks, {} GPUs are in use",
            plan.ranks,
            group.devices().len()
        ));
    }
    for device in group.devices() {
        if device.arch() != Arch::Sm90a {
            return refuse(format!(
                "{}: the matrix and attention kernels are written for Hopper",
                device.info()
            ));
        }
    }
    for op in &plan.ops {
        if let OpWork::Collective { transport, .. } = op.work
            && transport == Transport::Multimem
        {
            return refuse(format!(
                "{} over {}: on GPUs collectives run peer-to-peer (--transport p2p)",
                op.name,
                transport.name()
            ));
        }
    }
    Ok(())
}
