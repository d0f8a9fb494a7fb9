use std::collections::BTreeSet;

use weftscope_kernels::abi::{Stamp, StampKind};

use super::CheckError;
use crate::cuda::{
    driver::{CudaError, Device},
    stamps::Recording,
};

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
    held(what, recording, &counted(what, recording, sms, expected)?, |key| (key.kind, key.item, 0))
}

/// The same for a kernel that goes over its items in several passes: at most one stamp an item and moment.
pub(super) fn stamped_in_passes(
    what: &str,
    recording: &Recording,
    sms: u32,
    expected: &[(StampKind, usize)],
) -> Result<usize, CheckError> {
    held(what, recording, &counted(what, recording, sms, expected)?, |key| {
        (key.kind, key.item, key.start_ns)
    })
}

/// Holds the SMs that a launch used against those it was allowed.
pub(super) fn within(what: &str, used: usize, allowed: Option<u32>) -> Result<(), CheckError> {
    match allowed {
        Some(allowed) if used > allowed as usize => {
            Err(CheckError::Wrong(format!("{what}: ran on {used} SMs")))
        }
        _ => Ok(()),
    }
}

/// What is compared of a stamp.
struct Key {
    kind: u16,
    item: u32,
    start_ns: u64,
    sm: u16,
}

/// No two stamps alike in what `own` takes of them; empties the ring and counts the SMs.
fn held(
    what: &str,
    recording: &Recording,
    keys: &[Key],
    own: impl Fn(&Key) -> (u16, u32, u64),
) -> Result<usize, CheckError> {
    let distinct: BTreeSet<_> = keys.iter().map(own).collect();
    if distinct.len() != keys.len() {
        let (stamps, items) = (keys.len(), distinct.len());
        return Err(CheckError::Wrong(format!("{what}: {stamps} stamps of only {items} items")));
    }
    recording.clear()?;
    let used: BTreeSet<u16> = keys.iter().map(|key| key.sm).collect();
    Ok(used.len())
}

fn counted(
    what: &str,
    recording: &Recording,
    sms: u32,
    expected: &[(StampKind, usize)],
) -> Result<Vec<Key>, CheckError> {
    let wrong = |text: String| Err(CheckError::Wrong(format!("{what}: {text}")));
    let read = recording.read()?;
    if let Some(error) = recording.first_error()? {
        return wrong(format!("the kernel gave up: {error:?}"));
    }
    if read.dropped > 0 {
        return wrong(format!("{} stamps found no slot", read.dropped));
    }
    let mut keys = Vec::with_capacity(read.stamps.len());
    for stamp in &read.stamps {
        let fine = stamp.op == OP && u32::from(stamp.sm) < sms && stamp.start_ns <= stamp.end_ns;
        if !fine {
            return wrong(format!("a stamp makes no sense (op {OP}, {sms} SMs): {stamp:?}"));
        }
        let Stamp { kind, item, start_ns, sm, .. } = *stamp;
        keys.push(Key { kind, item, start_ns, sm });
    }
    for &(kind, count) in expected {
        let found = keys.iter().filter(|key| key.kind == kind as u16).count();
        if found != count {
            return wrong(format!("{found} stamps of kind {kind:?} instead of {count}"));
        }
    }
    let all: usize = expected.iter().map(|(_, count)| count).sum();
    if keys.len() != all {
        return wrong(format!("{} stamps instead of {all}", keys.len()));
    }
    Ok(keys)
}
