//! Recordings made up: layers with and without halves, noise, several passes, training, and what must be refused.

use proptest::prelude::*;

use crate::analysis::testing::trace;
use crate::analysis::{Config, Ops, RankStructure, StructureBasis, phases};
use crate::model::Phase;

/// Ops of one stream, one behind the other, as `kind name` words.
struct Written {
    text: String,
    at_ns: i64,
}

impl Written {
    fn new() -> Self {
        Self { text: "rank 0\nstream 7: ".to_owned(), at_ns: 0 }
    }

    fn ops(&mut self, ops: &str) {
        for op in ops.split_whitespace() {
            let (kind, name) = op.split_once('.').unwrap_or((op, op));
            self.text += &format!("{kind} {}..{} {name}; ", self.at_ns, self.at_ns + 10);
            self.at_ns += 12;
        }
    }
}

const LAYER: &str = "gemm.qkv elementwise.rope attention.fa gemm.o comm.ar norm.add_norm \
                     gemm.up elementwise.silu gemm.down comm.ar norm.add_norm";

fn structure(text: &str) -> (RankStructure, Vec<Option<u32>>) {
    let trace = trace(text);
    let mut ops = Ops::of(&trace, &Config::default());
    let rank = ops.ranks.remove(0);
    (rank.structure, rank.ops.iter().map(|op| op.place.layer).collect())
}

/// Layers as ops were written: head, `layers` of `per_layer` ops, tail.
fn expected(head: usize, layers: u32, per_layer: usize, tail: usize) -> Vec<Option<u32>> {
    let layers = (0..layers).flat_map(|layer| std::iter::repeat_n(Some(layer), per_layer));
    let outside = |count| std::iter::repeat_n(None, count);
    outside(head).chain(layers).chain(outside(tail)).collect()
}

#[test]
fn layers_of_one_pass() {
    let mut written = Written::new();
    written.ops("elementwise.embed norm.first");
    (0..5).for_each(|_| written.ops(LAYER));
    written.ops("gemm.logits elementwise.sample");
    let (structure, layers) = structure(&written.text);
    assert_eq!(
        structure.sentence(),
        "1 pass of 5 layers, told by the order of kernels on stream 7; 93.2 % of its 59 ops lie in them."
    );
    assert_eq!(layers, expected(2, 5, 11, 2));
}

/// Of tokens in one piece, nothing hides the collective that ends a block: the norm behind it is none of its computation.
#[test]
fn blocks_in_one_piece_have_their_collectives_stick_out() {
    let mut written = Written::new();
    written.ops("elementwise.embed norm.first");
    (0..5).for_each(|_| written.ops(LAYER));
    let trace = trace(&written.text);
    let report = phases(&Ops::of(&trace, &Config::default()));
    let rows: Vec<_> = report
        .summary
        .iter()
        .map(|row| (row.phase, row.count, row.median_slack_ns, row.sum.exposed_ns))
        .collect();
    // An op of 10 ns begins every 12: a collective ends 12 ns after the product before it.
    let expected = [(Phase::A, 5, Some(-12), 50), (Phase::C, 5, Some(-12), 50)];
    assert_eq!((rows.as_slice(), report.tightest), (&expected[..], None));
}

#[test]
fn passes_end_where_more_stands_between() {
    let mut written = Written::new();
    for _ in 0..3 {
        written.ops("elementwise.embed norm.first");
        (0..4).for_each(|_| written.ops(LAYER));
        written.ops("gemm.logits elementwise.sample");
    }
    let (structure, layers) = structure(&written.text);
    assert_eq!(structure.passes.iter().map(|it| it.layers).collect::<Vec<_>>(), [4, 4, 4]);
    assert_eq!(layers, expected(2, 4, 11, 2).repeat(3));
}

#[test]
fn another_kernel_for_one_layer_and_a_stray_one_change_nothing() {
    let mut written = Written::new();
    for pass in 0..2 {
        written.ops("elementwise.embed norm.first");
        for layer in 0..6 {
            let mut ops = LAYER.to_owned();
            if layer == 0 {
                ops = ops.replace("gemm.up", "gemm.up_other");
            }
            if pass == 1 && layer == 2 {
                ops = ops.replace("elementwise.silu", "elementwise.silu elementwise.stray");
            }
            written.ops(&ops);
        }
        written.ops("gemm.logits elementwise.sample elementwise.copy");
    }
    let (structure, layers) = structure(&written.text);
    assert_eq!(structure.basis, StructureBasis::Order);
    let mut wanted = expected(2, 6, 11, 3).repeat(2);
    wanted.insert(2 + 6 * 11 + 3 + 2 + 2 * 11 + 8, Some(2));
    assert_eq!(layers, wanted);
}

