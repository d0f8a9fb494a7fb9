//! The numbers of tables: phases, collectives, products, waves.

use weftscope_traces::{
    Phase,
    analysis::{
        BandwidthRow, CutLaunch, GemmName, GemmRow, LaunchBound, PathOp, PathShare, PhaseInstance,
        PhaseReport, PhaseSummary, ProductRow,
    },
};

use super::{Form, How};
use crate::app::Document;

/// The numbers of a phase, in the order of its columns.
pub(in crate::panels::why) fn phase_hows(document: &Document, row: &PhaseSummary) -> Vec<How> {
    let report: &PhaseReport = &document.explanation.reports.phases;
    let of_phase = || report.instances.iter().filter(|one| one.phase == row.phase);
    let judged = || of_phase().filter(|one| row.judged == 0 || one.slack.is_some());
    let values = |of: fn(&PhaseInstance) -> i64| judged().map(of).collect::<Vec<_>>();
    let slack = of_phase().filter_map(PhaseInstance::slack_ns).collect();
    let hows = [
        How::median("computation", values(|one| one.figures.compute_ns)),
        slowdown(document, row.phase, false),
        How::median("communication", values(|one| one.figures.comm_ns)),
        slowdown(document, row.phase, true),
        How::median("slack", slack),
        tightest(report, row),
    ];
    hows.into_iter().flatten().collect()
}

/// What slack is of the instance that has least of it.
fn tightest(report: &PhaseReport, row: &PhaseSummary) -> Option<How> {
    let instances = report.instances.iter().filter(|one| one.phase == row.phase);
    let slack = instances.filter_map(|one| one.slack).min_by_key(|slack| slack.ns())?;
    let start = slack.comm_end_ns.min(slack.compute_end_ns);
    let (compute, comm) = ("end of its last computation", "end of its last communication");
    let how = How::new("least slack", Form::Ns, format!("{compute} − {comm}"));
    Some(how.ns(compute, slack.compute_end_ns - start).ns(comm, slack.comm_end_ns - start))
}

fn slowdown(document: &Document, phase: Phase, is_comm: bool) -> Option<How> {
    let all = document.explanation.inputs.slowdowns.iter();
    let of = all.copied().find(|one| (one.phase, one.is_comm) == (phase, is_comm))?;
    let what = if is_comm { "communication, slower" } else { "computation, slower" };
    let (place, alone) = ("durations in place", "the same ops isolated");
    let how = How::new(what, Form::Ratio, format!("{place} ÷ {alone}"));
    (of.isolated_ns > 0).then(|| how.ns(place, of.in_place_ns).ns(alone, of.isolated_ns))
}

/// Median and best bus bandwidth, one a row.
pub(in crate::panels::why) fn bandwidth_hows(row: &BandwidthRow, best_ns: i64) -> Vec<How> {
    let (bytes, second) = ("bytes over a link in one direction", "nanoseconds in a second");
    let rate = |what, time: &str, ns| {
        How::new(what, Form::Bandwidth, format!("{bytes} × {second} ÷ {time}"))
            .with(bytes, Form::Bytes, row.bus_bytes)
            .with(second, Form::Count, 1e9)
            .ns(time, ns)
    };
    let median = format!("median of {} durations", row.count);
    vec![rate("median", &median, row.median_ns), rate("best", "shortest duration", best_ns)]
}

/// Time of a kind on the critical path.
pub(in crate::panels::why) fn path_hows(share: &PathShare, span_ns: i64) -> Vec<How> {
    let longest_ns = share.longest.span.len_ns();
    let (longest, others) = ("longest stretch", "all other stretches");
    let time = How::new("time on the path", Form::Ns, format!("{longest} + {others}"))
        .ns(longest, longest_ns)
        .ns(others, share.total_ns - longest_ns);
    vec![
        time,
        How::share("share", ("time on the path", share.total_ns), ("the whole path", span_ns)),
    ]
}

