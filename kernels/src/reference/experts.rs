use super::{gemm, gemm_silu_mul};

/// Each row's `top_k` largest of `experts` scores, of equals the first, `[rows, pitch]` scores in: ids and weights,
/// `[rows, top_k]`. Weights are the softmax over all experts, made to sum to 1 where `renormalise` (Shazeer et al. 2017;
/// Mixtral renormalises, Qwen2-MoE does not).
pub fn top_k(
    scores: &[f64],
    (pitch, experts): (usize, usize),
    top_k: usize,
    renormalise: bool,
) -> (Vec<u32>, Vec<f64>) {
    let (mut ids, mut weights) = (Vec::new(), Vec::new());
    for row in scores.chunks_exact(pitch) {
        let row = &row[..experts];
        let top = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let exps: Vec<f64> = row.iter().map(|score| (score - top).exp()).collect();
        let mut order: Vec<usize> = (0..experts).collect();
        order.sort_by(|&a, &b| row[b].total_cmp(&row[a]).then(a.cmp(&b)));
        let chosen = &order[..top_k];
        let sum: f64 = match renormalise {
            true => chosen.iter().map(|&expert| exps[expert]).sum(),
            false => exps.iter().sum(),
        };
        ids.extend(chosen.iter().map(|&expert| expert as u32));
        weights.extend(chosen.iter().map(|&expert| exps[expert] / sum));
    }
    (ids, weights)
}

/// Where entries lie that are sorted by expert and keep their order within one: the place of each, and the first of each
/// expert, `[experts + 1]`.
pub fn places_by_expert(ids: &[u32], experts: usize) -> (Vec<u32>, Vec<u32>) {
    let mut first = vec![0; experts + 1];
    for &id in ids {
        first[id as usize + 1] += 1;
    }
    for expert in 0..experts {
        first[expert + 1] += first[expert];
    }
    let mut next = first.clone();
    let place = |&id: &u32| {
        next[id as usize] += 1;
        next[id as usize] - 1
    };
    (ids.iter().map(place).collect(), first)
}

/// Rows of each expert, `first[e]..first[e + 1]` of `a`, times its own matrix, `[n, k]` (`[2n, k]` of gates and what they
/// gate where `silu_mul`) out of those that lie behind one another in `b`.
pub fn grouped_gemm(
    a: &[f64],
    b: &[f64],
    first: &[u32],
    (n, k): (usize, usize),
    silu_mul: bool,
) -> Vec<f64> {
    let each = if silu_mul { 2 * n * k } else { n * k };
    let mut out = Vec::new();
    for (ends, b) in first.windows(2).zip(b.chunks_exact(each)) {
        let (begin, end) = (ends[0] as usize, ends[1] as usize);
        let (rows, sizes) = (&a[begin * k..end * k], (end - begin, n, k));
        out.extend(if silu_mul { gemm_silu_mul(rows, b, sizes) } else { gemm(rows, b, sizes) });
    }
    out
}

/// What a token's experts gave, `[entries, hidden]` in the order of experts, weighted and summed: `[tokens, hidden]`.
pub fn combine(
    routed: &[f64],
    places: &[u32],
    weights: &[f64],
    hidden: usize,
    top_k: usize,
) -> Vec<f64> {
    let tokens = places.chunks_exact(top_k).zip(weights.chunks_exact(top_k));
    let sum = |(places, weights): (&[u32], &[f64])| {
        let mut row = vec![0.0; hidden];
        for (&place, weight) in places.iter().zip(weights) {
            let from = &routed[place as usize * hidden..][..hidden];
            row.iter_mut().zip(from).for_each(|(sum, x)| *sum += weight * x);
        }
        row
    };
    tokens.flat_map(sum).collect()
}
