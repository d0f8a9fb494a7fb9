//! Groups of made-up ranks: each kind by its ops, names before ops, and what is not known.

use super::*;

fn count(
    operation: &str,
    ops: u64,
    in_layers: u64,
    layers: u64,
    bytes: Option<i64>,
) -> OperationCount {
    OperationCount { operation: operation.to_owned(), ops, in_layers, layers, most_bytes: bytes }
}

/// One group of ranks 0 to 3, all of which tell the same.
fn group(name: &str, has_layers: bool, operations: &[OperationCount]) -> (GroupKind, Why) {
    let ops = GroupOps {
        ranks: "0-3".to_owned(),
        name: name.to_owned(),
        operations: operations.to_vec(),
    };
    let rank = |rank| RankGroups { rank, has_layers, groups: vec![ops.clone()] };
    let found = groups_of(&(0..4).map(rank).collect::<Vec<_>>());
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].ranks, [0, 1, 2, 3]);
    (found[0].kind, found[0].why)
}

const MIB: Option<i64> = Some(1 << 20);

/// Ops of 10 layers in 2 iterations.
#[test]
fn what_runs_in_a_group_tells_its_kind() {
    let all_reduces = [count("all_reduce", 40, 40, 20, None)];
    assert_eq!(group("", true, &all_reduces), (GroupKind::Tensor, Why::SumsInLayers));
    let fused = [count("fused_ar_norm", 44, 40, 20, None), count("all_gather", 2, 0, 0, None)];
    assert_eq!(group("", true, &fused), (GroupKind::Tensor, Why::SumsInLayers));
    let shards = [count("reduce_scatter", 40, 40, 20, None), count("all_gather", 40, 40, 20, None)];
    assert_eq!(group("", true, &shards), (GroupKind::Tensor, Why::ShardsInLayers));
    // Weights are gathered for the forward pass and for the backward one, gradients are scattered once.
    let fsdp = [count("reduce_scatter", 20, 20, 20, MIB), count("all_gather", 40, 40, 20, MIB)];
    assert_eq!(group("", true, &fsdp), (GroupKind::Data, Why::GradientsOfLayers));
    let gradients = [count("all_reduce", 2, 0, 0, MIB)];
    assert_eq!(group("", true, &gradients), (GroupKind::Data, Why::OutsideLayers));
    let sends = [count("send_recv", 8, 0, 0, None)];
    assert_eq!(group("", true, &sends), (GroupKind::Pipeline, Why::Sends));
    let exchanges = [count("all_to_all", 80, 80, 20, None), count("all_gather", 20, 20, 20, None)];
    assert_eq!(group("", true, &exchanges), (GroupKind::Expert, Why::Exchanges));
}

#[test]
fn what_nothing_tells_is_not_known() {
    let unknown = (GroupKind::Unknown, Why::Nothing);
    // A flag that all agree on; gradients of which no size is known; collectives of recordings that know no layers.
    assert_eq!(group("", true, &[count("all_reduce", 2, 0, 0, Some(8))]), unknown);
    assert_eq!(group("", true, &[count("all_reduce", 2, 0, 0, None)]), unknown);
    assert_eq!(group("", false, &[count("all_reduce", 2, 0, 0, MIB)]), unknown);
    // A ring within layers; weights that are gathered, and no gradients.
    assert_eq!(group("", true, &[count("send_recv", 40, 40, 20, None)]), unknown);
    assert_eq!(group("", true, &[count("all_gather", 40, 40, 20, None)]), unknown);
    assert_eq!(group("", true, &[]), unknown);
}

