//! Tables of the report for people: ranks, exposed communication, phases, waves.

use std::io::{self, Write};

use weftscope_traces::{
    analysis::{ExposedReport, PhaseReport, PhaseSummary, RankOverlap, WaveReport},
    words::{self, counted, duration, kernel, shortened},
};

/// Communication ops listed.
const MOST_EXPOSED: usize = 3;

/// Where each rank's time goes.
pub(super) fn ranks(ranks: &[RankOverlap], out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "  rank     span ms  compute ms  exposed ms   copies ms     idle ms     comm ms   hidden ms  waiting ms   hidden %"
    )?;
    for RankOverlap { rank, total, .. } in ranks {
        if total.span_ns == 0 {
            // None of its kernels are there, so that nothing is known of its time.
            writeln!(out, "  {rank:>4}{}{:>11}", format!("{:>12}", "–").repeat(8), "–")?;
            continue;
        }
        let ms = |ns: i64| format!("{:12.4}", ns as f64 / 1e6);
        let columns = [
            total.span_ns,
            total.compute_ns,
            total.exposed_comm_ns,
            total.exposed_memcpy_ns,
            total.idle_ns,
            total.comm_ns,
            total.overlap_ns,
        ];
        let columns: String = columns.into_iter().map(ms).collect();
        let waiting = total.wait_ns.map_or_else(|| format!("{:>12}", "unknown"), ms);
        let none = || format!("{:>10}", "–");
        let hidden = total.overlap_pct.map_or_else(none, |pct| format!("{pct:10.2}"));
        writeln!(out, "  {rank:>4}{columns}{waiting} {hidden}")?;
    }
    let mut causes: Vec<&str> =
        ranks.iter().filter_map(|rank| rank.wait_method.why_unknown()).collect();
    causes.dedup();
    for cause in causes {
        writeln!(out, "  Waiting for a late rank is {cause}.")?;
    }
    for rank in ranks.iter().filter(|rank| rank.unmatched > 0 && rank.total.wait_ns.is_some()) {
        writeln!(
            out,
            "  Waiting of rank {} is known but for {} that no other rank has.",
            rank.rank,
            counted(rank.unmatched as u64, "collective")
        )?;
    }
    Ok(())
}

/// The most exposed communication ops; nothing where all is hidden. Where they lie is told from `zero_ns` on.
pub(super) fn exposed(report: &ExposedReport, zero_ns: i64, out: &mut dyn Write) -> io::Result<()> {
    if report.most.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "\n  most exposed               rank  layer          at     exposed    duration     waiting"
    )?;
    for op in report.most.iter().take(MOST_EXPOSED) {
        let layer = op.layer.map_or_else(|| "–".to_owned(), |layer| layer.to_string());
        let waiting = op.wait_ns.map_or_else(|| "unknown".to_owned(), duration);
        writeln!(
            out,
            "  {:26} {:>4}  {layer:>5}  {:>10}  {:>10}  {:>10}  {waiting:>10}",
            shortened(&kernel(&op.name), 25),
            op.rank,
            duration(op.start_ns - zero_ns),
            duration(op.exposed_ns),
            duration(op.duration_ns),
        )?;
    }
    Ok(())
}

/// How tight each phase of the weave is; nothing without phases.
pub(super) fn phases(report: &PhaseReport, out: &mut dyn Write) -> io::Result<()> {
    if report.summary.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "\n  phase    compute        comm       slack  exposed, all  compute ×   comm ×  least slack (medians)"
    )?;
    for row in &report.summary {
        let slack = row.median_slack_ns.map_or_else(|| "–".to_owned(), duration);
        let line = format!(
            "  {:5} {:>10}  {:>10}  {slack:>10}    {:>10} {:>10} {:>8}  {}",
            row.phase.name(),
            duration(row.median_compute_ns),
            duration(row.median_comm_ns),
            duration(row.sum.exposed_ns),
            ratio(row.sum.compute_slowdown),
            ratio(row.sum.comm_slowdown),
            worst(row),
        );
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

fn ratio(slowdown: Option<f64>) -> String {
    slowdown.map_or_else(|| "–".to_owned(), words::times)
}

fn worst(row: &PhaseSummary) -> String {
    row.worst_layer.map_or_else(String::new, |worst| {
        format!("{} in layer {}", duration(worst.median_slack_ns), worst.layer)
    })
}

/// How the GEMMs fill the GPU, uncut and cut; nothing where no label says.
pub(super) fn waves(report: &WaveReport, out: &mut dyn Write) -> io::Result<()> {
    if report.gemms.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n  GEMM           waves whole    waves cut   last wave full     TFLOP/s")?;
    for gemm in report.by_name() {
        let tails: Vec<String> = gemm.tails().map(words::percent).collect();
        writeln!(
            out,
            "  {:14} {:>11} {:>12} {:>15} {:>11}",
            gemm.name,
            gemm.waves_whole(),
            gemm.waves_cut(),
            tails.join(" · "),
            words::three_digits(gemm.tflops()),
        )?;
    }
    if report.cuts.iter().any(|cut| cut.is_estimate) {
        writeln!(
            out,
            "  ≈: both grids in one launch; the recording is older than the plan's word on it."
        )?;
    }
    if report.without_facts > 0 {
        writeln!(
            out,
            "  {} without a word on the grid.",
            counted(report.without_facts as u64, "GEMM")
        )?;
    }
    Ok(())
}
