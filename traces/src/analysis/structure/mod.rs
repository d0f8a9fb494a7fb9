//! Which layer does each op belong to?
//!
//! Runs of the engine say it in their labels. Of other recordings it is recovered from the order of the kernels of the
//! stream that computes most ([`sequence`]): attention, or else what comes once a period ([`period`]), stands in every layer
//! ([`anchors`]), once or once for each half of the tokens ([`halves`]). What stands from one layer to the next must repeat
//! ([`repeats`], up to a different kernel here and there: [`alike`]), or nothing is said. [`passes`] tells where a pass ends,
//! [`layers`] where a layer begins, [`blocks`] attention from feed-forward, [`stage`] prefill from decode, and [`places`]
//! takes along what runs on other streams. Costs n log n of the ops.

mod alike;
mod anchors;
mod blocks;
mod halves;
mod layers;
mod passes;
mod period;
mod places;
mod repeats;
mod report;
mod sequence;
mod stage;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use alike::Alike;
use anchors::{Anchor, Anchors};
use halves::Products;
use passes::Stack;
use repeats::{Steps, Unit};
use sequence::Sequence;

pub use report::{Pass, RankStructure, Stage, StructureBasis};

use super::iterations::iteration_of;
use super::{GpuOp, Iteration};
use crate::model::{Span, Split, Trace};
use crate::words::percent;

/// Share of the kernels that must lie in layers.
const LEAST: f64 = 0.5;

/// Finds the layers of a rank and writes into its ops where they belong; its ops must be whole.
pub(super) fn recover(
    trace: &Trace,
    rank: u32,
    ops: &mut [GpuOp],
    iterations: &[Iteration],
) -> RankStructure {
    let is_labelled = ops.iter().any(|op| op.place.layer.is_some());
    let structure =
        if is_labelled { labelled(ops, iterations) } else { ordered(trace, rank, ops, iterations) };
    RankStructure { rank, ..structure }
}

/// As the labels say: a pass an iteration.
fn labelled(ops: &[GpuOp], iterations: &[Iteration]) -> RankStructure {
    let mut passes: BTreeMap<usize, (Span, BTreeSet<u32>)> = BTreeMap::new();
    let mut in_layers = 0;
    for op in ops {
        let Some(layer) = op.place.layer else { continue };
        in_layers += 1;
        let iteration = iteration_of(iterations, op);
        let pass = passes.entry(iteration).or_insert((op.span, BTreeSet::new()));
        pass.0 = pass.0.hull(op.span);
        pass.1.insert(layer);
    }
    let pass = |(span, layers): (Span, BTreeSet<u32>)| Pass {
        stage: Stage::Unknown,
        layers: layers.len(),
        span,
    };
    RankStructure {
        basis: StructureBasis::Labels,
        passes: passes.into_values().map(pass).collect(),
        ops: ops.len(),
        in_layers,
        halves: ops.iter().any(|op| op.place.split != Split::Whole),
        ..RankStructure::default()
    }
}

/// By the order of kernels.
fn ordered(trace: &Trace, rank: u32, ops: &mut [GpuOp], iterations: &[Iteration]) -> RankStructure {
    let sequence = Sequence::of(trace, ops);
    let unknown = RankStructure {
        stream: sequence.stream,
        twin_stream: sequence.twin,
        ops: sequence.letters.len(),
        ..RankStructure::default()
    };
    match found(ops, iterations, &sequence) {
        Err(why_unknown) => RankStructure { why_unknown, ..unknown },
        Ok(found) => {
            let marks = stage::marks(trace, rank);
            let passes = found.passes(trace, ops, &sequence, &marks);
            let in_layers = found.layers.iter().map(Range::len).sum();
            let halves = found.halves.is_some();
            let blocks = blocks::blocks(
                &sequence.letters,
                &found.units,
                &found.stacks,
                &found.layers,
                found.halves,
                found.is_attention,
            );
            places::place(ops, &sequence, &found.stacks, &blocks, halves);
            let basis = StructureBasis::Order;
            RankStructure { basis, passes, in_layers, halves, ..unknown }
        }
    }
}

