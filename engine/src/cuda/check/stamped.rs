use weftscope_kernels::abi::StampKind;

use super::CheckError;
use crate::cuda::{CudaError, Device, Recording};

/// Op id of every launch of a check.
pub(super) const OP: u32 = 7;

/// A ring that no check fills.
pub(super) fn recording(device: &Device) -> Result<Recording, CudaError> {
    Recording::new(device, 1 << 16)
}

/// Holds what a launch recorded against what it had to: no error, so many stamps of each kind and no other, each of an
/// item of its own, at most on `sms` SMs. Then empties the ring. Gives the SMs that were used.
pub(super) fn stamped(
    what: &str,
    recording: &Recording,
    sms: u32,
    expected: &[(StampKind, usize)],
) -> Result<usize, CheckError> {
    let wrong = |text: String| Err(CheckError::Wrong(format!("{what}: {text}")));
    let read = recording.read()?;
    if let Some(error) = recording.first_error()? {
        return wrong(format!("the kernel gave up: {error:?}"));
    }
    if read.dropped > 0 {
        return wrong(format!("{} stamps found no slot", read.dropped));
    }
    let mut keys = Vec::with_capacity(read.stamps.len());
    let mut used = vec![false; sms as usize];
    for stamp in &read.stamps {
        let fine = stamp.op == OP && u32::from(stamp.sm) < sms && stamp.start_ns <= stamp.end_ns;
        if !fine {
            return wrong(format!("a stamp makes no sense (op {OP}, {sms} SMs): {stamp:?}"));
        }
        used[usize::from(stamp.sm)] = true;
        keys.push((stamp.kind, stamp.item));
    }
    for &(kind, count) in expected {
        let found = keys.iter().filter(|key| key.0 == kind as u16).count();
        if found != count {
            return wrong(format!("{found} stamps of kind {kind:?} instead of {count}"));
        }
    }
    let all: usize = expected.iter().map(|(_, count)| count).sum();
    keys.sort_unstable();
    keys.dedup();
    if keys.len() != all || read.stamps.len() != all {
        let (stamps, items) = (read.stamps.len(), keys.len());
        return wrong(format!("{stamps} stamps of {items} items instead of {all} of each"));
    }
    recording.clear()?;
    Ok(used.iter().filter(|&&used| used).count())
}
