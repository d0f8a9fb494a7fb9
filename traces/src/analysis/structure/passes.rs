//! Where one pass through the layers ends and the next begins.
//!
//! Between two passes stands more than between two layers: logits, sampling, an embedding. Where such steps cut the layers
//! into equally many each time, they are the seams; else the recording's own marks say; else all is one pass. A change
//! from forward to backward kernels is a seam in any case.

use std::ops::Range;

use super::alike::Alike;
use super::repeats::{Steps, Unit};

/// Layers that follow one another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stack {
    /// Its units.
    pub(super) units: Range<usize>,
    /// Of a backward pass, in which the last layer comes first.
    pub(super) backward: bool,
    /// Layers that ran before the recording began.
    pub(super) missing_before: usize,
}

/// The passes of a recording.
///
/// # Errors
/// Why they are not told apart, in words.
pub(super) fn stacks(
    units: &[Unit],
    steps: &Steps,
    alike: &Alike<'_>,
    marked: &[Option<usize>],
) -> Result<Vec<Stack>, String> {
    if units.iter().any(|unit| unit.backward) {
        return there_and_back(units);
    }
    let forward =
        |units: Range<usize>, missing_before| Stack { units, backward: false, missing_before };
    let beyond = steps.beyond_usual(alike);
    if let Some(cuts) = seams(&beyond) {
        let ranges = cut(units.len(), &cuts);
        // The recording may have begun in the middle of a pass.
        let most = ranges.iter().map(Range::len).max().unwrap_or_default();
        let missing =
            |at: usize, range: &Range<usize>| if at == 0 { most - range.len() } else { 0 };
        let stack =
            |(at, range): (usize, Range<usize>)| forward(range.clone(), missing(at, &range));
        return Ok(ranges.into_iter().enumerate().map(stack).collect());
    }
    let cuts: Vec<usize> =
        (0..marked.len().saturating_sub(1)).filter(|&at| marked[at] != marked[at + 1]).collect();
    let most_beyond = beyond.iter().copied().max().unwrap_or_default();
    if cuts.is_empty() && most_beyond >= (steps.median_len() / 4).max(3) {
        return Err("its layers repeat, but neither marks nor what stands between them say where \
                    one pass ends and the next begins"
            .to_owned());
    }
    Ok(cut(units.len(), &cuts).into_iter().map(|range| forward(range, 0)).collect())
}

/// Units from cut to cut; a cut stands behind the unit of its number.
fn cut(count: usize, cuts: &[usize]) -> Vec<Range<usize>> {
    let starts = std::iter::once(0).chain(cuts.iter().map(|cut| cut + 1));
    let ends = cuts.iter().map(|cut| cut + 1).chain(std::iter::once(count));
    starts.zip(ends).map(|(start, end)| start..end).filter(|range| !range.is_empty()).collect()
}

/// Steps with so many letters beyond the usual that they stand out, where they come at even distances; the first and the last
/// pass may be cut short by the recording.
fn seams(beyond: &[usize]) -> Option<Vec<usize>> {
    let mut least = beyond.iter().copied().max()?.div_ceil(2);
    while least > 0 {
        let seams: Vec<usize> = (0..beyond.len()).filter(|&at| beyond[at] >= least).collect();
        let weakest = seams.iter().map(|&at| beyond[at]).min().unwrap_or_default();
        if is_even(&seams, beyond.len() + 1, weakest) {
            return Some(seams);
        }
        least = if least == 1 { 0 } else { least.div_ceil(2) };
    }
    None
}

/// Whole passes from which on a seam of one letter, or of a few, is none by chance: stray kernels may come evenly, too.
const WITNESSES: [usize; 5] = [usize::MAX, 5, 2, 2, 1];

fn is_even(seams: &[usize], units: usize, weakest: usize) -> bool {
    let (Some(first), Some(last)) = (seams.first(), seams.last()) else { return false };
    let (first, last) = (first + 1, units - 1 - last);
    let between: Vec<usize> = seams.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let len = between.first().copied().unwrap_or(first);
    let is_one = between.iter().all(|other| *other == len) && first <= len && last <= len;
    let whole = between.len() + [first, last].iter().filter(|it| **it == len).count();
    let is_alone = between.is_empty() && first != last;
    len > 1 && is_one && !is_alone && whole >= WITNESSES[weakest.min(4)]
}

/// Forward and backward in turn. Several forward passes may follow one another before the first backward one: each has as many
/// layers as the shortest.
fn there_and_back(units: &[Unit]) -> Result<Vec<Stack>, String> {
    let mut runs: Vec<Stack> = Vec::new();
    for (at, unit) in units.iter().enumerate() {
        match runs.last_mut().filter(|run| run.backward == unit.backward) {
            Some(run) => run.units.end = at + 1,
            None => {
                runs.push(Stack { units: at..at + 1, backward: unit.backward, missing_before: 0 })
            }
        }
    }
    // The recording may begin and end in the middle of one.
    let whole = if runs.len() > 2 { 1..runs.len() - 1 } else { 0..runs.len() };
    let layers = runs[whole].iter().map(|run| run.units.len()).min().unwrap_or(1);
    let mut all = Vec::new();
    let last = runs.len() - 1;
    for (at, run) in runs.into_iter().enumerate() {
        let len = run.units.len();
        if len % layers != 0 && at != 0 && at != last {
            return Err(format!(
                "its forward and backward passes have different numbers of layers: {layers} and {len}"
            ));
        }
        let mut start = run.units.start;
        let short = len % layers;
        if short > 0 && at == 0 {
            let missing_before = layers - short;
            all.push(Stack { units: start..start + short, missing_before, ..run.clone() });
            start += short;
        }
        while start < run.units.end {
            let end = (start + layers).min(run.units.end);
            all.push(Stack { units: start..end, ..run.clone() });
            start = end;
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seams_come_at_even_distances() {
        // Three passes of four layers.
        assert_eq!(seams(&[0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0]), Some(vec![3, 7]));
        // A stray kernel in one layer, which is no seam.
        assert_eq!(seams(&[0, 1, 0, 9, 0, 0, 0, 8, 0, 0, 1]), Some(vec![3, 7]));
        // The first pass began before the recording.
        assert_eq!(seams(&[0, 5, 0, 0, 0, 5, 0, 0, 0, 5]), Some(vec![1, 5, 9]));
        assert_eq!(seams(&[0, 3, 0, 0, 3, 0, 0, 0, 3]), None);
        // Two stray kernels.
        assert_eq!(seams(&[0, 1, 0, 0, 1, 0, 0]), None);
        assert_eq!(seams(&[0, 0, 0]), None);
    }

    #[test]
    fn backward_passes_have_their_layers_last_first() {
        let unit = |backward| Unit { first: 0, last: 0, backward };
        let units: Vec<Unit> =
            [false, false, true, true, false, false].into_iter().map(unit).collect();
        let stacks = there_and_back(&units).expect("three runs");
        let told: Vec<_> = stacks.iter().map(|it| (it.units.clone(), it.backward)).collect();
        assert_eq!(told, [(0..2, false), (2..4, true), (4..6, false)]);
    }
}
