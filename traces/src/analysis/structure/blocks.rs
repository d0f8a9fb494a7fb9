//! The blocks of a layer: attention and feed-forward, of all tokens or of each half.

use std::ops::Range;

use super::halves::Products;
use super::passes::Stack;
use super::repeats::Unit;
use super::sequence::Letter;
use crate::model::{Phase, Split};

/// Ops of the main stream that belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Block {
    /// Which of the stacks.
    pub(super) stack: usize,
    pub(super) layer: u32,
    pub(super) split: Split,
    pub(super) phase: Phase,
    /// Its letters.
    pub(super) letters: Range<usize>,
    /// Where its phase ends. What follows belongs to its layer and to no phase: of tokens in one piece, the norm behind the
    /// collective that ends a block waits for it, and would pass for computation that hides it.
    pub(super) phase_end: usize,
}

/// The blocks of all layers in order.
pub(super) fn blocks(
    letters: &[Letter],
    units: &[Unit],
    stacks: &[Stack],
    layers: &[Range<usize>],
    halves: Option<Products>,
    is_attention: bool,
) -> Vec<Block> {
    let mut all = Vec::new();
    for (index, stack) in stacks.iter().enumerate() {
        let most = stack.missing_before + stack.units.len();
        for (at, unit) in stack.units.clone().enumerate() {
            let from_first = stack.missing_before + at;
            let layer = if stack.backward { most - 1 - from_first } else { from_first };
            let block = |split, phase, letters: Range<usize>| Block {
                stack: index,
                layer: layer as u32,
                split,
                phase,
                phase_end: letters.end,
                letters,
            };
            let whole = layers[unit].clone();
            if stack.backward || !is_attention {
                all.push(block(Split::Whole, Phase::None, whole));
                continue;
            }
            let cut = match halves {
                Some(products) => in_halves(letters, whole.clone(), products),
                None => in_two(letters, whole.clone(), units[unit].last),
            };
            let cut = cut.unwrap_or_else(|| vec![(Split::Whole, Phase::None, whole)]);
            let cut = cut.into_iter().map(|(split, phase, letters)| block(split, phase, letters));
            all.extend(cut);
            if let Some(last) = all.last_mut().filter(|last| last.split == Split::Whole) {
                last.phase_end = end(letters, last.letters.clone());
            }
        }
    }
    all
}

type Cut = Vec<(Split, Phase, Range<usize>)>;

fn gemms(letters: &[Letter], range: Range<usize>) -> Vec<usize> {
    range.filter(|&at| letters[at].is_gemm()).collect()
}

/// Attention of each half, then the feed-forward of each, each from its first product to the next block's.
fn in_halves(letters: &[Letter], whole: Range<usize>, products: Products) -> Option<Cut> {
    let Products { before, behind, feed_forward } = products;
    let gemms = gemms(letters, whole.clone());
    let attention = before + behind;
    let firsts = [attention, 2 * attention, 2 * attention + feed_forward];
    let [b, c, d] = firsts.map(|ordinal| gemms.get(ordinal).copied());
    let (b, c, d) = (b?, c?, d?);
    Some(vec![
        (Split::First, Phase::A, whole.start..b),
        (Split::Second, Phase::B, b..c),
        (Split::First, Phase::C, c..d),
        (Split::Second, Phase::D, d..whole.end),
    ])
}

/// Attention, and the feed-forward block from the first product behind a norm or a collective behind attention.
fn in_two(letters: &[Letter], whole: Range<usize>, attention: usize) -> Option<Cut> {
    let gemms = gemms(letters, attention..whole.end);
    let mut from = attention + 1;
    for (ordinal, gemm) in gemms.into_iter().enumerate() {
        // The first one projects what attention put out.
        if ordinal > 0 && letters[from..gemm].iter().any(Letter::is_seam) {
            let cut = end(letters, whole.start..gemm);
            return Some(vec![
                (Split::Whole, Phase::A, whole.start..cut),
                (Split::Whole, Phase::C, cut..whole.end),
            ]);
        }
        from = gemm + 1;
    }
    None
}

/// Behind the last product or collective.
fn end(letters: &[Letter], range: Range<usize>) -> usize {
    let is_end = |letter: &Letter| letter.is_gemm() || letter.kind.is_comm();
    let last = range.clone().rev().find(|&at| is_end(&letters[at]));
    last.map_or(range.end, |last| last + 1)
}
