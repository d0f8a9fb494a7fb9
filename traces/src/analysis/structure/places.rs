//! Which layer, half and phase every op of a rank belongs to, once the blocks of its main stream are known.
//!
//! What runs on other streams goes with the block beside which it starts. A collective there goes with the block under which
//! it runs: the one behind the block that made its bytes. Which that is, is told by when it started; where it had to wait
//! for the collective before it, by the same collective of the other layers. Where nothing runs beside collectives, as where
//! everybody waits for them, they go with the block that made their bytes.

use std::collections::BTreeMap;
use std::ops::Range;

use super::blocks::Block;
use super::passes::Stack;
use super::sequence::Sequence;
use crate::analysis::intervals::IntervalSet;
use crate::analysis::{GpuOp, Place};
use crate::model::{Kind, Phase, Split};

/// From this share of its time on, a stream's communication runs beside computation on purpose.
const BESIDE: f64 = 0.2;

/// Writes the places of all ops into them.
pub(super) fn place(
    ops: &mut [GpuOp],
    sequence: &Sequence,
    stacks: &[Stack],
    blocks: &[Block],
    halves: bool,
) {
    let by_letter = letters(sequence, stacks, blocks, halves);
    along_the_main_stream(ops, sequence, &by_letter);
    let mut streams: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    let others = ops.iter().enumerate().filter(|(_, op)| op.stream != sequence.stream);
    for (at, op) in others.filter(|(_, op)| matches!(op.kind, Kind::Comm | Kind::Wait)) {
        streams.entry(op.stream).or_default().push(at);
    }
    let beside = Beside::of(ops, sequence, stacks, blocks, halves);
    for comm in streams.into_values() {
        beside.place(ops, &comm);
    }
}

/// The place of every letter.
fn letters(sequence: &Sequence, stacks: &[Stack], blocks: &[Block], halves: bool) -> Vec<Place> {
    let outside = |stack: usize, phase: Phase| {
        let is_woven = halves && !stacks[stack].backward;
        let phase = if is_woven { phase } else { Phase::None };
        Place { pass: stack as u32, phase, ..Place::default() }
    };
    let mut places = vec![Place::default(); sequence.letters.len()];
    let (mut from, mut stack) = (0, 0);
    for block in blocks {
        let gap = from..block.letters.start.max(from);
        let tail =
            if block.stack == stack { gap.start } else { end_of_tail(sequence, gap.clone()) };
        for at in gap {
            let place = if at < tail { (stack, Phase::Tail) } else { (block.stack, Phase::Head) };
            places[at] = outside(place.0, place.1);
        }
        places[block.letters.clone()].fill(of_block(block));
        let behind = &mut places[block.phase_end..block.letters.end];
        behind.iter_mut().for_each(|place| place.phase = Phase::None);
        (from, stack) = (block.letters.end, block.stack);
    }
    places[from..].fill(outside(stack, Phase::Tail));
    places
}

/// Between two passes: up to the last product, which makes the logits.
fn end_of_tail(sequence: &Sequence, gap: Range<usize>) -> usize {
    let last = gap.clone().rev().find(|&at| sequence.letters[at].is_gemm());
    last.map_or(gap.start, |last| last + 1)
}

fn of_block(block: &Block) -> Place {
    Place {
        layer: Some(block.layer),
        split: block.split,
        phase: block.phase,
        pass: block.stack as u32,
    }
}

/// Copies and sets of the main stream go with the op that follows, ops of other streams with the one that began last.
fn along_the_main_stream(ops: &mut [GpuOp], sequence: &Sequence, by_letter: &[Place]) {
    let mut next = 0;
    for (at, op) in ops.iter_mut().enumerate() {
        while sequence.letters.get(next).is_some_and(|letter| letter.op < at) {
            next += 1;
        }
        let is_main = op.stream == sequence.stream;
        let letter = if is_main { next } else { next.saturating_sub(1) };
        op.place = by_letter.get(letter).or(by_letter.last()).copied().unwrap_or_default();
    }
}

/// Collectives beside the main stream.
struct Beside<'a> {
    stacks: &'a [Stack],
    blocks: &'a [Block],
    halves: bool,
    /// When the last product of each block has ended, in ns.
    done_ns: Vec<i64>,
    /// Blocks of each stack.
    of_stack: Vec<Range<usize>>,
    compute: IntervalSet,
}

