//! Communication gone, faster, or on other SMs.

use super::remove::remove;
use crate::model::Kind;
use crate::replay::{Replay, ReplayOp};
use crate::words::counted;

/// SMs that saturate a link: on H200s 8 thread blocks of 1024 threads load 353 of the 374 GB/s that all SMs do, 4 load 185
/// and 2 load 94 (peer loads of 16 bytes, 4 in flight a thread).
const SATURATING_SMS: u32 = 8;

/// What there is to say where nothing communicates.
pub(super) const NO_COMM: &str = "nothing in this recording communicates";

/// What there is to say where it is not known how much slower or faster other SMs are.
const UNKNOWN_SMS: &str =
    "how many SMs its collectives hold is not recorded, so what other SMs bring is not known";

pub(super) fn none(replay: &mut Replay) -> Result<String, String> {
    let gone: Vec<bool> = replay.ops.iter().map(|op| is_comm(op.kind)).collect();
    let count = gone.iter().filter(|gone| **gone).count();
    if count == 0 {
        return Err(NO_COMM.to_owned());
    }
    remove(replay, &gone, &vec![None; gone.len()]);
    Ok(format!("{} taken out", counted(count as u64, "communication kernel")))
}

pub(super) fn times(replay: &mut Replay, factor: f64) -> Result<String, String> {
    let count = each(replay, |op| op.work_ns *= factor)?;
    Ok(format!("{} take {factor} times as long", counted(count, "communication kernel")))
}

pub(super) fn on_sms(replay: &mut Replay, sms: u32) -> Result<String, String> {
    if let Some(of) = replay.contention.sms.filter(|&of| sms >= of) {
        return Err(format!("the GPU has {of} SMs, and computation needs some"));
    }
    let (mut count, mut unknown) = (0, 0);
    each(replay, |op| {
        let Some(held_sms) = op.held_sms.filter(|held| *held > 0) else {
            unknown += 1;
            return;
        };
        op.work_ns *= shortage(sms) / shortage(held_sms);
        op.held_sms = Some(sms);
        count += 1;
    })?;
    if count == 0 {
        return Err(UNKNOWN_SMS.to_owned());
    }
    let kernels = |count| counted(count, "communication kernel");
    let mut note = format!("{} on {} each", kernels(count), counted(sms.into(), "SM"));
    if unknown > 0 {
        let left = kernels(unknown);
        note += &format!("; {left} left as they are, since how many SMs they hold is not recorded");
    }
    Ok(note)
}

/// How many times as long a message takes on so few SMs as on enough.
fn shortage(sms: u32) -> f64 {
    f64::from(SATURATING_SMS.max(sms)) / f64::from(sms)
}

fn each(replay: &mut Replay, mut change: impl FnMut(&mut ReplayOp)) -> Result<u64, String> {
    let mut count = 0;
    for op in replay.ops.iter_mut().filter(|op| is_comm(op.kind)) {
        change(op);
        count += 1;
    }
    if count == 0 { Err(NO_COMM.to_owned()) } else { Ok(count) }
}

/// Communication by itself: a GEMM that communicates cannot be taken apart.
pub(super) fn is_comm(kind: Kind) -> bool {
    matches!(kind, Kind::Comm | Kind::Wait)
}