/// Time of an op on the critical path.
pub(in crate::panels::why) fn path_op_hows(op: &PathOp) -> Vec<How> {
    let longest_ns = op.longest.span.len_ns();
    let others = format!("the {} others", op.count.saturating_sub(1));
    let how = How::new("time on the path", Form::Ns, format!("longest of them + {others}"));
    vec![how.ns("longest of them", longest_ns).ns(others, op.total_ns - longest_ns)]
}

/// A part of the exposed communication, and its share.
pub(in crate::panels::why) fn exposed_hows(
    (comm_ns, exposed_ns): (i64, i64),
    all_ns: i64,
) -> Vec<How> {
    let (comm, hidden) = ("its communication, all ranks", "of that hidden");
    let exposed = How::new("exposed", Form::Ns, format!("{comm} − {hidden}"))
        .ns(comm, comm_ns)
        .ns(hidden, comm_ns - exposed_ns);
    vec![
        exposed,
        How::share("share", ("exposed", exposed_ns), ("exposed of all ranks", all_ns.max(1))),
    ]
}

/// Ops launched late.
pub(in crate::panels::why) fn launched_hows(bound: &LaunchBound) -> Vec<How> {
    let (all, in_time) = ("ops of the rank", "launched while something ran");
    let late = How::new("launched when nothing ran", Form::Count, format!("{all} − {in_time}"))
        .count(all, bound.of_ops)
        .count(in_time, bound.of_ops - bound.ops);
    vec![late, How::new("ops", Form::Count, all).count(all, bound.of_ops)]
}

/// The share of stretches in which launches come late.
pub(in crate::panels::why) fn stretches_hows(bound: &LaunchBound, span_ns: i64) -> Vec<How> {
    vec![How::share("share", ("time of the stretches", bound.total_ns), ("span", span_ns))]
}

/// Rate and share of the best, of products of one shape.
pub(in crate::panels::why) fn product_hows(row: &ProductRow) -> Vec<How> {
    let (flop, time) = ("operations of one", "median duration");
    let rate = How::new("TFLOP/s", Form::Tflops, format!("{flop} ÷ {time} ÷ 1000"))
        .with(flop, Form::Flop, row.flops)
        .ns(time, row.median_ns);
    let best = row.roofline_ns.map(|ns| {
        let least = "least time by the data sheet";
        How::new("of best", Form::Percent, format!("{least} ÷ {time}"))
            .with(least, Form::Ns, ns)
            .ns(time, row.median_ns)
    });
    [Some(rate), best].into_iter().flatten().collect()
}

/// Waves, fill of the last, rate.
pub(in crate::panels::why) fn gemm_hows(gemm: &GemmName<'_>) -> Vec<How> {
    let mut hows = Vec::new();
    let mut launch = |what: &str, of: &CutLaunch| hows.extend(wave_hows(what, of));
    if let Some(GemmRow { grid, sms, waves, tail_occupancy, .. }) = gemm.whole.cloned() {
        launch("whole", &CutLaunch { grid, sms, waves, tail_occupancy });
    } else if let Some(unsplit) = gemm.cut.and_then(|cut| cut.unsplit) {
        launch("whole", &unsplit);
    }
    if let Some(cut) = gemm.cut {
        launch("split 0", &cut.split[0]);
        launch("split 1", &cut.split[1]);
    }
    hows.push(rate(gemm));
    hows
}

/// Blocks over the places that there are at a time.
fn wave_hows(what: &str, launch: &CutLaunch) -> Vec<How> {
    let full = f64::from(launch.waves) - 1.0 + launch.tail_occupancy;
    if full <= 0.0 {
        return Vec::new();
    }
    let at_a_time = (f64::from(launch.grid) / full).round();
    let (blocks, places) = ("thread blocks", format!("places on {} SMs", launch.sms));
    let how = |name: &str, form, formula: String| {
        How::new(format!("{what}, {name}"), form, formula)
            .with(blocks, Form::Count, f64::from(launch.grid))
            .with(&places, Form::Count, at_a_time)
    };
    let waves = how("waves", Form::Count, format!("ceil({blocks} ÷ {places})"));
    let before = format!("(ceil({blocks} ÷ {places}) − 1) × {places}");
    let fill = how("last wave", Form::Percent, format!("({blocks} − {before}) ÷ {places}"));
    vec![waves, fill]
}