/// What only prepares attention is called so, too, once a pass; one layer has another attention kernel.
#[test]
fn an_attention_is_told_by_what_stands_beside_it() {
    let mut written = Written::new();
    for pass in 0..2 {
        written.ops("elementwise.embed attention.indices norm.first");
        for layer in 0..6 {
            let is_other = pass == 1 && layer == 3;
            let ops = LAYER
                .replace("attention.fa", if is_other { "attention.fb" } else { "attention.fa" });
            written.ops(&ops);
        }
        written.ops("gemm.logits elementwise.sample");
    }
    let (structure, layers) = structure(&written.text);
    assert_eq!(structure.passes.iter().map(|it| it.layers).collect::<Vec<_>>(), [6, 6]);
    assert_eq!(layers, expected(3, 6, 11, 2).repeat(2));
}

/// Halves on streams of their own are not told apart, and not denied.
#[test]
fn a_second_stream_with_the_same_kernels_is_told() {
    let mut written = Written::new();
    (0..5).for_each(|_| written.ops(LAYER));
    let first = written.text.clone();
    let other = first.replace("rank 0\nstream 7", "\nstream 8");
    let (structure, _) = structure(&(first + &other));
    let streams =
        structure.twin_stream.map(|twin| [twin.min(structure.stream), twin.max(structure.stream)]);
    assert_eq!(streams, Some([7, 8]));
    assert!(structure.remarks()[0].contains("runs the same kernels"), "{structure:?}");
}

/// Dense layers first, then others with experts, of which not always as many run.
#[test]
fn layers_of_two_sorts_are_counted_through() {
    let experts = |count: usize| {
        let ffn = "gemm.router elementwise.topk ".to_owned()
            + &"gemm.expert elementwise.act gemm.expert2 ".repeat(count);
        LAYER.replace("gemm.up elementwise.silu gemm.down", ffn.trim())
    };
    let mut written = Written::new();
    let mut wanted = Vec::new();
    for _ in 0..3 {
        written.ops("elementwise.embed norm.first");
        wanted.extend([None; 2]);
        for layer in 0..9_u32 {
            let ops = if layer < 3 { LAYER.to_owned() } else { experts(4 + layer as usize % 2) };
            wanted.extend(std::iter::repeat_n(Some(layer), ops.split_whitespace().count()));
            written.ops(&ops);
        }
        written.ops("gemm.logits elementwise.a elementwise.b elementwise.c elementwise.d elementwise.e elementwise.f");
        wanted.extend([None; 7]);
    }
    let (structure, layers) = structure(&written.text);
    assert_eq!(
        structure.passes.iter().map(|it| it.layers).collect::<Vec<_>>(),
        [9, 9, 9],
        "{structure:?}"
    );
    assert_eq!(layers, wanted);
}

#[test]
fn a_backward_pass_has_its_layers_last_first() {
    let backward = "gemm.down_dgrad gemm.down_wgrad elementwise.act_bwd gemm.up_dgrad gemm.up_wgrad norm.norm_bwd \
                    gemm.o_dgrad gemm.o_wgrad attention.fa_bwd gemm.qkv_dgrad gemm.qkv_wgrad norm.norm_bwd";
    let forward = LAYER.replace("comm.ar ", "");
    let mut written = Written::new();
    for _ in 0..2 {
        written.ops("elementwise.embed norm.first");
        (0..3).for_each(|_| written.ops(&forward));
        written.ops("gemm.logits elementwise.loss gemm.logits_dgrad norm.final_bwd");
        (0..3).for_each(|_| written.ops(backward));
        written.ops("elementwise.adam elementwise.adam2");
    }
    let (structure, layers) = structure(&written.text);
    assert_eq!(
        structure.sentence().split(',').next(),
        Some("2 forward passes of 3 layers and 2 backward passes of 3 layers")
    );
    let forward = expected(2, 3, 9, 4);
    let back = expected(0, 3, 12, 2).into_iter().map(|layer| layer.map(|layer| 2 - layer));
    let wanted: Vec<_> = forward.into_iter().chain(back).collect();
    assert_eq!(layers, wanted.repeat(2));
}

