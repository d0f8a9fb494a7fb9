//! The report as a page for people: what the recording is, tables, a verdict, what is uncertain.

use std::io::{self, Write};

use weftscope_traces::{
    Diagnostics, RunLine, Trace,
    analysis::{AccountReport, AllLayers, Baseline, Config, Ops, verdict},
    words::{counted, duration},
};

use super::{report_layers, report_tables, report_why, reported::Reported};

/// Notes shown of a trace's diagnostics.
const MAX_NOTES: usize = 5;

/// A page for people: what it is, tables, a verdict, what is uncertain; `baselines` are times of other strategies for the same batch, where somebody ran them.
pub(super) fn write(
    report: &Reported,
    baselines: &[Baseline],
    out: &mut dyn Write,
) -> io::Result<()> {
    head(report, out)?;
    let ops = Ops::of(&report.trace, &Config::default());
    let verdict = verdict(&ops, &report.answers, baselines);
    writeln!(out, "{}", verdict.sentence)?;
    for detail in &verdict.details {
        writeln!(out, "{detail}")?;
    }
    uncertain(report, out)
}

fn head(report: &Reported, out: &mut dyn Write) -> io::Result<()> {
    let Reported { files, trace, answers, statistics, .. } = report;
    for file in files {
        writeln!(out, "{}", file.display())?;
    }
    writeln!(out, "{}", trace.meta.title)?;
    writeln!(out, "  times are {}", trace.meta.provenance.sentence())?;
    if let Some(doubt) = trace.meta.doubt() {
        writeln!(out, "  {}", doubt.sentence())?;
    }
    for caveat in trace.meta.caveats() {
        writeln!(out, "  {caveat}")?;
    }
    for RunLine { key, value, .. } in trace.meta.run_lines().filter(|line| line.is_main) {
        writeln!(out, "  {key}: {value}")?;
    }
    if let Some(AllLayers { of, layer_ns, iteration_ns, .. }) = answers.all_layers {
        let [all, layer] = [iteration_ns, layer_ns].map(duration);
        writeln!(
            out,
            "  all {of} layers would take about {all} an iteration (extrapolated by {layer} a layer)"
        )?;
    }
    writeln!(out)?;
    match answers.overlap.ranks.as_slice() {
        [] => writeln!(out, "  {}", held(trace))?,
        ranks => report_tables::ranks(ranks, out)?,
    }
    report_why::accounts(&answers.accounts, out)?;
    report_why::path(&answers.path, out)?;
    report_layers::structure(&answers.structure, out)?;
    report_why::bandwidth(&answers.bandwidth, out)?;
    report_layers::exposed(&answers.exposed_by, out)?;
    report_tables::exposed(&statistics.exposed, began_ns(&answers.accounts), out)?;
    report_tables::phases(&answers.phases, out)?;
    report_tables::waves(&answers.waves, out)?;
    report_layers::products(&answers.products, out)?;
    writeln!(out)
}

/// When the first kernel or copy of all ranks starts.
fn began_ns(accounts: &AccountReport) -> i64 {
    let spans = accounts.ranks.iter().map(|rank| rank.total.span);
    spans.filter(|span| span.len_ns() > 0).map(|span| span.start_ns).min().unwrap_or_default()
}

/// What a trace without ranks has instead.
fn held(trace: &Trace) -> String {
    let samples: usize = trace.counters.iter().map(|counter| counter.at_ns.len()).sum();
    format!(
        "no rank: {} on {}, {} of {}",
        counted(trace.num_slices() as u64, "slice"),
        counted(trace.lanes.len() as u64, "row"),
        counted(samples as u64, "sample"),
        counted(trace.counters.len() as u64, "counter")
    )
}

fn uncertain(report: &Reported, out: &mut dyn Write) -> io::Result<()> {
    let trace = &*report.trace;
    losses(&report.diagnostics(), out)?;
    clocks(trace, out)?;
    overhead(trace, out)
}

/// What was lost, guessed or set aside of a recording; nothing of a clean one.
pub(super) fn losses(diagnostics: &Diagnostics, out: &mut dyn Write) -> io::Result<()> {
    if !diagnostics.is_clean() {
        writeln!(out, "Lost or uncertain:")?;
    }
    for (cause, count) in &diagnostics.counts {
        writeln!(out, "  {count} × {cause}")?;
    }
    for note in diagnostics.notes.iter().take(MAX_NOTES) {
        writeln!(out, "  {note}")?;
    }
    if diagnostics.notes.len() > MAX_NOTES {
        let more = diagnostics.notes.len() - MAX_NOTES;
        writeln!(out, "  … and {}", counted(more as u64, "more note"))?;
    }
    if !diagnostics.remarks.is_empty() {
        writeln!(out, "Set aside without loss:")?;
    }
    for (cause, count) in &diagnostics.remarks {
        writeln!(out, "  {count} × {cause}")?;
    }
    Ok(())
}

/// How far times of different ranks may be off.
fn clocks(trace: &Trace, out: &mut dyn Write) -> io::Result<()> {
    for clock in &trace.meta.clocks {
        writeln!(
            out,
            "Times of rank {} are good to ± {} ns (99 % of {} readings, {}).",
            clock.rank, clock.residual_p99_ns, clock.readings, clock.what
        )?;
    }
    Ok(())
}

fn overhead(trace: &Trace, out: &mut dyn Write) -> io::Result<()> {
    let overhead = &trace.meta.overhead;
    if let Some(slowdown) = &overhead.slowdown {
        writeln!(out, "{} ({}).", slowdown.sentence(), slowdown.how)?;
    }
    match overhead.recording_host_ns {
        Some(ns) => {
            writeln!(out, "Recording cost {} of host time ({}).", duration(ns), overhead.note)
        }
        None if overhead.note.is_empty() => writeln!(out, "Recording cost is not known."),
        None => writeln!(out, "Recording cost: {}.", overhead.note),
    }
}
