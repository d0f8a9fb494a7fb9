//! Arguments out of STRINGS and ARGS chunks. A chunk that does not follow on the ones before is not taken.

use super::bytes::Get;
use crate::ArgStore;
use crate::model::PackedValue;

/// Takes in a STRINGS chunk.
pub(super) fn strings(args: &mut ArgStore, input: &mut Get<'_>) -> Option<()> {
    let first = input.u32()? as usize;
    let n = input.len()?;
    if first != args.num_texts() {
        return None;
    }
    for _ in 0..n {
        args.push_text(input.text()?);
    }
    input.is_done().then_some(())
}

/// Takes in an ARGS chunk.
pub(super) fn rows(args: &mut ArgStore, input: &mut Get<'_>) -> Option<()> {
    let first = input.u32()? as usize;
    let n = input.len()?;
    if first != args.len() {
        return None;
    }
    for _ in 0..n {
        if row(args, input).is_none() {
            args.abandon_row();
            return None;
        }
        args.end_row_even_if_empty();
    }
    input.is_done().then_some(())
}

fn row(args: &mut ArgStore, input: &mut Get<'_>) -> Option<()> {
    let num_strings = args.num_texts() as u32;
    for _ in 0..input.u32()? {
        let key = input.u32().filter(|&key| key < num_strings)?;
        let value = match input.u8()? {
            0 => PackedValue::Int(input.i64()?),
            1 => PackedValue::Float(input.f64()?),
            2 => PackedValue::Text(input.u32().filter(|&text| text < num_strings)?),
            3 => PackedValue::Json(input.u32().filter(|&text| text < num_strings)?),
            _ => return None,
        };
        args.add_packed(key, value);
    }
    Some(())
}
