//! Where layers can be told by: attention, which every layer has once (or once a half of the tokens); without any kernel
//! of attention, the letter that comes once a period.

use super::period::period;
use super::sequence::Letter;

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

impl Anchors {
    /// # Errors
    /// Why there are none, in words.
    pub(super) fn of(letters: &[Letter]) -> Result<Self, String> {
        let all = attention(letters);
        match all.len() {
            FEWEST.. => return Ok(Self { all, is_attention: true }),
            0 => {}
            few => {
                return Err(format!(
                    "only {few} of the kernels are attention, and layers are told by what repeats"
                ));
            }
        }
        let found = period(letters)
            .map_err(|why| format!("no kernel is known as attention by its name, and {why}"))?;
        let anchor = |first| Anchor { first, last: first, backward: letters[first].backward };
        Ok(Self { all: found.into_iter().map(anchor).collect(), is_attention: false })
    }
}

/// Attention, kernels without a product between them together.
fn attention(letters: &[Letter]) -> Vec<Anchor> {
    let mut all: Vec<Anchor> = Vec::new();
    let mut is_open = false;
    for (at, letter) in letters.iter().enumerate() {
        if letter.kind == crate::model::Kind::Attention {
            match all.last_mut().filter(|_| is_open) {
                Some(last) => {
                    last.last = at;
                    last.backward |= letter.backward;
                }
                None => all.push(Anchor { first: at, last: at, backward: letter.backward }),
            }
            is_open = true;
        } else if letter.is_gemm() {
            is_open = false;
        }
    }
    all
}
