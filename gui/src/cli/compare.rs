use std::io::{self, Write};

use weftscope_traces::{
    Classifier, Origin,
    analysis::{
        CompareConfig, CompareReport, Config, Ops, OverlapFigures, OverlapReport, compare, overlap,
    },
};

use super::{Outcome, args::CompareArgs, convert};

/// Rows of the op table.
const MAX_OPS: usize = 15;

/// Prints what changed from one recording to another, rank by rank and op by op.
pub(super) fn run(args: &CompareArgs) -> Outcome {
    let classifier = Classifier::default();
    let before = convert::open(&args.before, &classifier)?;
    let after = convert::open(&args.after, &classifier)?;
    let mut out = io::stdout().lock();
    for (which, path, trace) in [("before", &args.before, &before), ("after", &args.after, &after)]
    {
        let (provenance, title) = (trace.meta.provenance.name(), &trace.meta.title);
        writeln!(out, "{which:>6}: {} ({provenance}): {title}", path.display())?;
    }
    match (before.meta.provenance.origin(), after.meta.provenance.origin()) {
        (Some(Origin::Unknown), _) | (_, Some(Origin::Unknown)) => writeln!(
            out,
            "Where the times of one come from is not known: compare shapes, not microseconds."
        )?,
        (Some(before), Some(after)) if before == after => {}
        (Some(_), Some(_)) => writeln!(
            out,
            "One is measured and the other modelled: compare shapes, not microseconds."
        )?,
        _ => writeln!(
            out,
            "Some ranks are measured and some modelled: compare shapes, not microseconds."
        )?,
    }
    let config = Config::default();
    let (before, after) = (Ops::of(&before, &config), Ops::of(&after, &config));
    let report = compare(&before, &after, CompareConfig::default());
    let [first, second] = report.iteration_ns.map(|ns| ns as f64 / 1e3);
    writeln!(out, "\niteration       {}", change(first, second, "us"))?;
    ranks(&overlap(&before), &overlap(&after), &mut out)?;
    ops(&report, &mut out)?;
    Ok(out.flush()?)
}

fn ranks(old: &OverlapReport, new: &OverlapReport, out: &mut dyn Write) -> io::Result<()> {
    type Figure = fn(&OverlapFigures) -> Option<f64>;
    let figures: [(&str, &str, Figure); 6] = [
        ("compute", "us", |f| Some(f.compute_ns as f64 / 1e3)),
        ("communication", "us", |f| Some(f.comm_ns as f64 / 1e3)),
        ("exposed", "us", |f| Some(f.exposed_comm_ns as f64 / 1e3)),
        ("waiting", "us", |f| f.wait_ns.map(|ns| ns as f64 / 1e3)),
        ("idle", "us", |f| Some(f.idle_ns as f64 / 1e3)),
        ("hidden", "%", |f| Some(f.overlap_pct)),
    ];
    for rank in &old.ranks {
        let Some(other) = new.ranks.iter().find(|other| other.rank == rank.rank) else {
            writeln!(out, "\nrank {} is only in the first", rank.rank)?;
            continue;
        };
        writeln!(out, "\nrank {}", rank.rank)?;
        for (name, unit, figure) in figures {
            let text = match (figure(&rank.total), figure(&other.total)) {
                (Some(old), Some(new)) => change(old, new, unit),
                _ => "not known of both".to_owned(),
            };
            writeln!(out, "  {name:13} {text}")?;
        }
    }
    for rank in &new.ranks {
        if !old.ranks.iter().any(|other| other.rank == rank.rank) {
            writeln!(out, "\nrank {} is only in the second", rank.rank)?;
        }
    }
    Ok(())
}

fn ops(report: &CompareReport, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "\nops whose time changed most (mean of one run of the op, then µs per iteration and rank)"
    )?;
    for row in report.both.iter().take(MAX_OPS) {
        let [old, new] = row.durations.map(|durations| durations.mean_ns() / 1e3);
        writeln!(
            out,
            "  {} {:+10.2} us  {}",
            change(old, new, "us"),
            row.change_ns / 1e3,
            shortened(&row.op.name)
        )?;
    }
    if report.both.len() > MAX_OPS {
        writeln!(out, "  … and {} more", report.both.len() - MAX_OPS)?;
    }
    for (which, rows) in [("first", &report.removed), ("second", &report.added)] {
        for row in rows.iter().take(MAX_OPS) {
            let mean_us = row.durations.mean_ns() / 1e3;
            let (count, name) = (row.durations.count, shortened(&row.op.name));
            writeln!(out, "  only in the {which}: {count} × {mean_us:.2} us {name}")?;
        }
    }
    Ok(())
}

fn shortened(name: &str) -> String {
    let mut short: String = name.chars().take(60).collect();
    if short.len() < name.len() {
        short.push('…');
    }
    short
}

fn change(old: f64, new: f64, unit: &str) -> String {
    let percent = match (unit, old) {
        ("%", _) | (_, 0.0) => String::new(),
        _ => format!(" ({:+.1} %)", 100.0 * (new - old) / old),
    };
    format!("{old:12.2} → {new:12.2} {unit}, {:+.2}{percent}", new - old)
}
