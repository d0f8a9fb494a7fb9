//! `compare`: whether one recording is faster than another, by how much more than chance, and why.

use std::io::{self, Write};
use std::path::PathBuf;

use weftscope_traces::{
    Doubt, Trace,
    analysis::{
        CompareConfig, CompareReport, CompareVerdict, Config, IterationTerms, OpKey, Ops, compare,
    },
    tables::TableSource,
    words::{counted, duration, percent, shortened, signed_duration},
};

use super::{Failure, Outcome, args::CompareArgs, plain, recordings, tables};

/// Rows of the op table.
const MAX_OPS: usize = 15;
/// Letters of a kernel's name.
const NAME: usize = 60;

/// Prints what changed from one recording to another, rank by rank and op by op.
pub(super) fn run(args: &CompareArgs) -> Outcome {
    let sides = sides(args)?;
    let classifier = args.names.classifier()?;
    let [before, after] = sides.map(|side| recordings::as_one(side, &classifier));
    let (before, after) = (before?, after?);
    let config = Config::default();
    let (old, new) = (Ops::of(&before, &config), Ops::of(&after, &config));
    let config = CompareConfig { by_layer: args.by_layer, ..CompareConfig::default() };
    let report = compare(&old, &new, config);
    if let Some(name) = &args.table {
        tables::print(tables::named(name)?, TableSource::Comparison(&report), args.json)?;
    } else if args.json {
        let mut out = io::stdout().lock();
        serde_json::to_writer(&mut out, &report).map_err(io::Error::from)?;
        writeln!(out)?;
        out.flush()?;
    } else {
        let mut out = plain::stdout();
        text(&report, sides, [&before, &after], &mut out)?;
        out.flush()?;
    }
    gate(args, &report)
}

/// Files before and after.
fn sides(args: &CompareArgs) -> Result<[&[PathBuf]; 2], Failure> {
    match (&args.files[..], &args.to[..]) {
        (before, after) if !after.is_empty() => Ok([before, after]),
        ([_, _], _) => Ok(args.files.split_at(1).into()),
        (files, _) => Err(Failure::misuse(
            format!(
                "two recordings are compared, {} given: BEFORE AFTER, or BEFORE... --to AFTER...",
                counted(files.len() as u64, "file")
            ),
            "compare",
        )),
    }
}

/// With `--fail-over`: a failure where the second is slower by more, or nobody can tell.
fn gate(args: &CompareArgs, report: &CompareReport) -> Outcome {
    let Some(over) = args.fail_over else { return Ok(()) };
    let share = report.iteration_ratio.map_or(0.0, |ratio| ratio - 1.0);
    match report.verdict {
        CompareVerdict::NotComparable => {
            let why = report.not_comparable.first().map_or("", |why| why.trim_end_matches('.'));
            Err(Failure::failed(format!("not comparable: {why}"), "--fail-over"))
        }
        CompareVerdict::Slower if share > over.share => Err(Failure::failed(
            format!("slower by {}, more than {}", percent(share), percent(over.share)),
            "--fail-over",
        )),
        _ => Ok(()),
    }
}

fn text(
    report: &CompareReport,
    sides: [&[PathBuf]; 2],
    traces: [&Trace; 2],
    out: &mut dyn Write,
) -> io::Result<()> {
    for (which, (files, trace)) in
        ["before", "after"].into_iter().zip(sides.into_iter().zip(traces))
    {
        let (provenance, title) = (trace.meta.provenance.name(), &trace.meta.title);
        let files: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
        let title = if files.len() == 1 { format!(": {title}") } else { String::new() };
        writeln!(out, "{which:>6}: {} ({provenance}){title}", files.join(", "))?;
        for (cause, count) in &trace.diagnostics.counts {
            writeln!(out, "        {count} × {cause}")?;
        }
        for note in &trace.diagnostics.notes {
            writeln!(out, "        {note}")?;
        }
    }
    for doubt in doubts(traces) {
        writeln!(out, "{doubt}")?;
    }
    writeln!(out, "\n{}", paragraph(report))?;
    for caveat in report.caveats.iter().filter(|caveat| !report.not_comparable.contains(caveat)) {
        writeln!(out, "{caveat}")?;
    }
    terms(report, out)?;
    ranks(report, out)?;
    ops(report, out)
}

/// How far what was predicted is off: once where it is the same of both.
fn doubts(traces: [&Trace; 2]) -> Vec<String> {
    let doubts = traces.into_iter().filter_map(|trace| trace.meta.doubt());
    let mut sentences: Vec<String> = doubts.map(Doubt::sentence).collect();
    sentences.dedup();
    sentences
}

