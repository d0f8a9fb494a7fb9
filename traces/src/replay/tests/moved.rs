//! Another machine and another degree of tensor parallelism against arithmetic.

use std::sync::Arc;

use super::*;
use crate::model::Trace;

/// Whatever is not given: so fast that it is never what bounds.
fn rates(name: &str) -> MachineRates {
    MachineRates {
        name: name.to_owned(),
        gpu: format!("GPU of {name}"),
        kernels: "somebody's products".to_owned(),
        gpus: 8,
        sms: 100,
        gemm_flops_per_s: 1e17,
        gemm_sm_flops_per_s: 1e13,
        gemm_fixed_ns: 0.0,
        attention_sm_flops_per_s: 1e13,
        attention_fixed_ns: 0.0,
        hbm_bytes_per_s: 1e12,
        norm_sm_bytes_per_s: 1e12,
        pointwise_sm_bytes_per_s: 1e12,
        memory_latency_ns: 0.0,
        block_start_ns: 0.0,
        link: LinkRates {
            bytes_per_s: 1e11,
            sm_bytes_per_s: 1e11,
            latency_ns: 0.0,
            setup_ns: 0.0,
            flag_ns: 0.0,
            row_ns: [0.0; 2],
            multimem_bytes_per_s: None,
            nccl_bytes_per_s: 1e11,
            nccl_base_ns: 0.0,
            nccl_fill_ns: 0.0,
            nccl_fill_bytes: 1e6,
        },
    }
}

/// One machine, `other` by name, and what the recording was made on.
struct Two {
    own: MachineRates,
    other: MachineRates,
}

impl Two {
    fn with(change: impl FnOnce(&mut MachineRates)) -> Self {
        let mut other = rates("other");
        change(&mut other);
        Self { own: rates("own"), other }
    }
}

impl Machines for Two {
    fn named(&self, name: &str) -> Result<Arc<MachineRates>, String> {
        let known = [&self.own, &self.other].into_iter().find(|known| known.name == name);
        known.cloned().map(Arc::new).ok_or_else(|| format!("no machine {name:?}"))
    }

    fn recorded_on(&self, _like: Option<&MachineRates>) -> Option<Arc<MachineRates>> {
        Some(Arc::new(self.own.clone()))
    }
}

fn changed(trace: &Trace, edit: &str, machines: &dyn Machines) -> Edited {
    let edits = Edit::parse(edit, machines).expect("an edit");
    replay_of(trace).edited(&edits).expect("there is something to change")
}

fn works(edited: &Edited) -> Vec<f64> {
    edited.replay.ops.iter().map(|op| op.work_ns.round()).collect()
}

/// A product of 150 tiles with 1e12 operations, a norm of 1e9 bytes, an all-reduce of 2e8 bytes over the link, and what says nothing of itself.
fn sized() -> Trace {
    trace(
        "measured\nsms 100\nrank 0\n stream 7: gemm 0..2000000 up flops=1e12 grid=150; norm 2000000..3000000 norm bytes=1e9 grid=1; comm 3000000..5000000 ncclAllReduce link=2e8 grid=4; attention 5000000..6000000 attn; norm 6000000..6500000 norm2",
    )
}

#[test]
fn on_the_same_machine_nothing_changes() {
    let recorded = sized();
    let same = changed(&recorded, "machine=own", &Two::with(|_| {}));
    assert_eq!(works(&same), [2e6, 1e6, 2e6, 1e6, 5e5]);
    assert_eq!(same.notes[0].matches("kept").count(), 1, "{}", same.notes[0]);
}

