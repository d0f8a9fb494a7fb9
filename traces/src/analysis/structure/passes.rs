//! Where one pass through the layers ends and the next begins.
//!
//! Between two passes stands more than between two layers: logits, sampling, an embedding. Where such steps cut the layers
//! into equally many each time, they are the seams; else the recording's own marks say; else steps with a little more, where
//! they come evenly, too; else all is one pass. Layers of two sorts may alternate, so few layers a pass must be told by
//! more than their number. A change from forward to backward kernels is a seam in any case.

use std::ops::Range;

use super::alike::Alike;
use super::repeats::{Beyond, Steps, Unit};

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
    let by_seams = |cuts: Vec<usize>| {
        let ranges = cut(units.len(), &cuts);
        // The recording may have begun in the middle of a pass.
        let most = ranges.iter().map(Range::len).max().unwrap_or_default();
        let missing =
            |at: usize, range: &Range<usize>| if at == 0 { most - range.len() } else { 0 };
        let stack =
            |(at, range): (usize, Range<usize>)| forward(range.clone(), missing(at, &range));
        Ok(ranges.into_iter().enumerate().map(stack).collect())
    };
    if let Some(cuts) = seams(&beyond, is_sure) {
        return by_seams(cuts);
    }
    let cuts: Vec<usize> =
        (0..marked.len().saturating_sub(1)).filter(|&at| marked[at] != marked[at + 1]).collect();
    if cuts.is_empty()
        && let Some(cuts) = seams(&beyond, is_likely)
    {
        return by_seams(cuts);
    }
    let most_beyond = beyond.iter().map(|it| it.letters).max().unwrap_or_default();
    if cuts.is_empty() && most_beyond >= (steps.median_len() / 3).max(4) {
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
/// pass may be cut short by the recording. What `told` says of them must hold.
fn seams(beyond: &[Beyond], told: fn(&[Beyond], Passes) -> bool) -> Option<Vec<usize>> {
    let mut least = beyond.iter().map(|it| it.letters).max()?.div_ceil(2);
    while least > 0 {
        let seams: Vec<usize> =
            (0..beyond.len()).filter(|&at| beyond[at].letters >= least).collect();
        let those: Vec<Beyond> = seams.iter().map(|&at| beyond[at]).collect();
        if Passes::of(&seams, beyond.len() + 1).is_some_and(|passes| told(&those, passes)) {
            return Some(seams);
        }
        least = if least == 1 { 0 } else { least.div_ceil(2) };
    }
    None
}

/// Passes between seams: how many layers each has, and how many of them are whole.
#[derive(Clone, Copy, Debug)]
struct Passes {
    layers: usize,
    whole: usize,
}

impl Passes {
    /// `None` where they are uneven.
    fn of(seams: &[usize], units: usize) -> Option<Self> {
        let (first, last) = (seams.first()? + 1, units - 1 - seams.last()?);
        let between: Vec<usize> = seams.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let layers = between.first().copied().unwrap_or(first.max(last));
        let is_one = between.iter().all(|other| *other == layers);
        let whole = between.len() + [first, last].iter().filter(|it| **it == layers).count();
        (is_one && first <= layers && last <= layers).then_some(Self { layers, whole })
    }
}

/// More layers than of which sorts alternate: chunked attention every fourth, one with attention among eight.
const ALTERNATING: usize = 8;

/// Every seam has a product that no layer has, or many kernels; where layers are few, one that by its name is outside.
fn is_sure(seams: &[Beyond], passes: Passes) -> bool {
    let is_much = |it: &Beyond| (it.gemms > 0 && it.letters > 1) || it.letters > 5;
    let is_told = passes.layers > ALTERNATING || seams.iter().all(|it| it.is_outside);
    passes.layers > 1 && seams.iter().all(is_much) && is_told
}

/// Not by chance: stray kernels may come evenly, too.
fn is_likely(seams: &[Beyond], passes: Passes) -> bool {
    passes.layers > 3 && passes.whole > 2 && seams.iter().all(|it| it.letters > 1)
}

/// Forward and backward in turn. Several forward passes may follow one another before the first backward one: each has as many
/// layers as the shortest.
fn there_and_back(units: &[Unit]) -> Result<Vec<Stack>, String> {
    let mut runs: Vec<Stack> = Vec::new();
    for (at, unit) in units.iter().enumerate() {
        match runs.last_mut().filter(|run| run.backward == unit.backward) {
            Some(run) => run.units.end = at + 1,
            None => {
                runs.push(Stack { units: at..at + 1, backward: unit.backward, missing_before: 0 });
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

    fn beyond(letters: &[usize], gemms: usize, is_outside: bool) -> Vec<Beyond> {
        let one = |&letters: &usize| Beyond { letters, gemms: gemms.min(letters), is_outside };
        letters.iter().map(one).collect()
    }

    #[test]
    fn seams_come_at_even_distances() {
        let sure = |letters: &[usize]| seams(&beyond(letters, 1, true), is_sure);
        // Three passes of four layers.
        assert_eq!(sure(&[0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0]), Some(vec![3, 7]));
        // A stray kernel in one layer, which is no seam.
        assert_eq!(sure(&[0, 1, 0, 9, 0, 0, 0, 8, 0, 0, 1]), Some(vec![3, 7]));
        // The first pass began before the recording.
        assert_eq!(sure(&[0, 5, 0, 0, 0, 5, 0, 0, 0, 5]), Some(vec![1, 5, 9]));
        assert_eq!(sure(&[0, 3, 0, 0, 3, 0, 0, 0, 3]), None);
        assert_eq!(sure(&[0, 0, 0]), None);
        // Every second layer has a product more, and nothing says that it ends a pass.
        assert_eq!(seams(&beyond(&[0, 2, 0, 2, 0, 2, 0], 1, false), is_sure), None);
    }

    #[test]
    fn a_little_more_is_a_seam_where_it_comes_often() {
        let likely = |letters: &[usize]| seams(&beyond(letters, 0, false), is_likely);
        assert_eq!(likely(&[0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0]), Some(vec![3, 7]));
        // Two stray kernels, and layers of two sorts.
        assert_eq!(likely(&[0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0]), None);
        assert_eq!(likely(&[0, 2, 0, 2, 0, 2, 0, 2, 0]), None);
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
