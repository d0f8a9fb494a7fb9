//! Arguments out of STRINGS and ARGS chunks. A chunk that does not follow on the ones before is not taken.

use super::bytes::Get;
use crate::ArgStore;
use crate::model::PackedValue;

/// Takes in a STRINGS chunk.
pub(super) fn strings(args: &mut ArgStore, input: &mut Get<'_>) -> Option<()> {
    let first = input.u32()? as usize;
    let n = input.len()?;
    if first != args.strings.len() {
        return None;
    }
    for _ in 0..n {
        let text = input.text()?;
        args.index.insert(text.to_owned(), args.strings.len() as u32);
        args.strings.push(text.to_owned());
    }
    input.is_done().then_some(())
}

/// Takes in an ARGS chunk.
pub(super) fn rows(args: &mut ArgStore, input: &mut Get<'_>) -> Option<()> {
    let first = input.u32()? as usize;
    let n = input.len()?;
    if first != args.row_ends.len() {
        return None;
    }
    for _ in 0..n {
        let kept = args.pairs.len();
        if row(args, input).is_none() {
            args.pairs.truncate(kept);
            return None;
        }
        args.row_ends.push(args.pairs.len() as u32);
    }
    input.is_done().then_some(())
}

fn row(args: &mut ArgStore, input: &mut Get<'_>) -> Option<()> {
    let num_strings = args.strings.len() as u32;
    for _ in 0..input.u32()? {
        let key = input.u32().filter(|&key| key < num_strings)?;
        let value = match input.u8()? {
            0 => PackedValue::Int(input.i64()?),
            1 => PackedValue::Float(input.f64()?),
            2 => PackedValue::Text(input.u32().filter(|&text| text < num_strings)?),
            3 => PackedValue::Json(input.u32().filter(|&text| text < num_strings)?),
            _ => return None,
        };
        args.pairs.push((key, value));
    }
    Some(())
}
