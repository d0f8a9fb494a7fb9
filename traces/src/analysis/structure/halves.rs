//! Two token sets a layer: attention of both, then the feed-forward of both, on one stream.
//!
//! Between the attention of one and that of the other stand fewer products (an output projection, then queries, keys and
//! values) than before the next layer's, where both feed-forward blocks stand. That these are two of the same is tried.

use super::alike::likeness;
use super::anchors::Anchor;
use super::sequence::{Letter, positions_of_gemms};

/// Products of the blocks of a layer, of one half.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Products {
    /// Before attention.
    pub(super) before: usize,
    /// Behind it, up to the feed-forward block.
    pub(super) behind: usize,
    /// In the feed-forward block.
    pub(super) feed_forward: usize,
}

/// The two feed-forward blocks are at least this much alike.
const TWINS: f64 = 0.75;
/// Share of the anchors that must be paired.
const MOST: f64 = 0.8;
/// Share of the pairs whose feed-forward blocks must be twins of one sort: the last of a pass has others behind it.
const AGREED: f64 = 0.45;

/// Anchors of which two make a layer.
pub(super) struct Pairs {
    /// Which of them begin one.
    pub(super) begins: Vec<bool>,
    /// What a half of the tokens consists of; `None` where a layer has two attentions and one feed-forward block behind
    /// them, as of a decoder that attends to an encoder too.
    pub(super) halves: Option<Products>,
}

/// The pairs of a recording; `None` where every anchor is a layer.
pub(super) fn pairs(letters: &[Letter], anchors: &[Anchor]) -> Option<Pairs> {
    let gemms: Vec<usize> = positions_of_gemms(letters);
    let within = |from: usize, to: usize| {
        let at = |place: usize| gemms.partition_point(|&gemm| gemm < place);
        at(from)..at(to)
    };
    let between: Vec<std::ops::Range<usize>> =
        anchors.windows(2).map(|pair| within(pair[0].last, pair[1].first)).collect();
    let mut begins = vec![false; anchors.len()];
    let mut votes: Vec<(Products, usize)> = Vec::new();
    let mut at = 0;
    while at + 1 < anchors.len() {
        let small = between[at].len();
        // The last pair has no layer behind it to be held against.
        let beside =
            |other: Option<&std::ops::Range<usize>>| other.is_none_or(|it| it.len() > small);
        let behind = between.get(at + 1);
        if small >= 2 && beside(behind) && (at == 0 || beside(between.get(at - 1))) {
            if let Some(large) = behind
                && let Some(products) = twins(letters, &gemms, small, large.clone())
            {
                vote(&mut votes, products);
            }
            begins[at] = true;
            at += 2;
        } else {
            at += 1;
        }
    }
    let pairs = begins.iter().filter(|begins| **begins).count();
    let is_share = |count: usize, of: usize, share: f64| count as f64 >= share * of as f64;
    if pairs == 0 || !is_share(2 * pairs, anchors.len(), MOST) {
        return None;
    }
    let most = votes.iter().copied().max_by_key(|(_, count)| *count);
    let halves = most.filter(|(_, agreed)| is_share(*agreed, pairs, AGREED));
    Some(Pairs { begins, halves: halves.map(|(products, _)| products) })
}

fn vote(votes: &mut Vec<(Products, usize)>, products: Products) {
    match votes.iter_mut().find(|(known, _)| *known == products) {
        Some((_, count)) => *count += 1,
        None => votes.push((products, 1)),
    }
}

/// What stands between two layers, cut into an output projection, two feed-forward blocks of one sort, and what comes before
/// attention; `small` products stand between the halves' attention. Of several cuts the most alike.
fn twins(
    letters: &[Letter],
    gemms: &[usize],
    small: usize,
    large: std::ops::Range<usize>,
) -> Option<Products> {
    let more = large.len() - small;
    if more == 0 || more % 2 == 1 {
        return None;
    }
    let feed_forward = more / 2;
    let start = |ordinal: usize| gemms.get(large.start + ordinal).copied().unwrap_or(letters.len());
    let cut = |behind: usize| {
        let [first, second, end] = [0, 1, 2].map(|block| start(behind + block * feed_forward));
        let alike = likeness(&letters[first..second], &letters[second..end]);
        (alike, Products { before: small - behind, behind, feed_forward })
    };
    let cuts = (1..small).map(cut).filter(|(alike, _)| *alike >= TWINS);
    // Of equally good ones the first: one product projects attention's output.
    cuts.reduce(|best, next| if next.0 > best.0 { next } else { best })
        .map(|(_, products)| products)
}