impl<'a> Beside<'a> {
    fn of(
        ops: &[GpuOp],
        sequence: &Sequence,
        stacks: &'a [Stack],
        blocks: &'a [Block],
        halves: bool,
    ) -> Self {
        let done = |block: &Block| {
            let letters = &sequence.letters[block.letters.clone()];
            let last = letters.iter().rev().find(|letter| letter.is_gemm()).or(letters.last());
            last.map_or(i64::MIN, |letter| ops[letter.op].span.end_ns)
        };
        let of_stack = |stack: usize| {
            let at = |stack: usize| blocks.partition_point(|block| block.stack < stack);
            at(stack)..at(stack + 1)
        };
        let main = ops.iter().filter(|op| op.stream == sequence.stream && op.kind.is_compute());
        Self {
            stacks,
            blocks,
            halves,
            done_ns: blocks.iter().map(done).collect(),
            of_stack: (0..stacks.len()).map(of_stack).collect(),
            compute: main.map(|op| op.span).collect(),
        }
    }

    /// Places the collectives of one stream, in order.
    fn place(&self, ops: &mut [GpuOp], comm: &[usize]) {
        let time: IntervalSet = comm.iter().map(|&at| ops[at].span).collect();
        let hidden = time.intersect_len_ns(&self.compute) as f64;
        let is_under = hidden >= BESIDE * time.len_ns() as f64;
        // The last block that was done when each began.
        let done: Vec<Option<usize>> = comm
            .iter()
            .map(|&at| {
                let start_ns = ops[at].span.start_ns;
                self.done_ns.partition_point(|&done_ns| done_ns <= start_ns).checked_sub(1)
            })
            .collect();
        for (stack, blocks) in self.of_stack.iter().enumerate() {
            let first = done.partition_point(|done| done.is_none_or(|at| at < blocks.start));
            let last = done.partition_point(|done| done.is_none_or(|at| at < blocks.end));
            let done: Vec<usize> = done[first..last]
                .iter()
                .map(|done| done.unwrap_or_default() - blocks.start)
                .collect();
            let made = self.made_by(stack, &done);
            for (&at, made) in comm[first..last].iter().zip(made) {
                ops[at].place = self.goes_with(stack, made, is_under);
            }
        }
    }

    /// The block, counted from the first of the stack, that made the bytes of each collective; `None` of those that are
    /// more than every layer has.
    fn made_by(&self, stack: usize, done: &[usize]) -> Vec<Option<usize>> {
        let (layers, blocks) = (self.stacks[stack].units.len(), self.of_stack[stack].len());
        let per_layer = (done.len() + layers / 2) / layers.max(1);
        let is_even = per_layer > 0 && blocks % layers == 0 && done.len() + 1 >= per_layer * layers;
        if !is_even {
            return done.iter().copied().map(Some).collect();
        }
        let step = blocks / layers;
        let mut earliest = vec![usize::MAX; per_layer];
        let regular = || done.iter().enumerate().take(per_layer * layers);
        for (at, &done) in regular() {
            let least = &mut earliest[at % per_layer];
            *least = (*least).min(done.saturating_sub(at / per_layer * step));
        }
        let made = |at: usize| {
            (at < per_layer * layers).then(|| earliest[at % per_layer] + at / per_layer * step)
        };
        (0..done.len()).map(made).collect()
    }

    fn goes_with(&self, stack: usize, made: Option<usize>, is_under: bool) -> Place {
        let blocks = &self.blocks[self.of_stack[stack].clone()];
        let is_woven = self.halves && !self.stacks[stack].backward;
        let phase = if is_woven { Phase::Tail } else { Phase::None };
        let tail = Place { pass: stack as u32, phase, ..Place::default() };
        let Some(maker) = made.and_then(|made| blocks.get(made)) else { return tail };
        let split = if is_woven { maker.split } else { Split::Whole };
        if !is_under || maker.phase == Phase::None {
            return of_block(maker);
        }
        match made.and_then(|made| blocks.get(made + 1)) {
            Some(block) => Place { split, ..of_block(block) },
            None => Place { split, ..tail },
        }
    }
}
