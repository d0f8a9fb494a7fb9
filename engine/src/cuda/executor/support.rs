//! What the executor cannot run, said before anything starts.

use std::ffi::OsString;

use super::{
    held::Held,
    layout::{PAGE_TOKENS, Sizes},
    weights::Weights,
};
use crate::{
    batch::Request,
    cuda::{
        checkpoint::Checkpoint,
        driver::{
            Device, GpuInfo, Gpus, Group, KernelFamily, MulticastOptIn, MulticastPermit, choose,
        },
        kernels::{FusedForm, HEAD_DIMS, MAX_EXPERTS, MAX_TOP_K},
    },
    executor::ExecError,
    model::{Ffn, ModelShape, RopeScaling},
    plan::{Op, OpWork, Plan},
    spec::Transport,
};

/// Most tokens of all sequences together: rows of a cache are 32-bit numbers, the last page of each aside.
const MAX_CACHE_TOKENS: u64 = 1 << 31;

/// Why a plan with random weights does not run on these GPUs, in the executor's words; `None` when nothing is known
/// to stand in its way. Opens nothing: for lists of choices.
pub fn refusal(plan: &Plan, found: &Gpus) -> Option<String> {
    let refused = match choose(found, plan.ranks, &[]) {
        Ok(gpus) => check_plan(plan, gpus.iter()),
        Err(error) => Err(error.into()),
    };
    refused.err().map(|error| error.to_string())
}

/// Refuses plans that need what is not there.
///
/// # Errors
/// [`ExecError::Unsupported`] with the reason.
pub(super) fn check(plan: &Plan, group: &Group, held: &Held) -> Result<(), ExecError> {
    let devices = group.devices();
    if let Some(share) = &held.share {
        share.check(plan)?;
    } else if plan.ranks as usize != devices.len() {
        let (ranks, gpus) = (plan.ranks, devices.len());
        let why = format!("the plan has {ranks} ranks, {gpus} GPUs are in use");
        return Err(ExecError::Unsupported(why));
    }
    if let Weights::Checkpoint(checkpoint) = &held.source {
        check_checkpoint(&plan.spec.model, checkpoint)?;
    }
    check_cache(plan, held.kept_pages)?;
    check_plan(plan, devices.iter().map(Device::info))
}

fn check_plan<'g>(
    plan: &Plan,
    gpus: impl Iterator<Item = &'g GpuInfo> + Clone,
) -> Result<(), ExecError> {
    let refuse = |why: String| Err(ExecError::Unsupported(why));
    let model = &plan.spec.model;
    if let Ffn::Moe(moe) = model.ffn
        && (moe.experts > MAX_EXPERTS || moe.top_k > MAX_TOP_K)
    {
        return refuse(format!(
            "{} of {} experts of {}; the kernels choose {MAX_TOP_K} of {MAX_EXPERTS} at most",
            moe.top_k, moe.experts, model.name
        ));
    }
    if !HEAD_DIMS.contains(&model.head_dim) {
        let (head_dim, name) = (model.head_dim, &model.name);
        let there_are = HEAD_DIMS.map(|size| size.to_string()).join(", ");
        return refuse(format!(
            "head size {head_dim} of {name}; the attention kernels have {there_are}"
        ));
    }
    if model.qk_norm && model.qkv_bias {
        return refuse(format!(
            "{} biases its queries and then normalises them; the bias is added behind the norm here",
            model.name
        ));
    }
    check_cache(plan, None)?;
    for gpu in gpus.clone() {
        let Some(family) = KernelFamily::here(gpu) else {
            return refuse(format!("{gpu}: the kernels need compute capability 8.0 or later"));
        };
        check_sizes(plan, family)?;
    }
    check_transport(plan, gpus, |name| std::env::var_os(name))
}

/// Collectives over multicast do not run, whatever the GPUs; the text says what is wanting here besides.
fn check_transport<'g>(
    plan: &Plan,
    gpus: impl Iterator<Item = &'g GpuInfo>,
    variable: impl Fn(&str) -> Option<OsString>,
) -> Result<(), ExecError> {
    let multimem = |op: &&Op| matches!(&op.work, OpWork::Collective(shape) if shape.transport == Transport::Multimem);
    let Some(op) = plan.ops.iter().find(multimem) else { return Ok(()) };
    let wanting = MulticastPermit::ask(gpus, MulticastOptIn::Absent, variable)
        .map_or_else(|refusal| format!(", and {refusal}"), |_permit| String::new());
    Err(ExecError::Unsupported(format!(
        "{} over {}: its kernels are compiled but have never run, nothing makes the multicast object that they \
         need{wanting}; on GPUs collectives run peer-to-peer or through NCCL",
        op.role,
        Transport::Multimem.name()
    )))
}

/// A checkpoint of the plan's model, whose mathematics the kernels know.
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

/// Room for every token of every sequence.
fn check_cache(plan: &Plan, kept_pages: Option<u32>) -> Result<(), ExecError> {
    let context =
        |request: &Request| u64::from(request.cached_tokens) + u64::from(request.new_tokens);
    let tokens: u64 = match kept_pages {
        Some(pages) => u64::from(pages) * u64::from(PAGE_TOKENS),
        None => plan.spec.batch.requests.iter().map(context).sum(),
    };
    if tokens > MAX_CACHE_TOKENS {
        let why = format!("a cache of {tokens} tokens; kernels count to {MAX_CACHE_TOKENS}");
        return Err(ExecError::Unsupported(why));
    }
    Ok(())
}