#[test]
fn a_name_tells_it_first_and_one_that_says_two_things_tells_none() {
    // Against what the ops look like: vLLM's, Megatron-LM's and PyTorch's names.
    let all_reduces = [count("all_reduce", 40, 40, 20, None)];
    for (name, kind) in [
        ("tp:0", GroupKind::Tensor),
        ("TENSOR_MODEL_PARALLEL_GROUP", GroupKind::Tensor),
        ("mesh_tp", GroupKind::Tensor),
        ("DATA_PARALLEL_GROUP", GroupKind::Data),
        ("mesh_fsdp", GroupKind::Data),
        ("dp2", GroupKind::Data),
        ("replicas", GroupKind::Data),
        ("EXPERT_MODEL_PARALLEL_GROUP", GroupKind::Expert),
        ("ep", GroupKind::Expert),
        ("PIPELINE_MODEL_PARALLEL_GROUP", GroupKind::Pipeline),
    ] {
        assert_eq!(group(name, true, &all_reduces), (kind, Why::Name), "{name}");
    }
    for name in ["TENSOR_AND_DATA_PARALLEL_GROUP", "CONTEXT_PARALLEL_GROUP", "mesh_cp", "moe_tp"] {
        assert_eq!(group(name, true, &all_reduces), (GroupKind::Unknown, Why::Nothing), "{name}");
    }
    // These say nothing of it, and letters within words neither.
    for name in ["default_pg", "world", "17", "step", "adapters"] {
        assert_eq!(
            group(name, true, &all_reduces),
            (GroupKind::Tensor, Why::SumsInLayers),
            "{name}"
        );
    }
}

#[test]
fn pairs_that_send_are_one_pipeline() {
    let pair = |ranks: &str| GroupOps {
        ranks: ranks.to_owned(),
        name: String::new(),
        operations: vec![count("send_recv", 4, 0, 0, None)],
    };
    // Two pipelines of three stages; of the last rank of the second there is no digest.
    let told = [
        (0, &["0,2"][..]),
        (1, &["1,3"]),
        (2, &["0,2", "2,4"]),
        (3, &["1,3", "3,5"]),
        (4, &["2,4"]),
    ];
    let rank = |(rank, pairs): (u32, &[&str])| RankGroups {
        rank,
        has_layers: true,
        groups: pairs.iter().map(|ranks| pair(ranks)).collect(),
    };
    let found = groups_of(&told.map(rank));
    let ranks: Vec<&[u32]> = found.iter().map(|group| &group.ranks[..]).collect();
    assert_eq!(ranks, [[0, 2, 4], [1, 3, 5]]);
    assert!(found.iter().all(|group| group.kind == GroupKind::Pipeline));
}

/// Oracle: the words' own writer.
#[test]
fn ranks_come_out_of_words_as_they_went_in() {
    for ranks in [vec![0], vec![0, 1, 2, 3], vec![3, 11, 19], vec![0, 5, 8, 9, 10], vec![7, 9]] {
        let words = crate::digest::rank_ranges(&ranks);
        assert_eq!(ranks_of_ranges(&words), Some(ranks), "{words}");
    }
    for name in ["tp:0", "default_pg", "", "3-1", "0-9/0", "0-4294967295"] {
        assert_eq!(ranks_of_ranges(name), None, "{name}");
    }
}

/// A group that is not listed has those ranks that tell of it; one of a single rank is none.
#[test]
fn members_are_who_is_listed_and_who_tells() {
    let of = |ranks: &str, name: &str| GroupOps {
        ranks: ranks.to_owned(),
        name: name.to_owned(),
        operations: vec![count("all_reduce", 4, 4, 4, None)],
    };
    let told: Vec<RankGroups> = [2, 6]
        .map(|rank| RankGroups {
            rank,
            has_layers: true,
            groups: vec![of("tp:1", "tp:1"), of(&rank.to_string(), ""), of("0-7", "")],
        })
        .to_vec();
    let found = groups_of(&told);
    let ranks: Vec<&[u32]> = found.iter().map(|group| &group.ranks[..]).collect();
    assert_eq!(ranks, [&[0, 1, 2, 3, 4, 5, 6, 7][..], &[2, 6]]);
}

#[test]
fn parts_of_a_digest_tell_together_what_one_would() {
    let told = |rows: &[(&str, &str, &str, u64)]| {
        let mut all = RankGroups { rank: 3, ..RankGroups::default() };
        for (ranks, name, operation, bytes) in rows {
            let (_, _, count) = all.count_of((ranks, name), operation);
            count.ops += 1;
            count.most_bytes = count.most_bytes.max(Some(*bytes as i64));
        }
        all
    };
    let rows = [
        ("0-7", "tp", "all_reduce", 10),
        ("3, 11", "", "send", 7),
        ("0-7", "tp", "all_reduce", 20),
        ("0-7", "tp", "all_gather", 5),
        ("0-7", "other", "all_reduce", 1),
    ];
    for cut in 0..=rows.len() {
        let mut all = told(&rows[..cut]);
        all.add(told(&rows[cut..]));
        assert_eq!(all, told(&rows), "{cut}");
    }
}
