//! Whether what stands from layer to layer repeats: stretches of a sequence by their sorts.

use std::collections::HashMap;
use std::ops::Range;

use super::alike::{ALIKE, Alike, Word};
use super::sequence::Letter;
use crate::words::percent;

/// A layer to be: one anchor, or one of each half.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unit {
    /// First letter of its first anchor.
    pub(super) first: usize,
    /// Last letter of its last anchor.
    pub(super) last: usize,
    pub(super) backward: bool,
}

/// What a step has more than is usual.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Beyond {
    pub(super) letters: usize,
    /// Products among them.
    pub(super) gemms: usize,
    /// Something in it stands outside of layers by its name.
    pub(super) is_outside: bool,
}

/// What stands from the anchor of each unit to that of the next.
#[derive(Debug)]
pub(super) struct Steps {
    words: Vec<Word>,
    /// The sort of each: those alike have one number.
    sorts: Vec<u32>,
    lens: Vec<usize>,
}

/// Sorts that are compared with; further ones are their own.
const SORTS: usize = 12;
/// Share of the letters whose step must come again.
const ENOUGH: f64 = 0.6;
/// Letters that must come again at least, where no step comes again to the letter.
const AGAIN: f64 = 16.0;
/// Distances tried beside the shortest.
const TRIED: usize = 8;

impl Steps {
    pub(super) fn of(units: &[Unit], alike: &mut Alike<'_>) -> Self {
        let step = |pair: &[Unit]| -> Range<usize> { pair[0].first..pair[1].first };
        let ranges: Vec<Range<usize>> = units.windows(2).map(step).collect();
        let lens = ranges.iter().map(Range::len).collect();
        let words: Vec<Word> = ranges.into_iter().map(|range| alike.word(range)).collect();
        let sorts = sorts(&words, alike);
        Self { words, sorts, lens }
    }

    /// # Errors
    /// How little repeats, in words.
    pub(super) fn must_repeat(&self) -> Result<(), String> {
        let count = self.sorts.len();
        let mut distances: HashMap<usize, usize> = HashMap::new();
        let mut last: HashMap<u32, usize> = HashMap::new();
        for (at, &sort) in self.sorts.iter().enumerate() {
            if let Some(before) = last.insert(sort, at) {
                *distances.entry(at - before).or_default() += 1;
            }
        }
        let mut tried: Vec<(usize, usize)> = distances.into_iter().collect();
        tried.sort_by_key(|&(distance, times)| (std::cmp::Reverse(times), distance));
        let tried = tried.into_iter().map(|(distance, _)| distance).take(TRIED);
        // Not so far that but few steps are compared.
        let few = (count / 3).max(1);
        let shares = tried.filter(|&it| it + few <= count).map(|it| self.repeated(it));
        let best = shares.fold(0.0, f64::max);
        if best >= ENOUGH {
            return Ok(());
        }
        Err(format!(
            "what stands from one attention to the next does not repeat: at best {} of it does",
            percent(best)
        ))
    }

    /// Share of the letters whose step is of the sort of the one `distance` later; 0 where those are too few to tell.
    fn repeated(&self, distance: usize) -> f64 {
        let pairs = || (0..self.sorts.len().saturating_sub(distance)).map(|at| (at, at + distance));
        let letters = |it: &(usize, usize)| self.lens[it.0].min(self.lens[it.1]) as f64;
        let again: Vec<_> = pairs().filter(|&(a, b)| self.sorts[a] == self.sorts[b]).collect();
        let is_same = |&(a, b): &(usize, usize)| self.words[a] == self.words[b];
        let found: f64 = again.iter().map(letters).sum();
        if found < AGAIN && !again.iter().any(is_same) {
            return 0.0;
        }
        let all: f64 = pairs().map(|it| letters(&it)).sum();
        found / all.max(1.0)
    }

    /// What each step has more than is usual: than the usual step of its sort, or, where it is the only one of its sort far
    /// and wide, than that of the step before.
    pub(super) fn beyond_usual(&self, alike: &Alike<'_>) -> Vec<Beyond> {
        let usual = self.usual();
        let is_lone = |at: usize| {
            let same = |other: Option<usize>| {
                let other = other.and_then(|other| self.sorts.get(other));
                other.is_some_and(|other| *other == self.sorts[at])
            };
            !same(at.checked_sub(1)) && !same(at.checked_add(1))
        };
        let beyond = |at: usize| {
            let beside = at.checked_sub(1).unwrap_or(1);
            let held = if is_lone(at) { beside } else { at };
            let sort = self.sorts.get(held).unwrap_or(&self.sorts[at]);
            let own = alike.letters(self.words[at]);
            let usual = usual.get(sort).map_or(own, |&word| alike.letters(word));
            let gemms = |letters: &[Letter]| letters.iter().filter(|it| it.is_gemm()).count();
            Beyond {
                letters: own.len().saturating_sub(usual.len()),
                gemms: gemms(own).saturating_sub(gemms(usual)),
                is_outside: own.iter().any(|letter| letter.told.outside),
            }
        };
        (0..self.words.len()).map(beyond).collect()
    }

    /// The most common step of each sort, to the letter.
    fn usual(&self) -> HashMap<u32, Word> {
        let mut counts: HashMap<(u32, Word), usize> = HashMap::new();
        for (&sort, &word) in self.sorts.iter().zip(&self.words) {
            *counts.entry((sort, word)).or_default() += 1;
        }
        let mut counts: Vec<_> = counts.into_iter().collect();
        counts.sort_by_key(|&((sort, word), count)| (sort, count, std::cmp::Reverse(word)));
        counts.into_iter().map(|((sort, word), _)| (sort, word)).collect()
    }

    /// Letters of a step in the middle of all.
    pub(super) fn median_len(&self) -> usize {
        let mut lens = self.lens.clone();
        lens.sort_unstable();
        lens.get(lens.len() / 2).copied().unwrap_or_default()
    }
}

/// Numbers of sorts: a step is of that of the first one that it is like, the sort of the step before tried first.
fn sorts(words: &[Word], alike: &mut Alike<'_>) -> Vec<u32> {
    let mut firsts: Vec<Word> = Vec::new();
    let mut known: HashMap<Word, u32> = HashMap::new();
    let mut sorts: Vec<u32> = Vec::with_capacity(words.len());
    for &word in words {
        let sort = match known.get(&word) {
            Some(&sort) => sort,
            None => {
                let before = sorts.last().copied().filter(|&it| (it as usize) < SORTS);
                let order = before.into_iter().chain(0..firsts.len().min(SORTS) as u32);
                let mut order = order.filter(|&sort| (sort as usize) < firsts.len());
                let found =
                    order.find(|&sort| alike.likeness(firsts[sort as usize], word) >= ALIKE);
                found.unwrap_or_else(|| {
                    firsts.push(word);
                    firsts.len() as u32 - 1
                })
            }
        };
        known.insert(word, sort);
        sorts.push(sort);
    }
    sorts
}
