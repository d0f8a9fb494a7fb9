use std::io::{self, Write};

use weftscope_traces::{
    Classifier,
    analysis::{
        CompareConfig, CompareReport, Config, Ops, OverlapFigures, OverlapReport, compare, overlap,
    },
    words::{duration, percent, shortened, signed_duration},
};

use super::{Outcome, args::CompareArgs, convert};

/// Rows of the op table.
const MAX_OPS: usize = 15;
/// Letters of a kernel's name.
const NAME: usize = 60;

/// Prints what changed from one recording to another, rank by rank and op by op.
pub(super) fn run(args: &CompareArgs) -> Outcome {
    let classifier = Classifier::default();
    let before = convert::open(&args.before, &classifier)?;
    let after = convert::open(&args.after, &classifier)?;
    let config = Config::default();
    let (old, new) = (Ops::of(&before, &config), Ops::of(&after, &config));
    let report = compare(&old, &new, CompareConfig::default());
    let mut out = io::stdout().lock();
    if args.json {
        serde_json::to_writer(&mut out, &report).map_err(io::Error::from)?;
        writeln!(out)?;
        return Ok(out.flush()?);
    }
    for (which, path, trace) in [("before", &args.before, &before), ("after", &args.after, &after)]
    {
        let (provenance, title) = (trace.meta.provenance.name(), &trace.meta.title);
        writeln!(out, "{which:>6}: {} ({provenance}): {title}", path.display())?;
    }
    for caveat in &report.caveats {
        writeln!(out, "{caveat}")?;
    }
    writeln!(out, "\n{}", report.sentence)?;
    terms(&report, &mut out)?;
    ranks(&overlap(&old), &overlap(&new), &mut out)?;
    ops(&report, &mut out)?;
    Ok(out.flush()?)
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
        let (change, in_all) = (change(old, new), signed_duration(row.change_ns));
        writeln!(out, "  {change}  {in_all:>10}  {}", shortened(&row.op.name, NAME))?;
    }
    if report.both.len() > MAX_OPS {
        writeln!(out, "  … and {} more", report.both.len() - MAX_OPS)?;
    }
    for (which, rows) in [("first", &report.removed), ("second", &report.added)] {
        for row in rows.iter().take(MAX_OPS) {
            let mean = in_words(row.durations.mean_ns());
            let (count, name) = (row.durations.count, shortened(&row.op.name, NAME));
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