#[test]
fn without_attention_the_period_tells() {
    let mut written = Written::new();
    let layer = "gemm.in elementwise.conv other.scan gemm.out norm.rms comm.ar";
    (0..7).for_each(|_| written.ops(layer));
    let (structure, layers) = structure(&written.text);
    assert_eq!(
        (structure.basis, structure.passes.len()),
        (StructureBasis::Order, 1),
        "{structure:?}"
    );
    assert_eq!(layers.iter().flatten().max(), Some(&6));
}

/// As often with a stray kernel as without: the last layer ends where the others do.
#[test]
fn the_same_stray_kernel_in_half_of_the_layers_is_none_of_theirs() {
    let layer = "gemm.qkv attention.fa gemm.o gemm.up gemm.down norm.a norm.b norm.last";
    let mut written = Written::new();
    written.ops("elementwise.embed");
    for number in 0..5 {
        let stray = layer.replace("gemm.down", "gemm.down elementwise.stray");
        written.ops(if number % 2 == 1 { &stray } else { layer });
    }
    let (_, layers) = structure(&written.text);
    let mut wanted = vec![None];
    for (number, len) in (0..).zip([8, 9, 8, 9, 8]) {
        wanted.extend(std::iter::repeat_n(Some(number), len));
    }
    assert_eq!(layers, wanted);
}

/// One letter of a random alphabet: kind and name.
fn op() -> impl Strategy<Value = String> {
    let kinds = ["gemm", "norm", "elementwise", "attention", "comm"];
    (0..kinds.len(), 0..4_u8).prop_map(move |(kind, name)| format!("{}.n{name}", kinds[kind]))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_repeats_is_found_whatever_it_is(
        layer in proptest::collection::vec(op(), 6..14),
        count in 5..12_u32,
        strays in proptest::collection::vec((0..400_usize, op()), 0..3),
    ) {
        let is = |op: &String, kind: &str| op.starts_with(kind);
        let mut layer = layer;
        layer.retain(|op| !is(op, "attention"));
        layer.insert(0, "gemm.qkv".to_owned());
        layer.insert(1, "attention.fa".to_owned());
        layer.insert(2, "gemm.o".to_owned());
        layer.push("norm.last".to_owned());
        let mut all: Vec<(String, Option<u32>)> = vec![("elementwise.embed".to_owned(), None)];
        for number in 0..count {
            all.extend(layer.iter().map(|op| (op.clone(), Some(number))));
        }
        // Kernels that belong to nothing, no two in neighbouring layers: two together could be the end of a pass.
        let mut hit = std::collections::BTreeSet::new();
        for (at, _) in strays {
            let at = 1 + at % (all.len() - 1);
            if let Some(number) = all[at].1.filter(|number| !hit.contains(number)) {
                all.insert(at, ("elementwise.stray".to_owned(), Some(number)));
                hit.extend([number.saturating_sub(1), number, number + 1]);
            }
        }
        let mut written = Written::new();
        all.iter().for_each(|(op, _)| written.ops(op));
        let (structure, layers) = structure(&written.text);
        prop_assert_eq!(structure.basis, StructureBasis::Order, "{:?}", structure);
        // What counts is every op up to strays at the edge of a layer.
        let wrong = layers.iter().zip(&all).filter(|(found, op)| **found != op.1 && !op.0.contains("stray"));
        prop_assert_eq!(wrong.count(), 0, "{:?} {:?}", layers, structure);
    }

    #[test]
    fn what_does_not_repeat_is_refused(ops in proptest::collection::vec(op(), 0..400)) {
        let mut written = Written::new();
        ops.iter().for_each(|op| written.ops(op));
        if !ops.is_empty() {
            let (structure, layers) = structure(&written.text);
            prop_assert_eq!(structure.basis, StructureBasis::Unknown, "{:?}", structure);
            prop_assert!(layers.iter().all(Option::is_none));
        }
    }
}
