//! `what-if` in words.

use std::io::{self, Write};

use weftscope_traces::{
    analysis::Ops,
    replay::{Answer, Hidden, LEFT_OUT, NOTHING_PAYS, Prepared, Suggestions},
    words::{duration, signed_duration},
};

use super::Measured;

fn head((ops, prepared): (&Ops<'_>, &Prepared), out: &mut dyn Write) -> io::Result<()> {
    let trace = ops.trace;
    writeln!(out, "{} ({})", trace.meta.title, trace.meta.provenance.badge())?;
    writeln!(out, "  {}", prepared.in_words())?;
    for sentence in prepared.doubts() {
        writeln!(out, "  {sentence}")?;
    }
    Ok(())
}

/// The replay beside the recording.
pub(super) fn unchanged(of: (&Ops<'_>, &Prepared), out: &mut dyn Write) -> io::Result<()> {
    head(of, out)?;
    let residual = &of.1.residual;
    writeln!(out, "\nreplayed unchanged\n  rank  iteration      recorded      replayed")?;
    for it in &residual.iterations {
        let off = share(it.recorded_ns, it.replayed_ns);
        let [old, new] = [it.recorded_ns, it.replayed_ns].map(duration);
        writeln!(out, "  {:>4}  {:>9}  {old:>12}  {new:>12}  {off}", it.rank, it.iteration)?;
    }
    writeln!(out, "  rank     stream          busy      replayed")?;
    for it in &residual.streams {
        let off = share(it.recorded_ns, it.replayed_ns);
        let [old, new] = [it.recorded_ns, it.replayed_ns].map(duration);
        writeln!(out, "  {:>4}  {:>9}  {old:>12}  {new:>12}  {off}", it.rank, it.stream)?;
    }
    writeln!(out, "\n{}", residual.in_words())
}

fn share(old_ns: i64, new_ns: i64) -> String {
    match old_ns {
        0 => "–".to_owned(),
        _ => format!("{:+.2} %", 100.0 * (new_ns as f64 / old_ns as f64 - 1.0)),
    }
}

/// The prediction beside the recording, and beside a recording of the change.
pub(super) fn answer(
    of: (&Ops<'_>, &Prepared),
    (answer, measured): (&Answer, Option<&Measured>),
    out: &mut dyn Write,
) -> io::Result<()> {
    head(of, out)?;
    for (edit, note) in answer.edits.iter().zip(&answer.notes) {
        writeln!(out, "  {edit}: {note}")?;
    }
    writeln!(out, "\n{}", answer.headline())?;
    writeln!(out, "{}", capitalised(&answer.error_in_words()))?;
    writeln!(out, "{}", answer.hidden_in_words())?;
    if let Some(stuck) = answer.stuck_in_words() {
        writeln!(out, "{stuck}")?;
    }
    if !answer.causes.is_empty() {
        writeln!(out, "\nwhy")?;
    }
    for cause in &answer.causes {
        writeln!(out, "  {:>10}  {}", signed_duration(cause.change_ns), cause.in_words())?;
    }
    if let Some(measured) = measured {
        against(answer, measured, out)?;
    }
    Ok(())
}

/// As a sentence.
fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

fn against(answer: &Answer, measured: &Measured, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "\nmeasured of the changed run")?;
    let predicted: Vec<f64> = answer.iterations_ns.iter().map(|[_, new]| *new).collect();
    for (what, of) in
        [("median iteration", median as fn(&[f64]) -> f64), ("shortest iteration", least)]
    {
        let [old, new] = [of(&measured.iterations_ns), of(&predicted)];
        let off = if old > 0.0 {
            format!("{:+.1} %", 100.0 * (new / old - 1.0))
        } else {
            "–".to_owned()
        };
        let [old, new] = [old, new].map(|ns| duration(ns.round() as i64));
        writeln!(out, "  {what:<19} {old:>10} measured {new:>10} predicted  {off}")?;
    }
    let shares = [measured.hidden, answer.hidden[1]].map(Hidden::share);
    let off = match shares {
        [Some(old), Some(new)] => format!("{:+.1} points", 100.0 * (new - old)),
        _ => "–".to_owned(),
    };
    let [old, new] = [measured.hidden, answer.hidden[1]].map(Hidden::in_words);
    writeln!(out, "  {:<19} {old:>10} measured {new:>10} predicted  {off}", "hidden")
}

/// The middle one; of an even number the mean of the two in the middle; 0 of none.
pub(in crate::cli) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => 0.0,
        count => f64::midpoint(sorted[(count - 1) / 2], sorted[count / 2]),
    }
}

/// The least; 0 of none.
pub(in crate::cli) fn least(values: &[f64]) -> f64 {
    values.iter().copied().reduce(f64::min).unwrap_or(0.0)
}

/// What would pay, best first.
pub(super) fn suggestions(
    of: (&Ops<'_>, &Prepared),
    suggestions: &Suggestions,
    out: &mut dyn Write,
) -> io::Result<()> {
    head(of, out)?;
    writeln!(out)?;
    if suggestions.is_empty() {
        writeln!(out, "{NOTHING_PAYS}")?;
    }
    for suggestion in &suggestions.ranked {
        writeln!(out, "{}", suggestion.sentence)?;
        let edits: Vec<String> =
            suggestion.edits.iter().map(|edit| format!("--edit {edit}")).collect();
        writeln!(out, "  {}", edits.join(" "))?;
    }
    if !suggestions.left_out.is_empty() {
        writeln!(out, "\n{LEFT_OUT}")?;
    }
    for left_out in &suggestions.left_out {
        writeln!(out, "  {}", left_out.in_words())?;
    }
    Ok(())
}
