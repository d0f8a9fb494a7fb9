//! How alike two stretches of a sequence are: by the longest common subsequence of their letters.

use std::collections::HashMap;
use std::ops::Range;

use super::sequence::Letter;

/// From this likeness on, two stretches are of one sort: three letters of four, in order.
pub(super) const ALIKE: f64 = 0.75;
/// What a letter is worth in whose place stands another of its kind: another kernel was chosen for the same step.
const SAME_KIND: f64 = 0.5;
/// Letters up to which stretches are compared in order; longer ones by what they hold.
const IN_ORDER: usize = 1500;

/// Compares stretches, each pair once, however often it comes.
pub(super) struct Alike<'a> {
    letters: &'a [Letter],
    words: HashMap<Vec<u32>, u32>,
    stretches: Vec<Range<usize>>,
    known: HashMap<(u32, u32), f64>,
}

/// A stretch by its letters: equal ones have one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Word(u32);

impl<'a> Alike<'a> {
    pub(super) fn new(letters: &'a [Letter]) -> Self {
        Self { letters, words: HashMap::new(), stretches: Vec::new(), known: HashMap::new() }
    }

    /// The number of a stretch.
    pub(super) fn word(&mut self, stretch: Range<usize>) -> Word {
        let symbols = self.letters[stretch.clone()].iter().map(|letter| letter.symbol).collect();
        let next = self.stretches.len() as u32;
        let word = *self.words.entry(symbols).or_insert(next);
        if word == next {
            self.stretches.push(stretch);
        }
        Word(word)
    }

    /// The letters of a word.
    pub(super) fn letters(&self, word: Word) -> &'a [Letter] {
        &self.letters[self.stretches[word.0 as usize].clone()]
    }

    /// 0 (nothing in common) to 1 (the same).
    pub(super) fn likeness(&mut self, a: Word, b: Word) -> f64 {
        if a == b {
            return 1.0;
        }
        let key = (a.0.min(b.0), a.0.max(b.0));
        let (left, right) = (self.letters(a), self.letters(b));
        *self.known.entry(key).or_insert_with(|| likeness(left, right))
    }
}

/// Twice what two stretches have in common, over the letters of both.
pub(super) fn likeness(a: &[Letter], b: &[Letter]) -> f64 {
    let both = (a.len() + b.len()) as f64;
    let less = a.len().min(b.len()) as f64;
    if both == 0.0 {
        return 1.0;
    }
    // However alike, the longer one has too much.
    if 2.0 * less / both < ALIKE {
        return 2.0 * less / both * SAME_KIND;
    }
    2.0 * common(a, b, SAME_KIND) / both
}

/// The weight of the heaviest common subsequence: 1 a letter of one symbol, `same_kind` one of one kind.
fn common(a: &[Letter], b: &[Letter], same_kind: f64) -> f64 {
    let same = |(a, b): (&Letter, &Letter)| a.symbol == b.symbol;
    let start = a.iter().zip(b).take_while(|&pair| same(pair)).count();
    let (a, b) = (&a[start..], &b[start..]);
    let end = a.iter().rev().zip(b.iter().rev()).take_while(|&pair| same(pair)).count();
    let (a, b) = (&a[..a.len() - end], &b[..b.len() - end]);
    let ends = (start + end) as f64;
    if a.len().max(b.len()) > IN_ORDER {
        ends + held(a, b)
    } else {
        ends + in_order(a, b, same_kind)
    }
}

fn in_order(a: &[Letter], b: &[Letter], same_kind: f64) -> f64 {
    let mut row = vec![0.0_f64; b.len() + 1];
    for left in a {
        let mut diagonal = 0.0;
        for (at, right) in b.iter().enumerate() {
            let worth = if left.symbol == right.symbol {
                1.0
            } else if left.kind == right.kind {
                same_kind
            } else {
                0.0
            };
            let above = row[at + 1];
            row[at + 1] = above.max(row[at]).max(diagonal + worth);
            diagonal = above;
        }
    }
    row[b.len()]
}

/// Letters that both hold, in whatever order.
fn held(a: &[Letter], b: &[Letter]) -> f64 {
    let mut counts: HashMap<u32, i64> = HashMap::new();
    a.iter().for_each(|letter| *counts.entry(letter.symbol).or_default() += 1);
    let mut both = 0;
    for letter in b {
        if let Some(left) = counts.get_mut(&letter.symbol).filter(|left| **left > 0) {
            *left -= 1;
            both += 1;
        }
    }
    f64::from(both)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::analysis::structure::sequence::Told;
    use crate::model::Kind;

    /// Letters of a text; capitals are of one kind, the others of another.
    pub(crate) fn letters(text: &str) -> Vec<Letter> {
        let letter = |(op, letter): (usize, char)| Letter {
            symbol: letter as u32,
            kind: if letter.is_uppercase() { Kind::Gemm } else { Kind::Norm },
            told: Told::default(),
            op,
        };
        text.chars().enumerate().map(letter).collect()
    }

    #[test]
    fn another_kernel_of_the_kind_counts_half() {
        assert_eq!(likeness(&letters("AnBn"), &letters("AnBn")), 1.0);
        assert_eq!(likeness(&letters("AnBn"), &letters("AnCn")), 0.875);
        assert_eq!(likeness(&letters("AnBnn"), &letters("AnBn")), 8.0 / 9.0);
        assert!(likeness(&letters("AnB"), &letters("AnBxyzxyz")) < ALIKE);
    }

    /// By trying every subsequence.
    fn longest(a: &[u8], b: &[u8]) -> usize {
        match (a, b) {
            ([x, left @ ..], [y, right @ ..]) if x == y => 1 + longest(left, right),
            ([_, left @ ..], [_, right @ ..]) => longest(left, b).max(longest(a, right)),
            _ => 0,
        }
    }

    proptest! {
        #[test]
        fn the_common_part_is_the_longest(a in "[a-c]{0,9}", b in "[a-c]{0,9}") {
            let found = common(&letters(&a), &letters(&b), 0.0);
            prop_assert_eq!(found, longest(a.as_bytes(), b.as_bytes()) as f64);
        }
    }
}
