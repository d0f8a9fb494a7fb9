use std::io::{self, Write};

use weftscope_traces::{
    Classifier, Origin,
    analysis::{
        CompareConfig, CompareReport, Config, Ops, OverlapFigures, OverlapReport, compare, overlap,
    },
    words::{duration, percent},
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
    let [first, second] = report.iteration_ns;
    writeln!(out, "\niteration       {}", change(first as f64, second as f64))?;
    ranks(&overlap(&before), &overlap(&after), &mut out)?;
    ops(&report, &mut out)?;
    Ok(out.flush()?)
}

fn ranks(old: &OverlapReport, new: &OverlapReport, out: &mut dyn Write) -> io::Result<()> {
    type Figure = fn(&OverlapFigures) -> Option<i64>;
    let figures: [(&str, Figure); 5] = [
        ("compute", |f| Some(f.compute_ns)),
        ("communication", |f| Some(f.comm_ns)),
        ("exposed", |f| Some(f.exposed_comm_ns)),
        ("waiting", |f| f.wait_ns),
        ("idle", |f| Some(f.idle_ns)),
    ];
    for rank in &old.ranks {
        let Some(other) = new.ranks.iter().find(|other| other.rank == rank.rank) else {
            writeln!(out, "\nrank {} is only in the first", rank.rank)?;
            continue;
        };
        writeln!(out, "\nrank {}", rank.rank)?;
        for (name, figure) in figures {
            let text = match (figure(&rank.total), figure(&other.total)) {
                (Some(old), Some(new)) => change(old as f64, new as f64),
                _ => "not known of both".to_owned(),
            };
            writeln!(out, "  {name:13} {text}")?;
        }
        let hidden = [&rank.total, &other.total].map(|total| percent(total.overlap_pct / 100.0));
        writeln!(out, "  {:13} {:>10} → {:>10}", "hidden", hidden[0], hidden[1])?;
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
        "\nops whose time changed most (mean of one run of the op, then per iteration and rank)"
    )?;
    for row in report.both.iter().take(MAX_OPS) {
        let [old, new] = row.durations.map(|durations| durations.mean_ns());
        let (change, in_all) = (change(old, new), signed(row.change_ns));
        writeln!(out, "  {change}  {in_all:>10}  {}", shortened(&row.op.name))?;
    }
    if report.both.len() > MAX_OPS {
        writeln!(out, "  … and {} more", report.both.len() - MAX_OPS)?;
    }
    for (which, rows) in [("first", &report.removed), ("second", &report.added)] {
        for row in rows.iter().take(MAX_OPS) {
            let mean = in_words(row.durations.mean_ns());
            let (count, name) = (row.durations.count, shortened(&row.op.name));
            writeln!(out, "  only in the {which}: {count} × {mean} {name}")?;
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

/// `  12.3 µs →   14.5 µs   +2.20 µs (+17.9 %)`.
fn change(old_ns: f64, new_ns: f64) -> String {
    let change = signed(new_ns - old_ns);
    let percent = match old_ns {
        0.0 => String::new(),
        _ => format!("({:+.1} %)", 100.0 * (new_ns - old_ns) / old_ns),
    };
    format!("{:>10} → {:>10} {change:>10} {percent:>10}", in_words(old_ns), in_words(new_ns))
}

fn in_words(ns: f64) -> String {
    duration(ns.round() as i64)
}

fn signed(ns: f64) -> String {
    let sign = if ns.round() > 0.0 { "+" } else { "" };
    format!("{sign}{}", in_words(ns))
}