/// The verdict, how far it is from chance, why, and what waiting has to do with it.
fn paragraph(report: &CompareReport) -> String {
    let [old, new] = report.noise.iterations.map(|count| count as u64);
    let name = report.verdict.name();
    let verdict = format!("{}{}", name[..1].to_uppercase(), &name[1..]);
    let noise = match report.noise.gate_ns {
        Some(gate_ns) if gate_ns > 0.0 => format!(
            " ({} and {}; chance makes up to {})",
            counted(old, "iteration"),
            new,
            duration(gate_ns.round() as i64)
        ),
        _ => String::new(),
    };
    let mut all = vec![format!("{verdict}{noise}.")];
    all.extend(report.not_comparable.iter().cloned());
    all.push(report.sentence.clone());
    all.push(report.hidden.clone());
    all.push(report.waiting.clone());
    all.retain(|sentence| !sentence.is_empty());
    all.dedup();
    all.join(" ")
}

/// What an iteration consists of, and why it takes another time; both add up.
fn terms(report: &CompareReport, out: &mut dyn Write) -> io::Result<()> {
    let [old, new] = &report.terms;
    writeln!(out, "\nmedian iteration")?;
    for (name, old, new) in [
        ("computation", old.compute_ns, new.compute_ns),
        ("exposed communication", old.exposed_comm_ns, new.exposed_comm_ns),
        ("exposed copies", old.exposed_copies_ns, new.exposed_copies_ns),
        ("idle", old.idle_ns, new.idle_ns),
        ("all of it", old.iteration_ns, new.iteration_ns),
    ] {
        writeln!(out, "  {name:21} {}", change(old, new))?;
    }
    if !report.causes.is_empty() {
        writeln!(out, "\nwhy")?;
    }
    for cause in &report.causes {
        writeln!(out, "  {:>10}  {}", signed_duration(cause.change_ns), cause.in_words())?;
    }
    Ok(())
}

/// The same rank by rank: its part of the median iteration.
fn ranks(report: &CompareReport, out: &mut dyn Write) -> io::Result<()> {
    type Figure = fn(&IterationTerms) -> Option<f64>;
    let figures: [(&str, Figure); 5] = [
        ("computation", |terms| Some(terms.compute_ns)),
        ("communication", |terms| Some(terms.comm_ns)),
        ("exposed", |terms| Some(terms.exposed_comm_ns)),
        ("waiting", |terms| terms.wait_ns),
        ("idle", |terms| Some(terms.idle_ns)),
    ];
    for rank in &report.ranks {
        let [Some(old), Some(new)] = &rank.terms else {
            let which = if rank.terms[0].is_some() { "first" } else { "second" };
            writeln!(out, "\nrank {} is only in the {which}", rank.rank)?;
            continue;
        };
        writeln!(out, "\nrank {}, median iteration", rank.rank)?;
        for (name, figure) in figures {
            let text = match (figure(old), figure(new)) {
                (Some(old), Some(new)) => change(old, new),
                _ => "not known of both".to_owned(),
            };
            writeln!(out, "  {name:13} {text}")?;
        }
        let hidden = [old, new].map(|terms| match terms.comm_ns {
            0.0 => "–".to_owned(),
            comm_ns => percent(1.0 - terms.exposed_comm_ns / comm_ns),
        });
        writeln!(out, "  {:13} {:>10} → {:>10}", "hidden", hidden[0], hidden[1])?;
    }
    Ok(())
}

/// An op's name, and its layer where layers are told apart.
fn name(op: &OpKey) -> String {
    let layer = op.layer.map_or_else(String::new, |layer| format!(" (layer {layer})"));
    format!("{}{layer}", shortened(&op.name, NAME))
}

fn ops(report: &CompareReport, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "\nops whose time changed most (mean of one run of the op, then all runs of the median iteration)"
    )?;
    for row in report.both.iter().take(MAX_OPS) {
        let [old, new] = row.durations.map(|durations| durations.mean_ns());
        let (change, in_all) = (change(old, new), signed_duration(row.change_ns));
        writeln!(out, "  {change}  {in_all:>10}  {}", name(&row.op))?;
    }
    if report.both.len() > MAX_OPS {
        writeln!(out, "  … and {} more", report.both.len() - MAX_OPS)?;
    }
    for (which, rows) in [("first", &report.removed), ("second", &report.added)] {
        for row in rows.iter().take(MAX_OPS) {
            let mean = in_words(row.durations.mean_ns());
            let (count, name) = (row.durations.count, name(&row.op));
            writeln!(out, "  only in the {which}: {count} × {mean} {name}")?;
        }
    }
    Ok(())
}

/// `  12.3 µs →   14.5 µs   +2.20 µs (+17.9 %)`.
fn change(old_ns: f64, new_ns: f64) -> String {
    let change = signed_duration(new_ns - old_ns);
    let percent = match old_ns {
        0.0 => String::new(),
        _ => format!("({:+.1} %)", 100.0 * (new_ns - old_ns) / old_ns),
    };
    format!("{:>10} → {:>10} {change:>10} {percent:>10}", in_words(old_ns), in_words(new_ns))
}

fn in_words(ns: f64) -> String {
    duration(ns.round() as i64)
}
