//! `neighbour`: a system beside TokenWeave, simulated with its idea and without, beside what was published of it.

use std::{
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::{Args, builder::PossibleValuesParser};
use serde_json::{Value, json};
use weftscope_engine::{
    neighbours::{
        Figure, NEIGHBOURS, Neighbour, NeighbourError, Outcome as Ran, Run, Settings, Unit,
        neighbour,
    },
    plan::Plan,
    sim::Simulator,
};
use weftscope_profiler::record::record_plan;
use weftscope_traces::words::counted;

use super::{Failure, Outcome, convert, outputs, plain, plan, table::Table};
use crate::files::{SaveOptions, check_target, is_stdio};

/// Arguments of `neighbour`.
#[derive(Debug, Args)]
pub struct NeighbourArgs {
    /// Which (`weftscope list neighbours`).
    #[arg(value_name = "NAME", value_parser = names())]
    pub name: String,
    /// Turn a knob, e.g. tokens=8192; may be given several times. What there is to turn stands below the figures.
    #[arg(long, value_name = "KNOB=VALUE")]
    pub set: Vec<String>,
    /// What -o writes: the run without the idea instead.
    #[arg(long, requires = "output")]
    pub without: bool,
    #[arg(short, long, value_name = "FILE", help = output_help())]
    pub output: Option<PathBuf>,
    /// Machine-readable.
    #[arg(long)]
    pub json: bool,
}

fn names() -> PossibleValuesParser {
    PossibleValuesParser::new(NEIGHBOURS.iter().map(|neighbour| neighbour.name))
}

fn output_help() -> String {
    let recording = outputs::output_help();
    format!(
        "Also write the run that was simulated: its plan, as x.plan.json (docs/plans.md), or {recording}"
    )
}

/// What a plan's file ends with.
const PLAN: &str = ".plan.json";

/// Simulates, prints, and writes what is asked for.
pub(super) fn run(args: &NeighbourArgs) -> Outcome {
    let neighbour = neighbour(&args.name)
        .ok_or_else(|| Failure::misuse("there is no such neighbour", &args.name))?;
    let settings = settings(neighbour, &args.set)?;
    if let Some(output) = &args.output
        && !is_stdio(output)
    {
        check_target(output)?;
    }
    let ran = neighbour.simulate(&settings, &|| false).map_err(|error| match error {
        NeighbourError::Plan(_) => Failure::misuse(error, "--set"),
        _ => Failure::failed(error, neighbour.name),
    })?;
    if let Some(output) = &args.output {
        let run = if args.without { &ran.runs.without } else { &ran.runs.with };
        write_run(run, output)?;
        if is_stdio(output) {
            return Ok(());
        }
    }
    let mut out = plain::stdout();
    if args.json {
        serde_json::to_writer_pretty(&mut out, &in_json(neighbour, &settings, &ran))
            .map_err(|error| Failure::failed(error, "standard output"))?;
        writeln!(out)?;
    } else {
        print(neighbour, &settings, &ran, &mut out)?;
    }
    Ok(out.flush()?)
}

fn settings(neighbour: &'static Neighbour, set: &[String]) -> Result<Settings, Failure> {
    let mut settings = neighbour.settings();
    for text in set {
        let (knob, value) = text.split_once('=').ok_or_else(|| {
            Failure::misuse(format!("{text:?} has no =; write for example tokens=8192"), "--set")
        })?;
        settings.set(knob, value).map_err(|error| Failure::misuse(error, "--set"))?;
    }
    Ok(settings)
}

/// Writes a plan or its recording, by the name of the file.
fn write_run(run: &Run, output: &Path) -> Outcome {
    if output.to_string_lossy().ends_with(PLAN) {
        return plan::write(&run.plan, output);
    }
    let format = convert::format_of(output)?;
    let mut simulator = Simulator::new(&run.plan.spec.machine);
    let plan: &Arc<Plan> = &run.plan;
    let trace = record_plan(&mut simulator, plan, 1, &mut |_| true)
        .map_err(|error| Failure::failed(error, output.display()))?;
    let options = SaveOptions { own_names: false, rank: None };
    convert::save(&trace, output, (format, options))?;
    if !is_stdio(output) {
        let slices = counted(trace.num_slices() as u64, "slice");
        writeln!(std::io::stderr(), "{}: {slices} of {}", output.display(), plan.decision.name())?;
    }
    Ok(())
}

fn print(neighbour: &Neighbour, settings: &Settings, ran: &Ran, out: &mut dyn Write) -> Outcome {
    let source = neighbour.source;
    writeln!(out, "{}: {}", neighbour.title, neighbour.about)?;
    writeln!(out, "{} ({})", source.title, source.place)?;
    writeln!(out, "claims {}\n", neighbour.claim)?;
    let mut figures = Table::new(["figure", "here, simulated", "published"]);
    for figure in &ran.figures {
        let published = figure.published.unwrap_or("-").to_owned();
        figures.row([figure.name.to_owned(), figure.text(), published]);
    }
    figures.write(out)?;
    writeln!(out)?;
    let mut knobs = Table::new(["knob", "setting", "may be"]);
    for (knob, value) in settings.iter() {
        let set = format!("{} {}", knob.range.text(value), knob.unit);
        knobs.row([knob.name.to_owned(), set.trim_end().to_owned(), knob.range.to_string()]);
    }
    knobs.write(out)?;
    writeln!(out)?;
    for sentence in neighbour.leaves_out {
        writeln!(out, "not in it: {sentence}")?;
    }
    Ok(())
}

/// What a value in JSON is in.
fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Share => "share of 1",
        Unit::Times => "times",
        Unit::Ns => "ns",
        Unit::TokensPerS => "tokens/s",
        Unit::Number => "",
    }
}

fn in_json(neighbour: &Neighbour, settings: &Settings, ran: &Ran) -> Value {
    let figure = |figure: &Figure| json!({ "name": figure.name, "value": figure.ours, "unit": unit(figure.unit), "text": figure.text(), "published": figure.published });
    let knobs: serde_json::Map<String, Value> = settings
        .iter()
        .map(|(knob, value)| (knob.name.to_owned(), knob.range.text(value).into()))
        .collect();
    json!({
        "neighbour": neighbour.name,
        "title": neighbour.title,
        "source": { "title": neighbour.source.title, "place": neighbour.source.place },
        "claim": neighbour.claim,
        "leaves_out": neighbour.leaves_out,
        "knobs": knobs,
        "figures": ran.figures.iter().map(figure).collect::<Vec<_>>(),
        "with_ns": ran.runs.with.time_ns,
        "without_ns": ran.runs.without.time_ns,
    })
}
