//! Clocks that were planted, against the axis that is found for them.

use std::collections::BTreeMap;

use weftscope_traces::{
    align::{ClockLine, Meeting, axis},
    analysis::{Config, Ops, overlap},
    digest::of_rank,
    edit::merge,
};

use super::*;

const WORLD: u32 = 4;
const EVERY_NS: i64 = 1_000_000_000;
const ITERATIONS: i64 = 24;
/// ms and ppm.
const PLANTED: [(i64, f64); 4] = [(0, 0.0), (5, 20.0), (-5, -20.0), (3, 20.0)];

/// Ends of collectives that synchronise, by iteration, operation and turn, then by rank.
fn meetings(traces: &[Trace]) -> Vec<Meeting> {
    let mut ends: BTreeMap<(i64, String, i64), Vec<(u32, i64)>> = BTreeMap::new();
    for trace in traces {
        let ops = Ops::of(trace, &Config::default());
        let overlap = overlap(&ops);
        let rank = &ops.ranks[0];
        for row in of_rank(&ops, rank, &overlap.ranks[0]).op_rows() {
            let Some(collective) = row.collective.filter(|it| it.synchronises) else { continue };
            let key = (row.iteration.unwrap(), collective.operation.to_owned(), collective.turn);
            ends.entry(key).or_default().push((rank.rank, row.end_ns));
        }
    }
    ends.into_values().map(|ends| Meeting { ends }).collect()
}

/// Oracle: the offsets and drifts that were planted.
#[test]
fn the_axis_of_planted_clocks_is_the_truth_within_what_is_stated() {
    let place = Place::new();
    let more = |rank: u32| {
        let (offset_ms, drift_ppm) = PLANTED[rank as usize];
        vec![
            "-o={rank}.weft".to_owned(),
            format!("--server=node{rank}"),
            format!("--iterations={ITERATIONS}"),
            "--every=1s".to_owned(),
            format!("--clock-offset={offset_ms}ms"),
            format!("--clock-drift={drift_ppm}"),
        ]
    };
    let said = well(by_flags(&place, WORLD, &more));
    assert!(said[1].contains("ms ahead of rank 0's") && said[2].contains("ms behind rank 0's"));
    let traces: Vec<Trace> =
        (0..WORLD).map(|rank| opened(&place, &format!("{rank}.weft"))).collect();
    let meetings = meetings(&traces);
    assert!(meetings.len() as i64 >= 2 * ITERATIONS, "{}", meetings.len());
    assert!(meetings.iter().all(|meeting| meeting.ends.len() == WORLD as usize));
    let found = axis(WORLD as usize, &meetings);
    assert_eq!(found.parts, 1);
    // Rank 0's clock is the true one; its recording begins with the first op.
    let began_ns = traces[0].meta.base_time_unix_ns;
    for (rank, (offset_ms, drift_ppm)) in PLANTED.iter().enumerate().skip(1) {
        let ClockLine { residual_p99_ns, readings, .. } = found.clocks[rank];
        assert!(readings > 0 && residual_p99_ns < 20_000, "rank {rank}: {residual_p99_ns} ns");
        for after_ns in [0, ITERATIONS * EVERY_NS / 2, (ITERATIONS - 1) * EVERY_NS] {
            let shown = began_ns
                + after_ns
                + offset_ms * 1_000_000
                + (drift_ppm * 1e-6 * after_ns as f64).round() as i64;
            let off_ns = found.clocks[rank].on_axis(shown) - (began_ns + after_ns);
            let most_ns = residual_p99_ns + found.clocks[0].residual_p99_ns;
            assert!(off_ns.abs() <= most_ns, "rank {rank}: {off_ns} ns, {most_ns} stated");
        }
    }
}

/// Oracle: one process that simulates all ranks on one clock.
#[test]
fn opened_together_the_recordings_are_one_on_one_clock() {
    let place = Place::new();
    let more = |rank: u32| {
        let (offset_ms, drift_ppm) = PLANTED[rank as usize];
        let mut args =
            ["-o={rank}.weft", "--iterations=12", "--every=200ms"].map(str::to_owned).to_vec();
        args.push(format!("--server=node{rank}"));
        args.push(format!("--clock-offset={offset_ms}ms"));
        args.push(format!("--clock-drift={drift_ppm}"));
        args
    };
    well(by_flags(&place, 2, &more));
    let without = |_| {
        vec![
            "-o=true{rank}.weft".to_owned(),
            "--iterations=12".to_owned(),
            "--every=200ms".to_owned(),
            "--server=one".to_owned(),
        ]
    };
    well(by_flags(&place, 2, &without));
    let ends = |names: [&str; 2]| {
        let merged = merge(names.map(|name| opened(&place, name)).into()).unwrap();
        let ends: Vec<Vec<i64>> = (0..2)
            .map(|of| {
                let lanes = merged.lanes.iter().filter(|lane| {
                    matches!(merged.track(lane.track).kind, TrackKind::Stream { rank, .. } if rank == of)
                });
                let mut ends: Vec<i64> = lanes.flat_map(|lane| lane.slices.end_ns.clone()).collect();
                ends.sort_unstable();
                ends
            })
            .collect();
        let stated = merged.meta.clocks.iter().map(|clock| clock.residual_p99_ns).max();
        let apart: Vec<i64> = ends[0].iter().zip(&ends[1]).map(|(a, b)| b - a).collect();
        (apart, stated)
    };
    let (found, stated) = ends(["0.weft", "1.weft"]);
    let (truth, _) = ends(["true0.weft", "true1.weft"]);
    assert_eq!(found.len(), truth.len());
    let stated = stated.expect("clocks that differ are corrected, and it is said how well");
    let worst = found.iter().zip(&truth).map(|(a, b)| (a - b).abs()).max().unwrap();
    assert!(worst <= stated.max(1_000), "{worst} ns off, {stated} stated");
}