/// Oracle: formulas by hand. 150 tiles are two waves on 100 SMs and one on 200.
#[test]
fn ops_take_the_ratio_of_what_both_machines_allow() {
    let recorded = sized();
    let faster = |change: fn(&mut MachineRates)| {
        works(&changed(&recorded, "machine=other", &Two::with(change)))
    };
    assert_eq!(faster(|to| to.sms = 200), [1e6, 1e6, 2e6, 1e6, 5e5]);
    let halved = faster(|to| {
        to.gemm_sm_flops_per_s = 5e12;
        to.hbm_bytes_per_s = 5e11;
    });
    assert_eq!(
        halved,
        [4e6, 2e6, 2e6, 1e6, 1e6],
        "no shape: the norm by bandwidth, attention kept"
    );
    // All SMs together sustain less: 1e12 operations take 2.5 ms where tiles would take 1.33.
    let limit = faster(|to| to.gemm_flops_per_s = 4e14);
    assert_eq!(limit[0], (2e6 * 2.5e6_f64 / (2e12 / 1.5e15 * 1e9)).round());
    let linked = faster(|to| to.link.nccl_bytes_per_s = 2e11);
    assert_eq!(linked, [2e6, 1e6, 1e6, 1e6, 5e5]);
    // Another 2 ms of base: 4 instead of 2 by formula.
    let late = faster(|to| to.link.nccl_base_ns = 2e6);
    assert_eq!(late[2], 4e6);
}

/// Of 100 SMs collectives leave 90, on which 180 tiles are two waves; of 200 they leave 190.
#[test]
fn what_collectives_hold_is_no_place_for_tiles() {
    let recorded = trace(
        "measured\nsms 100\nrank 0\n stream 7: gemm 0..2000000 up flops=1e12 grid=180 sms=90",
    );
    let work =
        |sms: u32| works(&changed(&recorded, "machine=other", &Two::with(|to| to.sms = sms)))[0];
    assert_eq!([work(200), work(189), work(190), work(99)], [1e6, 2e6, 1e6, 3e6]);
}

#[test]
fn what_is_predicted_is_of_the_other_machine() {
    let recorded = sized();
    let ops = Ops::of(&recorded, &Config::default());
    let edits = Edit::parse("machine=other", &Two::with(|to| to.sms = 50)).expect("an edit");
    let answer = Answer::of(&ops, &Prepared::of(&ops), &edits).expect("an answer");
    let device = &answer.predicted.meta.ranks[0].device;
    assert_eq!((device.name.as_str(), device.sms), ("GPU of other", 50));
    assert!(
        answer.predicted.labels.iter().all(|label| label.facts.is_none()),
        "they are of its plan"
    );
    assert!(answer.measured_error.is_none() && answer.simulated_error.is_some());
}

#[test]
fn a_machine_that_does_not_fit_is_refused() {
    let two = trace(&layers(2));
    let fails = |edit: &str, machines: &dyn Machines| {
        let edits = Edit::parse(edit, machines).expect("an edit");
        replay_of(&two).edited(&edits).expect_err("refused").to_string()
    };
    let small = fails("machine=other", &Two::with(|to| to.gpus = 1));
    assert!(small.ends_with("other has 1 GPU, and 2 ranks were recorded"), "{small}");
    struct Unrecorded(Two);
    impl Machines for Unrecorded {
        fn named(&self, name: &str) -> Result<Arc<MachineRates>, String> {
            self.0.named(name)
        }
        fn recorded_on(&self, _like: Option<&MachineRates>) -> Option<Arc<MachineRates>> {
            None
        }
    }
    let unknown = Unrecorded(Two::with(|_| {}));
    let told = fails("machine=other", &unknown);
    assert!(told.ends_with("write machine=FROM:other"), "{told}");
    assert!(
        replay_of(&two)
            .edited(&Edit::parse("machine=own:other", &unknown).expect("an edit"))
            .is_ok()
    );
    let told = Edit::parse("machine=none", &unknown).expect_err("no such machine").to_string();
    assert_eq!(told, "machine=none: no machine \"none\"");
}

