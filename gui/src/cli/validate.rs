//! `validate`: how far predictions are from what was measured, for every data set that ships.

use std::io::{self, Write};

use weftscope_engine::{
    machine,
    validate::{DataSet, Errors, Judged, Part, Row, ValidateError, judged, validate},
};
use weftscope_traces::words::counted;

use super::{Failure, Outcome, plain, validate_what_if};

/// Speed-ups this close to the published ones count as met.
const SPEED_UP_WITHIN: f64 = 0.05;

/// Arguments of `validate`.
#[derive(Debug, clap::Args)]
pub struct ValidateArgs {
    /// Data sets, by name [default: all]; with --what-if recordings.
    #[arg(value_name = "SET|FILE")]
    pub sets: Vec<String>,
    /// Only the line of each set, without its rows.
    #[arg(long)]
    pub summary: bool,
    /// Instead: how near replays of recordings come to them, and predictions of a change to recordings of the change. Of the
    /// samples that ship, and of these FILEs, ranks of one job, if any are named.
    #[arg(long, conflicts_with = "summary")]
    pub what_if: bool,
    /// Everything as JSON.
    #[arg(long, conflicts_with = "summary")]
    pub json: bool,
}

/// Prints predicted against measured.
pub(super) fn run(args: &ValidateArgs) -> Outcome {
    if args.what_if {
        return validate_what_if::run(&args.sets, args.json);
    }
    let sets = validate(&args.sets).map_err(|error| match error {
        ValidateError::Unknown { .. } => Failure::Misuse(error.to_string()),
        error => Failure::failed(error, "validate"),
    })?;
    if args.json {
        let mut out = io::stdout().lock();
        serde_json::to_writer(&mut out, &sets).map_err(io::Error::from)?;
        writeln!(out)?;
        return Ok(out.flush()?);
    }
    let mut out = plain::stdout();
    if !args.summary {
        for set in &sets {
            rows(set, &mut out)?;
        }
    }
    summary(&sets, &mut out)?;
    if args.sets.is_empty() {
        machines(&sets, &mut out)?;
    }
    Ok(out.flush()?)
}

fn rows(set: &DataSet, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{} on {}, {}", set.name, set.machine, words(set.part))?;
    writeln!(out, "  {}", set.source)?;
    writeln!(out, "  {:<40} {:>12} {:>12} {:>8}", "", "measured µs", "predicted µs", "error")?;
    for row in &set.times_us {
        write_row(row, 1, out)?;
    }
    for row in &set.speed_ups {
        write_row(row, 3, out)?;
    }
    writeln!(out)
}

fn write_row(row: &Row, decimals: usize, out: &mut dyn Write) -> io::Result<()> {
    let Row { what, measured, predicted, .. } = row;
    writeln!(
        out,
        "  {what:<40} {measured:>12.decimals$} {predicted:>12.decimals$} {:>+6.1} %",
        100.0 * row.error()
    )
}

fn summary(sets: &[DataSet], out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "{:<30} {:<8} {:>5} {:>8} {:>8} {:>8}  speed-ups, cuts",
        "set", "machine", "rows", "mean", "worst", "bias"
    )?;
    for part in [Part::Fitted, Part::Unseen] {
        let of_part: Vec<&DataSet> = sets.iter().filter(|set| set.part == part).collect();
        if of_part.is_empty() {
            continue;
        }
        writeln!(out, "{}:", words(part))?;
        for set in &of_part {
            line(set.name, set.machine, &set.times_us, &besides(set), out)?;
        }
        let all = of_part.iter().flat_map(|set| &set.times_us);
        line("all of these", "", all, "", out)?;
    }
    Ok(())
}

/// What each machine file is worth: the error that it says is to be expected of it.
fn machines(sets: &[DataSet], out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "to be expected of layers and iterations:")?;
    for machine in machine::names() {
        match judged(machine, sets) {
            Some(Judged { part, rows, .. }) => {
                let which = match part {
                    Part::Fitted => "constants were fitted to",
                    Part::Unseen => "never fitted to",
                };
                line(which, machine, rows, "", out)?;
            }
            None => writeln!(out, "  {:<28} {machine:<8} error unknown", "nothing measured")?,
        }
    }
    Ok(())
}