/// The rate of all launches together: each weighs by its time.
fn rate(gemm: &GemmName<'_>) -> How {
    let names: Vec<String> = (0..gemm.rows.len()).map(|at| format!("launch {}", at + 1)).collect();
    let sum = |of: &dyn Fn(&str) -> String| -> String {
        names.iter().map(|name| of(name)).collect::<Vec<_>>().join(" + ")
    };
    let work = sum(&|name| format!("rate of {name} × time of {name}"));
    let time = sum(&|name| format!("time of {name}"));
    let how = How::new("TFLOP/s", Form::Tflops, format!("({work}) ÷ ({time})"));
    names.iter().zip(&gemm.rows).fold(how, |how, (name, row)| {
        how.with(format!("rate of {name}"), Form::Tflops, row.tflops)
            .ns(format!("time of {name}"), row.durations.total_ns)
    })
}

/// What sharing the machine costs a rank, and as a share of its computation: by phase, what of it would not be there isolated.
pub(in crate::panels::why) fn contention_hows(rows: &[PhaseSummary], ranks: f64) -> [How; 2] {
    let known = rows.iter().filter_map(|row| {
        let slower = row.sum.compute_slowdown.filter(|&slower| slower > 0.0)?;
        Some((
            format!("computation of {}", row.phase.name()),
            format!("slower in {}", row.phase.name()),
            row,
            slower,
        ))
    });
    let known: Vec<_> = known.collect();
    let sum = |of: &dyn Fn(&str, &str) -> String| -> String {
        known.iter().map(|(time, slower, ..)| of(time, slower)).collect::<Vec<_>>().join(" + ")
    };
    let lost = sum(&|time, slower| format!("{time} × (1 − 1 ÷ {slower})"));
    let all = sum(&|time, _| time.to_owned());
    let with_all = |how: How| {
        known.iter().fold(how, |how, (time, slower, row, times)| {
            how.ns(time, row.sum.compute_ns).with(slower, Form::Ratio, *times)
        })
    };
    let time = How::new("contention, a rank", Form::Ns, format!("({lost}) ÷ ranks"));
    let share = How::new("of its computation", Form::Percent, format!("({lost}) ÷ ({all})"));
    [with_all(time).with("ranks", Form::Count, ranks), with_all(share)]
}

/// GEMMs whose cut costs a wave.
pub(in crate::panels::why) fn gain_hows(cuts: usize, gaining: usize) -> Vec<How> {
    let (all, same) = ("GEMMs that are cut", "of them with no wave more");
    let gain = How::new("GEMMs that gain a wave", Form::Count, format!("{all} − {same}"))
        .count(all, cuts)
        .count(same, cuts - gaining);
    vec![gain, How::new("of", Form::Count, all).count(all, cuts)]
}

/// One time less another.
#[cfg(feature = "live")]
pub(in crate::panels::why) fn difference_how(what: &str, names: [&str; 2], ns: [i64; 2]) -> How {
    let how = How::new(what, Form::Ns, format!("{} − {}", names[0], names[1]));
    how.ns(names[0], ns[0]).ns(names[1], ns[1])
}

/// How many times as long as the run in view.
#[cfg(feature = "live")]
pub(in crate::panels::why) fn ratio_how(name: &str, ns: i64, mine_ns: i64) -> How {
    let (own, mine) = (format!("iteration of {name}"), "iteration of the run in view");
    let how = How::new(format!("{name}, ×"), Form::Ratio, format!("{own} ÷ {mine}"));
    how.ns(own, ns).ns(mine, mine_ns)
}