/// Sizes that the copy engine and shared memory set limits to.
fn check_sizes(plan: &Plan, family: KernelFamily) -> Result<(), ExecError> {
    let refuse = |why: String| Err(ExecError::Unsupported(why));
    let sizes = Sizes::of(plan).map_err(|error| ExecError::Unsupported(error.to_string()))?;
    let hidden = sizes.shard.hidden;
    let shared = sizes.moe.map_or(0, |moe| moe.shared_intermediate);
    for rows in [sizes.intermediate, shared] {
        if !rows.is_multiple_of(8) {
            return refuse(format!(
                "{rows} intermediate rows a rank; the matrix kernels take multiples of 8"
            ));
        }
    }
    let fused = plan.ops.iter().filter(|op| super::collective::is_fused(op));
    for form in fused.map(|op| FusedForm::of(op, plan.ranks, hidden, family)) {
        if !form.fits(hidden) {
            return refuse(format!(
                "rows of {hidden} do not fit the shared memory of the fused collective on {} ranks",
                plan.ranks
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        batch::Batch,
        cuda::ComputeMode,
        machine, model,
        plan::plan,
        spec::{Knobs, RunSpec},
    };

    fn gpu(compute_capability: (u32, u32), index: u32) -> GpuInfo {
        GpuInfo {
            index,
            name: "a GPU".to_owned(),
            compute_capability,
            sms: 132,
            memory_bytes: 1 << 37,
            peers: vec![true, true],
            multicast: true,
            compute_mode: ComputeMode::Shared,
            pci_address: String::new(),
        }
    }

    fn refused(model: &str, batch: Batch, transport: Transport) -> Option<String> {
        refused_on((9, 0), model, batch, transport)
    }

    fn refused_on(
        compute_capability: (u32, u32),
        model: &str,
        batch: Batch,
        transport: Transport,
    ) -> Option<String> {
        let gpu = |index| gpu(compute_capability, index);
        let spec = RunSpec {
            model: model::builtin(model).unwrap(),
            machine: machine::builtin("h100x8").unwrap(),
            batch,
            knobs: Knobs { tp: 2, layers: Some(1), transport, ..Knobs::default() },
        };
        let found = Gpus { driver: (13, 0), gpus: vec![gpu(0), gpu(1)] };
        refusal(&plan(&spec).unwrap(), &found)
    }

    #[test]
    fn multimem_is_refused_with_what_is_wanting() {
        let spec = RunSpec {
            model: model::builtin("llama-3.3-70b").unwrap(),
            machine: machine::builtin("h100x8").unwrap(),
            batch: Batch::prefill(1024, 1024),
            knobs: Knobs { tp: 2, layers: Some(1), ..Knobs::default() },
        };
        let plan = plan(&spec).unwrap();
        let gpu = |index| gpu((9, 0), index);
        let refusal_of = |gpus: &[GpuInfo], vetoed: bool| {
            let variable =
                |name: &str| (vetoed && name == "NCCL_NVLS_ENABLE").then(|| OsString::from("0"));
            check_transport(&plan, gpus.iter(), variable).unwrap_err().to_string()
        };
        let text = refusal_of(&[gpu(0), gpu(1)], false);
        assert!(text.contains("never run") && text.contains("not asked for"), "{text}");
        let text = refusal_of(&[gpu(0), gpu(1)], true);
        assert!(text.contains("NCCL_NVLS_ENABLE"), "{text}");
        let text = refusal_of(&[gpu(0), GpuInfo { multicast: false, ..gpu(1) }], false);
        assert!(text.contains("GPU 1") && text.contains("cannot take part"), "{text}");
    }

    #[test]
    fn what_cannot_run_is_said_without_a_gpu() {
        let prefill = || Batch::prefill(1024, 1024);
        assert_eq!(refused("llama-3.3-70b", prefill(), Transport::P2p), None);
        let text = refused("llama-3.3-70b", prefill(), Transport::Multimem).unwrap();
        assert!(text.contains("multimem"), "{text}");
        assert_eq!(refused("qwen3-235b-a22b", prefill(), Transport::P2p), None);
    }

    #[test]
    fn heads_of_the_sizes_that_kernels_have_run_and_others_do_not() {
        let refusal_of = |head_dim| {
            let llama = model::builtin("llama-3.3-70b").unwrap();
            let spec = RunSpec {
                model: ModelShape { head_dim, ..llama },
                machine: machine::builtin("h100x8").unwrap(),
                batch: Batch::decode(8, 1024),
                knobs: Knobs {
                    tp: 2,
                    layers: Some(1),
                    transport: Transport::P2p,
                    ..Knobs::default()
                },
            };
            let gpus = vec![gpu((9, 0), 0), gpu((9, 0), 1)];
            refusal(&plan(&spec).unwrap(), &Gpus { driver: (13, 0), gpus })
        };
        for head_dim in [64, 96, 128, 256] {
            assert_eq!(refusal_of(head_dim), None, "{head_dim}");
        }
        for head_dim in [32, 72, 80, 112, 192, 512] {
            let text = refusal_of(head_dim).unwrap();
            assert!(text.contains(&format!("head size {head_dim} ")), "{text}");
            assert!(text.contains("64, 96, 128, 256"), "{text}");
        }
    }

    #[test]
    fn every_generation_from_ampere_on_runs() {
        let on = |capability| {
            refused_on(capability, "llama-3.3-70b", Batch::prefill(1024, 1024), Transport::P2p)
        };
        for capability in [(8, 0), (8, 6), (8, 9), (9, 0), (10, 0), (12, 0)] {
            assert_eq!(on(capability), None, "{capability:?}");
        }
        let text = on((7, 5)).unwrap();
        assert!(text.contains("8.0 or later"), "{text}");
    }
}