fn line<'a>(
    name: &str,
    machine: &str,
    rows: impl IntoIterator<Item = &'a Row>,
    besides: &str,
    out: &mut dyn Write,
) -> io::Result<()> {
    let Some(Errors { count, mean, worst, bias }) = Errors::of(rows) else { return Ok(()) };
    let [mean, worst, bias] = [mean, worst, bias].map(|share| rounded(100.0 * share));
    let line = format!(
        "  {name:<28} {machine:<8} {count:>5} {mean:>6.1} % {worst:>6.1} % {bias:>+6.1} %  {besides}"
    );
    writeln!(out, "{}", line.trim_end())
}

/// What a set says beside its times.
fn besides(set: &DataSet) -> String {
    let correlation =
        set.rank_correlation.map(|rank| format!("rank correlation of cuts {rank:.2}"));
    if let Some(chosen) = chosen_cuts(&set.chosen_cuts_cost) {
        return correlation.into_iter().chain([chosen]).collect::<Vec<_>>().join(", ");
    }
    if set.speed_ups.is_empty() {
        return String::new();
    }
    let is_met = |row: &&Row| (row.predicted - row.measured).abs() <= SPEED_UP_WITHIN;
    let met = set.speed_ups.iter().filter(is_met).count();
    format!("{met} of {} within {SPEED_UP_WITHIN}", counted(set.speed_ups.len() as u64, "speed-up"))
}

/// To a tenth; what rounds to nothing has no sign.
fn rounded(percent: f64) -> f64 {
    (10.0 * percent).round() / 10.0 + 0.0
}

/// What chosen cuts cost more than the best that were measured.
fn chosen_cuts(costs: &[f64]) -> Option<String> {
    let percent = |share: f64| format!("{:+.1} %", rounded(100.0 * share));
    match costs {
        [] => None,
        [one] => Some(format!("the chosen one costs {}", percent(*one))),
        many => {
            let mean = many.iter().sum::<f64>() / many.len() as f64;
            let worst = many.iter().copied().fold(0.0, f64::max);
            let batches = counted(many.len() as u64, "batch");
            Some(format!(
                "chosen ones of {batches} cost {}, at worst {}",
                percent(mean),
                percent(worst)
            ))
        }
    }
}

fn words(part: Part) -> &'static str {
    match part {
        Part::Fitted => "constants were fitted to these",
        Part::Unseen => "no constant was fitted to these",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fitted_and_unseen_rows_stand_apart() {
        let row = |what: &str, predicted| Row {
            what: what.to_owned(),
            measured: 100.0,
            predicted,
            is_layers: true,
        };
        let set = |name, part, predicted| DataSet {
            name,
            machine: "h100x8",
            source: "made up",
            part,
            times_us: vec![row("a", predicted), row("b", 100.0)],
            speed_ups: vec![],
            rank_correlation: (part == Part::Unseen).then_some(0.5),
            chosen_cuts_cost: if part == Part::Unseen { vec![0.004] } else { vec![] },
        };
        let mut out = Vec::new();
        summary(&[set("one", Part::Fitted, 102.0), set("two", Part::Unseen, 80.0)], &mut out)
            .unwrap();
        let text = String::from_utf8(out).unwrap();
        let lines: Vec<Vec<&str>> =
            text.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(lines[2], ["one", "h100x8", "2", "1.0", "%", "2.0", "%", "+1.0", "%"]);
        assert_eq!(lines[5][..9], ["two", "h100x8", "2", "10.0", "%", "20.0", "%", "-10.0", "%"]);
        assert!(
            text.contains("rank correlation of cuts 0.50, the chosen one costs +0.4 %"),
            "{text}"
        );
        let many = chosen_cuts(&[0.0, 0.03]).unwrap();
        assert_eq!(many, "chosen ones of 2 batches cost +1.5 %, at worst +3.0 %");
        let place = |words: &str| text.find(words).unwrap();
        assert!(
            place("constants were fitted") < place("one") && place("one") < place("no constant")
        );
    }
}
