use egui::Pos2;
use weftscope_traces::TrackId;

use super::{
    RowKind,
    hit::{Scene, hit},
};

/// Points within which the edge of a slice draws the end of a range to itself.
const REACH: f32 = 6.0;

/// The time under a point of the plot; that of the nearest edge of a slice on the row there, or of a mark, when one is
/// within reach. On a rank's ribbon its ops count. Costs a few binary searches a lane.
pub(super) fn snapped(scene: Scene<'_>, at: Pos2) -> i64 {
    let scale = scene.bands.areas.scale(scene.view);
    let time_ns = scale.time_from_x(at.x);
    let row = hit(scene, at).row.map(|row| row.kind);
    let one = row.and_then(RowKind::slices_of);
    let tracks: &[TrackId] = match (row, &one) {
        (Some(RowKind::Rank(index)), _) => &scene.data.ranks[index].streams,
        (_, Some(track)) => std::slice::from_ref(track),
        _ => &[],
    };
    let trace = &scene.data.trace;
    let lanes = tracks.iter().flat_map(|&track| &trace.track(track).lanes);
    let edges = lanes.flat_map(|&lane| {
        let slices = &trace.lane(lane).slices;
        [nearest(&slices.start_ns, time_ns), nearest(&slices.end_ns, time_ns)]
    });
    let marks = scene.view.marks.list().iter();
    let marks = marks.flat_map(|mark| [mark.span.start_ns, mark.span.end_ns]);
    let distance = |edge: &i64| (edge - time_ns).unsigned_abs();
    let edge = edges.flatten().chain(marks).min_by_key(distance);
    let reach_ns = scale.ns_per_point() * f64::from(REACH);
    edge.filter(|edge| distance(edge) as f64 <= reach_ns).unwrap_or(time_ns)
}

/// The nearest of times in order.
fn nearest(sorted: &[i64], time_ns: i64) -> Option<i64> {
    let after = sorted.partition_point(|&at| at < time_ns);
    let beside = &sorted[after.saturating_sub(1)..(after + 1).min(sorted.len())];
    beside.iter().copied().min_by_key(|at| (at - time_ns).unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn nearest_is_what_looking_at_all_finds() {
        let sorted = [-7, 0, 3, 4, 90];
        for time in -20..120 {
            let distance = |at: i64| (at - time).abs();
            let least = sorted.iter().map(|&at| distance(at)).min();
            assert_eq!(nearest(&sorted, time).map(distance), least, "{time}");
        }
        assert_eq!(nearest(&[], 3), None);
    }
}
