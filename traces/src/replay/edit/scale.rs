//! Kernels of a kind, faster or slower.

use crate::model::Kind;
use crate::replay::Replay;
use crate::words::counted;

pub(super) fn kind(replay: &mut Replay, kind: Kind, factor: f64) -> Result<String, String> {
    let mut count = 0;
    for op in replay.ops.iter_mut().filter(|op| op.kind == kind) {
        op.work_ns *= factor;
        count += 1;
    }
    if count == 0 {
        return Err(format!("nothing in this recording is {}", kind.words()));
    }
    Ok(format!("{} of kind {} take {factor} times as long", counted(count, "op"), kind.words()))
}
