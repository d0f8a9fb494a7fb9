//! By how much predictions of a change were off where the change was recorded, too.

use super::Edit;

/// The largest error of a predicted iteration or layer, as a share, over the recordings that there are of such a change
/// (docs/measurements.md, "What if"; `weftscope validate --what-if`): of all GPUs two H200s. `None` where one of the edits was
/// never held against a recording.
pub(in crate::replay) fn measured_error(edits: &[Edit]) -> Option<f64> {
    let is_woven = edits.iter().any(|edit| matches!(edit, Edit::Weave(_)));
    let is_fused = edits.contains(&Edit::FuseNorm);
    let of = |edit: &Edit| match edit {
        Edit::NoComm => Some(0.009),
        // Fused and woven is a change of its own.
        Edit::FuseNorm | Edit::Weave(_) | Edit::CommSms(_) if is_woven && is_fused => Some(0.066),
        Edit::FuseNorm => Some(0.064),
        Edit::Weave(_) => Some(0.162),
        _ => None,
    };
    let errors: Option<Vec<f64>> = edits.iter().map(of).collect();
    errors?.into_iter().reduce(f64::max)
}
