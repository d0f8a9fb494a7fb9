//! What was lost or uncertain in a trace, and what recording it cost.

use std::borrow::Cow;
use std::collections::BTreeMap;

use egui::{Color32, Grid, RichText, ScrollArea, Ui};
use weftscope_traces::{Diagnostics, Trace};

use super::row_filter::hidden_ui;
use super::widgets::{Cx, heading, mono, sentence, weak};
use crate::{
    app::{BottomTab, Command, Document},
    theme::{Theme, number},
};

/// The whole of it.
pub(super) fn diagnostics_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let Some(document) = cx.state.document() else { return };
    let (trace, theme) = (&document.trace, cx.theme);
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        sentence(ui, theme, format!("Times are {}.", trace.meta.provenance.sentence()));
        for caveat in trace.meta.caveats() {
            sentence(ui, theme, format!("Caveat: {caveat}."));
        }
        sentence(ui, theme, overhead(trace));
        if let Some(slowdown) = &trace.meta.overhead.slowdown {
            sentence(ui, theme, format!("{} ({}).", slowdown.sentence(), slowdown.how));
        }
        for clock in &trace.meta.clocks {
            sentence(
                ui,
                theme,
                format!(
                    "Times of rank {} are good to ± {} (99 % of {} readings, {}).",
                    clock.rank,
                    number::duration_ns(clock.residual_p99_ns),
                    clock.readings,
                    clock.what
                ),
            );
        }
        let diagnostics = &diagnostics(document);
        if diagnostics.is_clean() {
            sentence(ui, theme, "Nothing was lost and nothing had to be guessed.");
        } else {
            counts_ui(ui, theme, "Lost or uncertain", &diagnostics.counts);
        }
        for note in &diagnostics.notes {
            ui.label(weak(theme, note));
        }
        for text in &cx.state.boxes {
            sentence(ui, theme, text);
        }
        if !diagnostics.remarks.is_empty() {
            counts_ui(ui, theme, "Set aside without loss", &diagnostics.remarks);
        }
    });
}

/// On the way in and in the answers.
fn diagnostics(document: &Document) -> Cow<'_, Diagnostics> {
    let accounts = &document.explanation.reports.accounts;
    let mut diagnostics = Cow::Borrowed(&document.trace.diagnostics);
    if accounts.ranks.iter().any(|rank| rank.outside.is_some()) {
        accounts.note_outside(diagnostics.to_mut());
    }
    diagnostics
}

fn counts_ui(ui: &mut Ui, theme: &Theme, title: &str, counts: &BTreeMap<String, u64>) {
    heading(ui, theme, title);
    ui.push_id(title, |ui| {
        Grid::new("counts").num_columns(2).show(ui, |ui| {
            for (cause, &count) in counts {
                ui.label(mono(theme, format!("{:>10}", number::count(count))));
                ui.label(cause);
                ui.end_row();
            }
        });
    });
}

/// One line at the window's foot: nothing lost, or what; and what recording cost.
pub(crate) fn strip_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    #[cfg(all(feature = "live", not(target_arch = "wasm32")))]
    super::server::server_ui(ui, cx);
    let Some(document) = cx.state.document() else { return };
    let (trace, theme) = (&document.trace, cx.theme);
    #[cfg(feature = "live")]
    part_ui(ui, theme, document);
    for caveat in trace.meta.caveats() {
        ui.label(RichText::new(caveat).font(theme.small()).color(theme.surfaces.warn));
    }
    hidden_ui(ui, cx);
    let (text, colour) = summary(&diagnostics(document), theme);
    let line = RichText::new(text).font(theme.small()).color(colour);
    let label = egui::Label::new(line).truncate().sense(egui::Sense::click());
    if ui.add(label).on_hover_text("Show the diagnostics").clicked() {
        cx.send(Command::ShowBottom(BottomTab::Diagnostics));
    }
    let cost = weak(theme, recording(trace)).font(theme.small());
    ui.label(cost).on_hover_text(overhead(trace));
}

/// How much of a document that lies elsewhere is here.
#[cfg(feature = "live")]
fn part_ui(ui: &mut Ui, theme: &Theme, document: &Document) {
    let Some(part) = &document.part else { return };
    let (here, all) = (number::count(part.here()), number::count(part.slices));
    let line = RichText::new(format!("{here} of {all} slices here")).font(theme.small());
    let mut about = format!(
        "Figures are of all {all} slices, worked out where they are.\n{} slices of rows that are not in view stay there, {} are \
         folded, as short as they are",
        number::count(part.left_out),
        number::count(part.folded),
    );
    if !document.is_explained {
        about = "Figures are being worked out where the recording is".to_owned();
    }
    ui.label(line.color(theme.surfaces.weak)).on_hover_text(about);
    ui.separator();
}

/// What recording cost, without the story of how it was measured.
fn recording(trace: &Trace) -> String {
    if let Some(slowdown) = &trace.meta.overhead.slowdown {
        return slowdown.brief();
    }
    match trace.meta.overhead.recording_host_ns {
        Some(ns) => format!("recording took {} of host time", number::duration_fixed(ns)),
        None if trace.meta.overhead.note.is_empty() => "recording cost not known".to_owned(),
        None => "recording cost estimated".to_owned(),
    }
}

fn summary(diagnostics: &Diagnostics, theme: &Theme) -> (String, Color32) {
    if diagnostics.is_clean() {
        return ("nothing lost".to_owned(), theme.surfaces.weak);
    }
    let mut parts: Vec<String> = diagnostics
        .counts
        .iter()
        .take(3)
        .map(|(cause, count)| format!("{} × {cause}", number::count(*count)))
        .collect();
    let more = diagnostics.counts.len().saturating_sub(parts.len());
    if more > 0 {
        parts.push(format!("{more} more"));
    }
    if parts.is_empty() {
        parts.push(number::counted(diagnostics.notes.len() as u64, "note"));
    }
    (format!("lost or uncertain: {}", parts.join(" · ")), theme.surfaces.warn)
}

fn overhead(trace: &Trace) -> String {
    let overhead = &trace.meta.overhead;
    let note = &overhead.note;
    let cost = overhead.recording_host_ns.map(number::duration_ns);
    match (cost, note.is_empty()) {
        (Some(cost), true) => format!("Recording cost {cost} of host time."),
        (Some(cost), false) => format!("Recording cost {cost} of host time ({note})."),
        (None, true) => "Recording cost is not known.".to_owned(),
        (None, false) => format!("Recording cost: {note}."),
    }
}
