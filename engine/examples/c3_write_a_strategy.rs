//! Step 3: write your own strategy, and race it: the weave without its joins. Both halves of the tokens take turns, and each
//! waits only for its own fused all-reduce + norm. It is 6 % slower here: the joins are not what costs.
//!
//! `cargo run -p weftscope-engine --example c3_write_a_strategy`

use std::{error::Error, sync::Arc};

use weftscope_engine::{
    batch::Batch,
    executor::Executor,
    machine, model,
    observer::NullObserver,
    plan::{At, Collective, Op, OpId, Phase, SplitDecision, plan, plan_with},
    sim::Simulator,
    spec::{Knobs, RunSpec, Transport},
    split::HeldSms,
    strategy::Run,
};

fn free_weave(run: Run<'_>, split: &SplitDecision) -> Vec<Op> {
    let (attn, mlp, fused) = (split.attn_ctas, split.mlp_ctas, Collective::FusedArNorm);
    let mut ops = run.builder(Transport::Multimem);
    // GEMMs choose tiles for the SMs that the other half's collective leaves them.
    ops.beside(HeldSms::throughout(attn, mlp));
    let (halves, outside) = (run.parts(split), At::compute(None, Phase::None));
    for half in &halves {
        ops.embed(outside, half);
        ops.collective(outside, half, Collective::AllReduce, None, &[]);
        ops.first_norm(outside, half, half.rows, &[]);
    }
    let mut normed: [Vec<OpId>; 2] = Default::default();
    for layer in (0..run.layers).map(Some) {
        let (here, beside) = (At::compute(layer, Phase::None), At::comm(layer, Phase::None));
        for (half, normed) in halves.iter().zip(&mut normed) {
            let end = ops.attention_block(here, half, normed);
            *normed = vec![ops.collective(beside, half, fused, Some(attn), &[end])];
        }
        for (half, normed) in halves.iter().zip(&mut normed) {
            let end = ops.mlp_block(here, half, normed);
            *normed = vec![ops.collective(beside, half, fused, Some(mlp), &[end])];
        }
    }
    ops.lm_head(outside, &run.whole(1), run.num_sequences(), &normed.concat());
    ops.finish()
}

fn main() -> Result<(), Box<dyn Error>> {
    let model = model::builtin("llama-3.3-70b").ok_or("no such model")?;
    let machine = machine::builtin("h100x8").ok_or("no such machine")?;
    let knobs = Knobs { tp: 8, layers: Some(4), ..Knobs::default() };
    let woven = plan(&RunSpec { model, machine, batch: Batch::prefill(8192, 8192), knobs })?;
    let split = woven.decision.split.as_ref().ok_or("the batch is not cut")?;
    let free = plan_with(&woven.spec, "free weave", |run| free_weave(run, split))?;
    for plan in [woven.clone(), free].map(Arc::new) {
        let time = Simulator::new(&plan.spec.machine).run(&plan, 0, &mut NullObserver)?;
        println!("{:12} {} ns", plan.decision.name(), time.end_ns - time.start_ns);
    }
    Ok(())
}
