//! Labels as bytes; floats keep their bits. And labels of a file by their number there, whatever of them is lost.

use super::bytes::{Get, Put};
use crate::{Kind, Label, LabelId, OpFacts, Phase, Split, UnsplitFacts};

const HAS_LAYER: u8 = 1;
const HAS_FACTS: u8 = 2;
const HAS_ALONE: u8 = 4;
/// From version 3 on.
const HAS_UNSPLIT: u8 = 8;

/// The labels of a file as far as they are read. All that were lost are one.
#[derive(Default)]
pub(super) struct Labels {
    pub(super) labels: Vec<Label>,
    /// In order of numbers in the file, which is the order here.
    pieces: Vec<Piece>,
    lost: Option<LabelId>,
}

/// Where a piece of labels lies.
struct Piece {
    /// Number of its first label in the file, and here.
    in_file: u32,
    here: u32,
    len: u32,
}

impl Labels {
    /// Adds a piece; gives the number of labels lost before it, `None` when it does not follow those before.
    pub(super) fn add(&mut self, first: u32, mut piece: Vec<Label>) -> Option<u64> {
        let gap = first.checked_sub(self.end())?;
        let len =
            u32::try_from(piece.len()).ok().filter(|&len| first.checked_add(len).is_some())?;
        let here = u32::try_from(self.labels.len()).ok()?;
        self.labels.append(&mut piece);
        self.pieces.push(Piece { in_file: first, here, len });
        Some(u64::from(gap))
    }

    /// Labels that were in the file.
    pub(super) fn num_read(&self) -> usize {
        self.labels.len() - usize::from(self.lost.is_some())
    }

    /// One past the last number of the file.
    fn end(&self) -> u32 {
        self.pieces.last().map_or(0, |last| last.in_file + last.len)
    }

    /// The label of a number of the file; one that was lost when it is not here but below `announced`.
    pub(super) fn here(&mut self, in_file: u32, announced: u64) -> Option<LabelId> {
        let after = self.pieces.partition_point(|piece| piece.in_file <= in_file);
        if let Some(piece) = after.checked_sub(1).map(|at| &self.pieces[at])
            && in_file - piece.in_file < piece.len
        {
            return Some(LabelId(piece.here + (in_file - piece.in_file)));
        }
        if in_file >= self.end() && u64::from(in_file) >= announced {
            return None;
        }
        let labels = &mut self.labels;
        Some(*self.lost.get_or_insert_with(|| {
            let name = "(lost with a damaged chunk)".to_owned();
            labels.push(Label { name, ..Label::default() });
            LabelId(labels.len() as u32 - 1)
        }))
    }
}

pub(super) fn put(out: &mut Put, label: &Label) {
    out.text(&label.name);
    out.u8(label.kind as u8);
    out.u8(label.split as u8);
    out.u8(label.phase as u8);
    let alone_ns = label.facts.as_ref().and_then(|facts| facts.alone_ns);
    let unsplit = label.facts.as_ref().and_then(|facts| facts.unsplit);
    let flag = |set: bool, bit: u8| if set { bit } else { 0 };
    out.u8(flag(label.layer.is_some(), HAS_LAYER)
        | flag(label.facts.is_some(), HAS_FACTS)
        | flag(alone_ns.is_some(), HAS_ALONE)
        | flag(unsplit.is_some(), HAS_UNSPLIT));
    if let Some(layer) = label.layer {
        out.u32(layer);
    }
    let Some(facts) = &label.facts else { return };
    out.u32(facts.op);
    out.u32(facts.grid);
    out.u32(facts.waves);
    out.f64(facts.tail_occupancy);
    out.u32(facts.sms);
    out.u32(facts.tokens);
    out.f64(facts.flops);
    out.f64(facts.hbm_bytes);
    out.f64(facts.link_bytes);
    if let Some(alone_ns) = alone_ns {
        out.i64(alone_ns);
    }
    out.text(&facts.shape);
    if let Some(UnsplitFacts { grid, waves, tail_occupancy }) = unsplit {
        out.u32(grid);
        out.u32(waves);
        out.f64(tail_occupancy);
    }
}

pub(super) fn get(input: &mut Get<'_>) -> Option<Label> {
    let name = input.text()?.to_owned();
    let kind = Kind::from_u8(input.u8()?)?;
    let split = match input.u8()? {
        0 => Split::Whole,
        1 => Split::First,
        2 => Split::Second,
        _ => return None,
    };
    let phase = match input.u8()? {
        0 => Phase::None,
        n => *Phase::ALL.get(usize::from(n) - 1)?,
    };
    let has = input.u8()?;
    let layer = if has & HAS_LAYER != 0 { Some(input.u32()?) } else { None };
    let facts = if has & HAS_FACTS != 0 {
        Some(Box::new(OpFacts {
            op: input.u32()?,
            grid: input.u32()?,
            waves: input.u32()?,
            tail_occupancy: input.f64()?,
            sms: input.u32()?,
            tokens: input.u32()?,
            flops: input.f64()?,
            hbm_bytes: input.f64()?,
            link_bytes: input.f64()?,
            alone_ns: if has & HAS_ALONE != 0 { Some(input.i64()?) } else { None },
            shape: input.text()?.to_owned(),
            unsplit: if has & HAS_UNSPLIT != 0 { Some(unsplit(input)?) } else { None },
        }))
    } else {
        None
    };
    Some(Label { name, kind, layer, split, phase, facts })
}

fn unsplit(input: &mut Get<'_>) -> Option<UnsplitFacts> {
    Some(UnsplitFacts { grid: input.u32()?, waves: input.u32()?, tail_occupancy: input.f64()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_phase_and_split_survives() {
        for phase in std::iter::once(Phase::None).chain(Phase::ALL) {
            for split in [Split::Whole, Split::First, Split::Second] {
                let facts = Some(Box::new(OpFacts { alone_ns: Some(-1), ..OpFacts::default() }));
                let label = Label { phase, split, layer: Some(3), facts, ..Label::default() };
                let mut out = Put::default();
                put(&mut out, &label);
                let mut input = Get(&out.0);
                assert_eq!(get(&mut input).as_ref(), Some(&label));
                assert!(input.is_done());
            }
        }
    }
}
