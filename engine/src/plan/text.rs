use std::fmt;

use super::{Op, OpFacts, Plan, SplitDecision, facts};
use crate::split::CutRequest;

const HEADINGS: [&str; 13] = [
    "op",
    "stream",
    "name",
    "layer",
    "split",
    "phase",
    "shape",
    "grid",
    "SMs",
    "waves",
    "after",
    "GFLOP",
    "DRAM/link MB",
];

/// The plan as a table, one line an op: `SMs` are those that collectives beside the op leave, `after` the ops of
/// the other stream that it waits for, MB are decimal.
impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_heading(f)?;
        let facts = facts(self);
        let mut rows = vec![HEADINGS.map(str::to_owned)];
        rows.extend(self.ops.iter().zip(&facts).map(|(op, facts)| row(op, facts)));
        let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
        let widths: Vec<usize> = (0..HEADINGS.len()).map(|i| width(i).unwrap_or(0)).collect();
        for row in &rows {
            let mut line = String::new();
            for ((cell, width), heading) in row.iter().zip(&widths).zip(HEADINGS) {
                let right = ["op", "layer", "grid", "SMs", "waves", "GFLOP"].contains(&heading);
                let pad = " ".repeat(width - cell.chars().count());
                line += &if right { format!("{pad}{cell}  ") } else { format!("{cell}{pad}  ") };
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

impl Plan {
    fn write_heading(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (spec, decision) = (&self.spec, &self.decision);
        writeln!(
            f,
            "{}: {}, {} of {} layers, {} ranks of {}, batch {} ({} tokens)",
            decision.name(),
            spec.model.name,
            self.layers,
            spec.model.layers,
            self.ranks,
            spec.machine.name,
            spec.batch,
            spec.batch.tokens()
        )?;
        if decision.asked != decision.runs {
            writeln!(f, "asked for {}: {}", decision.asked.name(), decision.reason)?;
        } else if !decision.reason.is_empty() {
            writeln!(f, "note: {}", decision.reason)?;
        }
        if let Some(split) = &decision.split {
            write_split(f, split)?;
        }
        Ok(())
    }
}

fn write_split(f: &mut fmt::Formatter<'_>, split: &SplitDecision) -> fmt::Result {
    let SplitDecision { padded_tokens, first_tokens, second_rows, .. } = split;
    let by = split.chooser.map_or("by hand or by strategy", |chooser| chooser.name());
    writeln!(
        f,
        "cut ({by}): {first_tokens} + {second_rows} rows, padded to {padded_tokens}: {}",
        split.reason
    )?;
    if let Some(CutRequest { index, tokens_before }) = split.cut_request {
        writeln!(f, "request {index} is cut behind {tokens_before} of its tokens")?;
    }
    if let Some(key) = split.table_key {
        writeln!(f, "table row {key}, {} tokens away", key.abs_diff(split.tokens))?;
    }
    let SplitDecision { attn_ctas, mlp_ctas, .. } = split;
    writeln!(f, "collective CTAs: {attn_ctas} under attention, {mlp_ctas} under the MLP")
}

fn row(op: &Op, facts: &OpFacts) -> [String; HEADINGS.len()] {
    let after: Vec<String> = op.deps.iter().map(|dep| dep.0.to_string()).collect();
    let (hbm, link) = (op.hbm_bytes / 1e6, op.link_bytes / 1e6);
    let link = if op.link_bytes > 0.0 { format!(" / {link:.1}") } else { String::new() };
    [
        op.id.0.to_string(),
        op.stream.short().to_owned(),
        op.role.name().to_owned(),
        op.layer.map_or_else(|| "-".to_owned(), |layer| layer.to_string()),
        op.split.name().to_owned(),
        op.phase.name().to_owned(),
        facts.shape.clone(),
        op.grid.to_string(),
        facts.occupancy.sms.to_string(),
        facts.occupancy.waves.to_string(),
        after.join(","),
        format!("{:.2}", op.flops / 1e9),
        format!("{hbm:.1}{link}"),
    ]
}
