//! What layers can be told by: attention, which every layer has once (or once a half of the tokens); without any kernel of
//! attention, the letter that comes once a period, or else softmaxes.

use super::period::period;
use super::sequence::{Letter, positions_of_gemms};
use crate::model::Kind;

/// A place that every layer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Anchor {
    /// Its first letter.
    pub(super) first: usize,
    /// Its last: one attention may be several kernels, with no product between them.
    pub(super) last: usize,
    /// Of a backward pass.
    pub(super) backward: bool,
}

/// The anchors of a sequence, and what they are.
#[derive(Clone, Debug, Default)]
pub(super) struct Anchors {
    pub(super) all: Vec<Anchor>,
    /// They are attention, so that what stands before and behind them is known too.
    pub(super) is_attention: bool,
}

/// Fewest anchors that can repeat.
pub(super) const FEWEST: usize = 3;

/// From so many softmaxes a period on, the period is no layer but a pass.
const SOFTMAXES: usize = 4;
/// How far the next attention of the same kernel may be: some models have a layer of another sort every sixth.
const NEAR: usize = 6;

impl Anchors {
    /// # Errors
    /// Why there are none, in words.
    pub(super) fn of(letters: &[Letter]) -> Result<Self, String> {
        let all = clusters(letters, |letter| letter.kind == Kind::Attention);
        let all = without_strays(letters, all);
        match all.len() {
            FEWEST.. => return Ok(Self { all, is_attention: true }),
            0 => {}
            few => {
                return Err(format!(
                    "only {few} of the kernels are attention, and layers are told by what repeats"
                ));
            }
        }
        // Attention made of products and a softmax, once or twice a layer.
        let softmaxes = clusters(letters, |letter| letter.told.softmax);
        let anchor = |first: usize| {
            let backward = letters[first].told.backward;
            Anchor { first, last: first, backward }
        };
        match period(letters) {
            Ok(found) if softmaxes.len() < SOFTMAXES * found.len() => {
                Ok(Self { all: found.into_iter().map(anchor).collect(), is_attention: false })
            }
            _ if softmaxes.len() >= FEWEST => Ok(Self { all: softmaxes, is_attention: true }),
            Ok(_) => Err("none of its kernels is attention or a softmax".to_owned()),
            Err(why) => Err(format!("no kernel is known as attention by its name, and {why}")),
        }
    }
}

/// Letters of a sort, those without a product between them together.
fn clusters(letters: &[Letter], is_it: impl Fn(&Letter) -> bool) -> Vec<Anchor> {
    let mut all: Vec<Anchor> = Vec::new();
    let mut is_open = false;
    for (at, letter) in letters.iter().enumerate() {
        if is_it(letter) {
            let backward = letter.told.backward;
            match all.last_mut().filter(|_| is_open) {
                Some(last) => {
                    last.last = at;
                    last.backward |= backward;
                }
                None => all.push(Anchor { first: at, last: at, backward }),
            }
            is_open = true;
        } else if letter.is_gemm() {
            is_open = false;
        }
    }
    all
}

/// Without what is called attention and only prepares it: no other attention far and wide is of the same kernel, and fewer
/// products than usual stand between it and the next or the one before. An attention for which another kernel was chosen
/// has as many as all others.
fn without_strays(letters: &[Letter], all: Vec<Anchor>) -> Vec<Anchor> {
    let gemms: Vec<usize> = positions_of_gemms(letters);
    let before = |place: usize| gemms.partition_point(|&gemm| gemm < place);
    let gaps: Vec<usize> =
        all.windows(2).map(|pair| before(pair[1].first) - before(pair[0].last)).collect();
    let mut sorted = gaps.clone();
    sorted.sort_unstable();
    let usual = sorted.get(sorted.len() / 2).copied().unwrap_or_default();
    let is_short = |gap: Option<&usize>| gap.is_some_and(|&gap| 2 * gap < usual);
    let symbols = |anchor: &Anchor| {
        let letters = letters[anchor.first..=anchor.last].iter();
        letters.filter(|it| it.kind == Kind::Attention).map(|letter| letter.symbol)
    };
    let has_like = |at: usize| {
        let near = at.saturating_sub(NEAR)..(at + NEAR + 1).min(all.len());
        let mut others = all[near.clone()].iter().zip(near).filter(|(_, other)| *other != at);
        others.any(|(other, _)| symbols(&all[at]).any(|mine| symbols(other).any(|it| it == mine)))
    };
    let is_attention = |at: usize| {
        let beside = [gaps.get(at), at.checked_sub(1).and_then(|before| gaps.get(before))];
        !beside.into_iter().any(is_short) || has_like(at)
    };
    let kept: Vec<bool> = (0..all.len()).map(is_attention).collect();
    all.into_iter().zip(kept).filter(|(_, kept)| *kept).map(|(anchor, _)| anchor).collect()
}