/// Norms stay, products have half of their columns or sum over half; an all-reduce of 4 ranks instead of 2 moves 1.5 times the
/// bytes. Fixed times (3.33 µs of a kernel, 10.33 of a collective) stay.
#[test]
fn twice_the_ranks_have_half_of_the_products_each() {
    let recorded = trace(&layers(2));
    let four = changed(&recorded, "tp=4", &NoMachines);
    let replay = &four.replay;
    assert_eq!(replay.ranks, [0, 1, 2, 3]);
    assert_eq!(replay.groups.iter().map(Vec::len).collect::<Vec<_>>(), [4; 4]);
    let [half, more] =
        [|ns: f64| 3330.0 + (ns - 3330.0) / 2.0, |ns: f64| 10_330.0 + (ns - 10_330.0) * 1.5];
    let layer = [200_000.0, half(1.8e6), more(1e6), half(1e6), more(1e6)];
    for rank in 0..4 {
        let works = replay.ops.iter().filter(|op| op.rank == rank).map(|op| op.work_ns);
        let works: Vec<f64> = works.collect();
        assert_eq!(works, [layer, layer].concat(), "rank {rank}");
    }
    let expected: f64 = 2.0 * layer.iter().sum::<f64>();
    assert!((end_ns(replay) as f64 - expected).abs() < 12.0, "{} {expected}", end_ns(replay));
    // Back again: as it was.
    let edits = Edit::parse("tp=2", &NoMachines).expect("an edit");
    let back = replay.edited(&edits).expect("there is something to change").replay;
    assert_eq!(back.ranks, [0, 1]);
    assert!((end_ns(&back) - 10_000_000).abs() < 12, "{}", end_ns(&back));
    let again = replay_of(&recorded).edited(&edits).expect_err("it is so").to_string();
    assert!(again.ends_with("2 ranks share the work already"), "{again}");
}

#[test]
fn one_rank_communicates_with_none() {
    let recorded = trace(&layers(2));
    let alone = changed(&recorded, "tp=1", &NoMachines).replay;
    assert_eq!(alone.ranks, [0]);
    assert!(alone.ops.iter().all(|op| op.kind != Kind::Comm));
    let double = |ns: i64| 2 * (ns - 3330) + 3330;
    assert!((end_ns(&alone) - 2 * (200_000 + double(1_800_000) + double(1_000_000))).abs() < 12);
    let silent = trace("rank 0\n stream 7: gemm 0..100 a");
    let told = replay_of(&silent).edited(&Edit::parse("tp=2", &NoMachines).expect("an edit"));
    assert!(told.expect_err("nothing").to_string().ends_with("where ranks meet is not known"));
}

/// A product before a collective sums over a shard: as many tiles, each shorter. The one before it has fewer tiles: one wave less.
#[test]
fn tiles_and_depth_are_told_apart() {
    let text = "measured\nsms 100\nrank 0\n stream 7: gemm 0..2000000 up flops=1e12 grid=150; gemm 2000000..4000000 down flops=1e12 grid=150; comm 4000000..5000000 ar op=2 grid=8\nrank 1\n stream 7: gemm 0..2000000 up flops=1e12 grid=150; gemm 2000000..4000000 down flops=1e12 grid=150; comm 4000000..5000000 ar op=2 grid=8";
    let recorded = trace(text);
    let mut machines = Two::with(|_| {});
    machines.own.gemm_fixed_ns = 500.0;
    let four = changed(&recorded, "tp=4", &machines);
    let tile_ns = 1e12 / 150.0 / 1e13 * 1e9;
    let before = 2.0 * (500.0 + tile_ns);
    let columns = 500.0 + 0.5e12 / 75.0 / 1e13 * 1e9;
    let depth = 2.0 * (500.0 + tile_ns / 2.0);
    let expected = [columns, depth].map(|after: f64| (2e6 * after / before).round());
    assert_eq!(works(&four)[..2], expected);
}

#[test]
fn what_is_fused_is_named_so() {
    let recorded = trace(&layers(2));
    let ops = Ops::of(&recorded, &Config::default());
    let edits = Edit::parse("fuse-norm", &NoMachines).expect("an edit");
    let answer = Answer::of(&ops, &Prepared::of(&ops), &edits).expect("an answer");
    let mut names: Vec<&str> =
        answer.predicted.labels.iter().map(|label| label.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    assert!(names.contains(&"ar2 fused with norm"), "{names:?}");
    let matched = Replay::of(&Ops::of(&answer.predicted, &Config::default()));
    assert_eq!(matched.groups.len(), 4, "it is still one collective");
}