/// The layers of a sequence.
struct Found {
    units: Vec<Unit>,
    stacks: Vec<Stack>,
    /// Letters of each unit.
    layers: Vec<Range<usize>>,
    halves: Option<Products>,
    is_attention: bool,
}

fn found(ops: &[GpuOp], iterations: &[Iteration], sequence: &Sequence) -> Result<Found, String> {
    let letters = &sequence.letters;
    let anchors = Anchors::of(letters)?;
    let pairs = if anchors.is_attention { halves::pairs(letters, &anchors.all) } else { None };
    let begins = pairs.as_ref().map(|pairs| pairs.begins.as_slice());
    let units = units(&anchors.all, begins);
    let mut alike = Alike::new(letters);
    let steps = Steps::of(&units, &mut alike);
    steps.must_repeat()?;
    let iteration = |unit: &Unit| {
        let first = &ops[letters[unit.first].op];
        (!iterations.is_empty()).then(|| iteration_of(iterations, first))
    };
    let marked: Vec<Option<usize>> = units.iter().map(iteration).collect();
    let stacks = passes::stacks(&units, &steps, &alike, &marked)?;
    if !anchors.is_attention && 3 * stacks.len() > units.len() {
        return Err("what repeats is a whole pass, and in it nothing does".to_owned());
    }
    let halves = pairs.and_then(|pairs| pairs.halves);
    let layers = layers::layers(letters, &units, &stacks, halves.is_some());
    let share = layers.iter().map(Range::len).sum::<usize>() as f64 / letters.len() as f64;
    if share < LEAST {
        return Err(format!(
            "what repeats from attention to attention is only {} of what runs",
            percent(share)
        ));
    }
    Ok(Found { units, stacks, layers, halves, is_attention: anchors.is_attention })
}

/// One unit an anchor, or a pair of them.
fn units(anchors: &[Anchor], begins: Option<&[bool]>) -> Vec<Unit> {
    let mut units = Vec::new();
    let mut at = 0;
    while let Some(&Anchor { first, mut last, backward }) = anchors.get(at) {
        let is_pair = begins.is_some_and(|begins| begins[at]);
        if let Some(other) = anchors.get(at + 1).filter(|_| is_pair) {
            last = other.last;
            at += 1;
        }
        units.push(Unit { first, last, backward });
        at += 1;
    }
    without_recomputed(&units)
}

/// Forward attention that is run again just before its backward one belongs to that.
fn without_recomputed(units: &[Unit]) -> Vec<Unit> {
    let is_again = |at: usize| {
        let (Some(unit), Some(next)) = (units.get(at), units.get(at + 1)) else { return false };
        let before = at.checked_sub(1).map(|before| units[before].backward);
        !unit.backward && next.backward && before == Some(true)
    };
    // The first of a backward pass stands behind the last of the forward pass.
    let recomputes = (0..units.len()).any(is_again);
    let first_again = |at: usize| {
        recomputes && !units[at].backward && units.get(at + 1).is_some_and(|next| next.backward)
    };
    (0..units.len()).filter(|&at| !first_again(at)).map(|at| units[at]).collect()
}

impl Found {
    fn passes(
        &self,
        trace: &Trace,
        ops: &[GpuOp],
        sequence: &Sequence,
        marks: &[(Span, Stage)],
    ) -> Vec<Pass> {
        let is_training = self.stacks.iter().any(|stack| stack.backward);
        let pass = |stack: &Stack| {
            let (first, last) =
                (&self.layers[stack.units.start], &self.layers[stack.units.end - 1]);
            let letters = first.start..last.end;
            let stage = match (is_training, stack.backward) {
                (true, true) => Stage::Backward,
                (true, false) => Stage::Forward,
                _ => stage::stage(trace, ops, sequence, letters.clone(), marks),
            };
            let span = |letter: usize| ops[sequence.letters[letter].op].span;
            let span = span(letters.start).hull(span(letters.end.max(letters.start + 1) - 1));
            Pass { stage, layers: stack.units.len(), span }
        };
        self.stacks.iter().map(pass).collect()
    }
}
