//! Layers, what they leave exposed, and products against the data sheet, for people: what the window's panel says.

use std::io::{self, Write};

use weftscope_traces::{
    analysis::{ExposedByReport, ProductReport, ProductRow, StructureBasis, StructureReport},
    words::{counted, duration, kernel, percent, shortened, three_digits},
};

/// Ranks of which is told where their layers are known from.
const RANKS: usize = 4;
/// Ops listed.
const OPS: usize = 5;
/// Layers listed.
const LAYERS: usize = 4;
/// Shapes listed.
const SHAPES: usize = 8;

/// Passes and layers, and where they are known from; what is not recognised, and why. Labels speak for themselves.
pub(super) fn structure(report: &StructureReport, out: &mut dyn Write) -> io::Result<()> {
    let mut told: Vec<String> = Vec::new();
    for rank in report.ranks.iter().filter(|rank| rank.basis != StructureBasis::Labels) {
        let text = [vec![rank.sentence()], rank.remarks()].concat().join(" ");
        if told.contains(&text) {
            continue;
        }
        if told.len() == RANKS {
            return writeln!(out, "  Of further ranks the table passes tells.");
        }
        let whose =
            if report.ranks.len() > 1 { format!("Rank {}: ", rank.rank) } else { String::new() };
        writeln!(out, "  {whose}{text}")?;
        told.push(text);
    }
    Ok(())
}

/// Exposed communication by op and by layer; nothing where all is hidden.
pub(super) fn exposed(report: &ExposedByReport, out: &mut dyn Write) -> io::Result<()> {
    if report.exposed_ns == 0 {
        return Ok(());
    }
    let share = |ns: i64| percent(ns as f64 / report.exposed_ns as f64);
    writeln!(out, "\n  exposed, by op             phase   count     exposed   of all        time")?;
    let ops = report.ops.iter().filter(|row| row.exposed_ns > 0);
    for row in ops.clone().take(OPS) {
        let phase = if row.phase.name().is_empty() { "–" } else { row.phase.name() };
        writeln!(
            out,
            "  {:26} {phase:>5} {:>7}  {:>10}  {:>7}  {:>10}",
            shortened(&kernel(&row.name), 25),
            row.count,
            duration(row.exposed_ns),
            share(row.exposed_ns),
            duration(row.comm_ns),
        )?;
    }
    let more = ops.count().saturating_sub(OPS);
    if more > 0 {
        writeln!(out, "  … and {} (table exposed-by-op)", counted(more as u64, "more op"))?;
    }
    let layers = report.layers.iter().filter(|row| row.exposed_ns > 0);
    let listed = layers.clone().take(LAYERS).map(|row| {
        let name =
            row.layer.map_or_else(|| "outside layers".to_owned(), |it| format!("layer {it}"));
        format!("{name} {} ({})", duration(row.exposed_ns), share(row.exposed_ns))
    });
    let listed: Vec<String> = listed.collect();
    if listed.is_empty() {
        return Ok(());
    }
    let more = layers.count() - listed.len();
    let more =
        if more > 0 { format!(" … {more} more (table exposed-by-layer)") } else { String::new() };
    writeln!(out, "  By layer: {}{more}", listed.join(", "))
}

/// Products whose shapes are known; of others why nothing is said.
pub(super) fn products(report: &ProductReport, out: &mut dyn Write) -> io::Result<()> {
    if report.kernels == 0 {
        return Ok(());
    }
    if report.rows.is_empty() {
        return writeln!(
            out,
            "  Products: no shapes are recorded (PyTorch does with record_shapes=True), so their rates are not known."
        );
    }
    writeln!(
        out,
        "\n  product                    shape                     count      median     TFLOP/s     at best  of the best"
    )?;
    for row in report.rows.iter().take(SHAPES) {
        writeln!(out, "  {}", product(row))?;
    }
    if report.rows.len() > SHAPES {
        let more = (report.rows.len() - SHAPES) as u64;
        writeln!(out, "  … and {} (table products)", counted(more, "more shape"))?;
    }
    if report.without_shape > 0 {
        let products = counted(report.without_shape as u64, "product");
        writeln!(out, "  {products} without a recorded shape.")?;
    }
    for gpu in &report.unknown_gpus {
        match gpu.as_str() {
            "" => writeln!(
                out,
                "  The recording does not name the GPU, so what is best is not known."
            )?,
            gpu => writeln!(out, "  What {gpu} can do at best is not known here.")?,
        }
    }
    Ok(())
}

fn product(row: &ProductRow) -> String {
    let or = |text: Option<String>| text.unwrap_or_else(|| "–".to_owned());
    let best = row.roofline_ns.map(|ns| duration(ns.round() as i64));
    format!(
        "{:26} {:24} {:>6} {:>11} {:>11} {:>11} {:>12}",
        shortened(&row.name, 25),
        shortened(&row.shape, 24),
        row.count,
        duration(row.median_ns),
        three_digits(row.flops_per_s / 1e12),
        or(best),
        or(row.of_roofline().map(percent)),
    )
}
