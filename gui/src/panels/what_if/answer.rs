//! What the changes in force make of an iteration, why, how far that is off, and what of the recording was not understood.

use std::sync::Arc;

use egui::{Align, Grid, Label, Layout, RichText, Ui, vec2};
use weftscope_traces::{
    replay::{Answer, Prepared},
    words::{signed_duration, signed_percent},
};

use crate::{
    app::{Command, Document, Role, State, WhatIfCommand},
    files::TraceFormat,
    jobs::{ExportFormat, JobKind},
    panels::{
        glossary::Term,
        widgets::{Cx, at_right, heading, mono, sentence, weak},
    },
    theme::number,
    timeline::badge_ui,
};

/// The answer to what is in force, or what there is to say before anything is.
pub(super) fn answer_ui(ui: &mut Ui, cx: &mut Cx<'_>, document: &Arc<Document>) {
    let tab = &cx.state.what_if;
    if let Some(why) = &tab.refused {
        ui.add_space(6.0);
        ui.add(Label::new(RichText::new(why).color(cx.theme.surfaces.error)).wrap());
    }
    let is_asked = cx.state.jobs.iter().any(|job| job.kind == JobKind::WhatIf);
    match &tab.predicted {
        Some(predicted) => {
            let is_old = !tab.is_answered(document);
            figures_ui(ui, cx, (&predicted.answer, is_old));
            shown_ui(ui, cx, &predicted.document);
            causes_ui(ui, cx, &predicted.answer);
        }
        None if tab.edits.is_empty() => {
            ui.add_space(6.0);
            let text = "Nothing is changed. Add a change and see what an iteration would take, or let Suggest try what usually pays.";
            ui.add(Label::new(weak(cx.theme, text)).wrap());
        }
        None if tab.refused.is_none() && is_asked => {
            ui.horizontal(|ui| {
                ui.spinner();
                ui.label(weak(cx.theme, "Running it again, changed…"));
            });
        }
        None => {}
    }
    if let Some(prepared) = &tab.prepared {
        basis_ui(ui, cx, prepared);
    }
}

/// The iteration before and after, and what of communication is hidden.
fn figures_ui(ui: &mut Ui, cx: &Cx<'_>, (answer, is_old): (&Answer, bool)) {
    let theme = cx.theme;
    ui.add_space(8.0);
    let digits = |ns: f64| number::duration_fixed(ns.round() as i64);
    let colour = if is_old { theme.surfaces.weak } else { theme.surfaces.strong };
    ui.horizontal_wrapped(|ui| {
        let [recorded, predicted] = [answer.recorded_ns, answer.predicted_ns]
            .map(|ns| number::duration_ns(ns.round() as i64));
        let change = signed_percent(answer.change());
        let text = format!("{recorded} → {predicted}  {change}");
        let label = ui.label(mono(theme, text).color(colour).strong());
        label.on_hover_text(format!("{}; {}", answer.headline(), answer.hidden_in_words()));
        if is_old {
            ui.spinner();
        }
    });
    let error = weak(theme, answer.error_in_words()).font(theme.small());
    ui.add(Label::new(error).wrap());
    let [before, after] = answer.hidden;
    let share = |share: Option<f64>| share.map_or_else(|| "–".to_owned(), number::percent);
    ui.add_space(4.0);
    Grid::new("what-if figures").spacing([10.0, 2.0]).show(ui, |ui| {
        for head in ["", "recorded", "predicted", "change"] {
            at_right(ui, weak(theme, head).font(theme.small()));
        }
        ui.end_row();
        for (name, help, old, new) in [
            ("iteration", Term::Iteration, answer.recorded_ns, answer.predicted_ns),
            ("communication", Term::Hidden, before.comm_ns, after.comm_ns),
            ("of it exposed", Term::Exposed, before.exposed_ns, after.exposed_ns),
        ] {
            ui.label(weak(theme, name)).on_hover_text(help.tooltip());
            at_right(ui, mono(theme, digits(old)));
            at_right(ui, mono(theme, digits(new)));
            at_right(ui, mono(theme, signed_duration(new - old)));
            ui.end_row();
        }
        ui.label(weak(theme, "hidden"));
        at_right(ui, mono(theme, share(before.share())));
        at_right(ui, mono(theme, share(after.share())));
        ui.end_row();
    });
    if let Some(stuck) = answer.stuck_in_words() {
        sentence(ui, theme, stuck);
    }
}

/// The predicted timeline: beside the recorded one, or into a file.
fn shown_ui(ui: &mut Ui, cx: &mut Cx<'_>, predicted: &Document) {
    ui.add_space(6.0);
    ui.horizontal_wrapped(|ui| {
        let about =
            "The predicted timeline over the recorded one, and its outlines in the recorded rows";
        let beside = ui.selectable_label(is_beside(cx.state), "Show beside").on_hover_text(about);
        if beside.clicked() {
            cx.what_if(WhatIfCommand::ToggleBeside);
        }
        let export = ui.button("Export predicted…");
        if export.on_hover_text("Write the predicted timeline, marked MODELLED").clicked() {
            cx.send(Command::AskExport(ExportFormat::Predicted(TraceFormat::Weft)));
        }
        badge_ui(ui, &predicted.trace.meta.provenance, cx.theme);
    });
}

/// The predicted timeline is held against the recorded one.
fn is_beside(state: &State) -> bool {
    let held = state.comparison.as_ref();
    held.is_some_and(|held| held.reference.role == Role::Predicted)
}

/// Why it takes another time, most first; they add up to the change.
fn causes_ui(ui: &mut Ui, cx: &Cx<'_>, answer: &Answer) {
    if answer.causes.is_empty() {
        return;
    }
    heading(ui, cx.theme, "Why");
    let row = ui.spacing().interact_size.y * 0.8;
    for cause in &answer.causes {
        ui.horizontal_top(|ui| {
            let layout = Layout::right_to_left(Align::Min);
            ui.allocate_ui_with_layout(vec2(CHANGE, row), layout, |ui| {
                ui.label(mono(cx.theme, signed_duration(cause.change_ns)));
            });
            ui.add(Label::new(weak(cx.theme, cause.in_words())).wrap());
        });
    }
}

/// Points of a change in time.
const CHANGE: f32 = 64.0;

/// What answers rest on: how near the replay is, and what is not known.
fn basis_ui(ui: &mut Ui, cx: &Cx<'_>, prepared: &Prepared) {
    let small = |ui: &mut Ui, text: String| {
        ui.add(Label::new(weak(cx.theme, text).font(cx.theme.small())).wrap());
    };
    heading(ui, cx.theme, "What it rests on");
    small(ui, format!("{}.", prepared.in_words()));
    small(ui, format!("Replayed unchanged: {}", lower(&prepared.residual.in_words())));
    prepared.doubts().into_iter().for_each(|text| small(ui, text));
}

/// A sentence behind a colon.
fn lower(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_lowercase().to_string()).unwrap_or_default();
    first + letters.as_str()
}
