//! Labels as bytes; floats keep their bits.

use super::bytes::{Get, Put};
use crate::{Kind, Label, OpFacts, Phase, Split, UnsplitFacts};

const HAS_LAYER: u8 = 1;
const HAS_FACTS: u8 = 2;
const HAS_ALONE: u8 = 4;
/// From version 3 on.
const HAS_UNSPLIT: u8 = 8;

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
