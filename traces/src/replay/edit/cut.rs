//! The best cut: every candidate is tried.

use super::{Cut, Edit, EditError};
use crate::replay::Replay;

/// Shares of the tokens that are tried.
const CANDIDATES: [f64; 9] = [0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7];
/// As good as the best.
const NEARLY: f64 = 1.01;
/// Ops up to which all are tried; of more the half is taken.
const MOST_OPS: usize = 200_000;

/// The cut with which the iterations are shortest, with the edits that follow made as well; of those within 1 % of the shortest, which is as well as
/// differences are predicted, the nearest to half.
pub(super) fn best(replay: &Replay, then: &[Edit]) -> Result<Cut, EditError> {
    if replay.ops.len() > MOST_OPS {
        return Ok(Cut::At(0.5));
    }
    let mut tried: Vec<(i64, f64)> = Vec::new();
    for share in CANDIDATES {
        let mut edits = vec![Edit::Weave(Cut::At(share))];
        edits.extend_from_slice(then);
        let edited = replay.edited(&edits)?;
        let spans = edited.replay.iteration_spans(&edited.replay.run().spans);
        let ns: i64 = spans.iter().flatten().map(|span| span.len_ns()).sum();
        tried.push((ns, share));
    }
    let least_ns = tried.iter().map(|(ns, _)| *ns).min().unwrap_or(0);
    let nearly = tried.iter().filter(|(ns, _)| *ns as f64 <= NEARLY * least_ns as f64);
    let from_half = |share: f64| (share - 0.5).abs();
    let best = nearly.min_by(|a, b| from_half(a.1).total_cmp(&from_half(b.1)));
    Ok(Cut::At(best.map_or(0.5, |(_, share)| *share)))
}
