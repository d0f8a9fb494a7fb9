//! Facts of what is selected, and what it waits for.

use egui::{Grid, ScrollArea, Ui};
use weftscope_traces::{ArgValue, SliceRef};

use super::{
    glossary::Term,
    tables::tables_ui,
    widgets::{Cx, heading, mono, weak},
};
use crate::{
    app::{Command, Document},
    theme::number,
    timeline::{Selection, ViewCommand, facts},
};

/// The details of what is selected.
pub(super) fn details_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let state = cx.state;
    let (Some(document), Some(view)) = (state.document(), state.view()) else { return };
    match &view.selection {
        Selection::None => {
            let text = "Nothing is selected: click a block, or drag over a stretch of time.";
            ui.label(weak(cx.theme, text));
        }
        Selection::Slice(slice) => slice_ui(ui, cx, document, (*slice, view.zero_ns)),
        Selection::Range(range) => tables_ui(ui, cx, document, range),
    }
}

/// All that is known of a slice: facts, arguments, and what it waits for and what waits for it.
fn slice_ui(ui: &mut Ui, cx: &mut Cx<'_>, document: &Document, (slice, zero_ns): (SliceRef, i64)) {
    let (timeline, theme) = (&document.timeline, cx.theme);
    let trace = &document.trace;
    if trace
        .lanes
        .get(slice.lane.0 as usize)
        .is_none_or(|lane| lane.slices.len() <= slice.index as usize)
    {
        return;
    }
    let label = trace.label_of(slice);
    ui.horizontal(|ui| {
        let (swatch, _) = ui.allocate_exact_size(egui::vec2(12.0, 12.0), egui::Sense::hover());
        ui.painter().rect_filled(swatch, 0.0, theme.kind(label.kind, label.split));
        let name = egui::RichText::new(&label.name).color(theme.surfaces.strong).strong();
        ui.add(egui::Label::new(name).truncate()).on_hover_text(&label.name);
        if ui.button("Copy").on_hover_text("All of this as lines of name and value").clicked() {
            cx.send(Command::Copy(as_text(document, slice, zero_ns)));
        }
    });
    ScrollArea::both().auto_shrink(false).show(ui, |ui| {
        ui.horizontal_top(|ui| {
            let rows = facts(timeline, slice, zero_ns);
            for (index, part) in rows.chunks(8).enumerate() {
                Grid::new(("facts", index)).num_columns(2).spacing([12.0, 2.0]).show(ui, |ui| {
                    for (name, value) in part {
                        let label = ui.label(weak(theme, *name));
                        if let Some((_, term)) = Term::within(name).first() {
                            label.on_hover_text(term.tooltip());
                        }
                        ui.label(mono(theme, value));
                        ui.end_row();
                    }
                });
                ui.add_space(24.0);
            }
            args_ui(ui, cx, document, slice);
            let op = timeline.op_of(slice).unwrap_or(slice);
            let producers: Vec<SliceRef> = timeline.producers(op).collect();
            let consumers: Vec<SliceRef> = timeline.consumers(op).collect();
            links_ui(ui, cx, document, "Waits for", &producers);
            links_ui(ui, cx, document, "Waited for by", &consumers);
            if op != slice {
                links_ui(ui, cx, document, "Block of", &[op]);
            }
        });
    });
}

fn args_ui(ui: &mut Ui, cx: &Cx<'_>, document: &Document, slice: SliceRef) {
    let args = document.trace.args_of(slice);
    if args.is_empty() {
        return;
    }
    Grid::new("args").num_columns(2).spacing([12.0, 2.0]).show(ui, |ui| {
        for (name, value) in &args {
            ui.label(weak(cx.theme, name));
            ui.add(egui::Label::new(mono(cx.theme, value_text(name, value))).truncate());
            ui.end_row();
        }
    });
    ui.add_space(24.0);
}

/// Arguments that are bytes, as readers name them.
const BYTES: [&str; 2] = ["bytes", "shared memory"];

fn value_text(name: &str, value: &ArgValue) -> String {
    match value {
        ArgValue::Int(int) if BYTES.contains(&name) => format!("{int} B"),
        ArgValue::Int(int) => int.to_string(),
        ArgValue::Float(float) => float.to_string(),
        ArgValue::Text(text) | ArgValue::Json(text) => text.clone(),
    }
}

fn links_ui(ui: &mut Ui, cx: &mut Cx<'_>, document: &Document, title: &str, slices: &[SliceRef]) {
    if slices.is_empty() {
        return;
    }
    ui.vertical(|ui| {
        heading(ui, cx.theme, title);
        for &slice in slices.iter().take(MAX_LINKS) {
            let trace = &document.trace;
            let track = trace.track(trace.lane(slice.lane).track);
            let duration = number::duration_ns(trace.span_of(slice).len_ns());
            let text = format!("{} · {} · {duration}", trace.label_of(slice).name, track.name);
            if ui.link(text).clicked() {
                cx.send(Command::View(ViewCommand::Select(slice)));
            }
        }
        if slices.len() > MAX_LINKS {
            ui.label(weak(cx.theme, format!("and {} more", slices.len() - MAX_LINKS)));
        }
    });
    ui.add_space(24.0);
}

/// Links listed; a host call of an imported trace can have thousands.
const MAX_LINKS: usize = 24;

fn as_text(document: &Document, slice: SliceRef, zero_ns: i64) -> String {
    let mut lines = vec![format!("name\t{}", document.trace.label_of(slice).name)];
    let facts = facts(&document.timeline, slice, zero_ns);
    lines.extend(facts.iter().map(|(name, value)| format!("{name}\t{value}")));
    let args = document.trace.args_of(slice);
    lines.extend(args.iter().map(|(name, value)| format!("{name}\t{}", value_text(name, value))));
    lines.join("\n")
}
