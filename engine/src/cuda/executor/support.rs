//! What the executor cannot run, said before anything starts.

use weftscope_kernels::Arch;

use super::{layout::Sizes, programs::FusedForm, weights::Weights};
use crate::{
    cuda::{Checkpoint, Group},
    executor::ExecError,
    model::{Ffn, ModelShape, RopeScaling},
    plan::{OpWork, Plan},
    spec::Transport,
};

/// Refuses plans that need what is not there.
///
/// # Errors
/// [`ExecError::Unsupported`] with the reason.
pub(super) fn check(plan: &Plan, group: &Group, weights: &Weights) -> Result<(), ExecError> {
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
    if model.qk_norm {
        return refuse(format!("{} normalises its queries; no kernel does so yet", model.name));
    }
    if let Weights::Checkpoint(checkpoint) = weights {
        check_checkpoint(model, checkpoint)?;
    }
    check_sizes(plan)?;
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

/// A checkpoint of the plan's own model, whose mathematics the kernels know.
fn check_checkpoint(model: &ModelShape, checkpoint: &Checkpoint) -> Result<(), ExecError> {
    let refuse = |why: String| Err(ExecError::Unsupported(why));
    let own = checkpoint.model();
    if *own != (ModelShape { name: own.name.clone(), ..model.clone() }) {
        return refuse(format!(
            "the weights are those of {}, which is another model than {}",
            own.name, model.name
        ));
    }
    if let Some(RopeScaling::Other { name }) = &own.rope_scaling {
        return refuse(format!(
            "rope_type {name} of {}: only default, linear and llama3",
            own.name
        ));
    }
    Ok(())
}

/// Sizes that the copy engine and shared memory set limits to.
fn check_sizes(plan: &Plan) -> Result<(), ExecError> {
    let refuse = |why: String| Err(ExecError::Unsupported(why));
    let sizes = Sizes::of(plan).map_err(|error| ExecError::Unsupported(error.to_string()))?;
    let (hidden, rows) = (sizes.shard.hidden, sizes.intermediate);
    if !rows.is_multiple_of(8) {
        return refuse(format!(
            "{rows} intermediate rows a rank; the matrix kernels take multiples of 8"
        ));
    }
    let fused = plan.ops.iter().filter(|op| super::programs::is_fused(op));
    for form in fused.map(|op| FusedForm::of(op, plan.ranks, hidden)) {
        if !form.fits(hidden) {
            return refuse(format!(
                "rows of {hidden} do not fit the shared memory of the fused collective on {} ranks",
                plan.ranks
            ));
        }
    }
    Ok(())
}
