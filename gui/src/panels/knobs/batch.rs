//! The model, the requests, how many layers of them, and the jitter.

use egui::{DragValue, RichText, TextEdit, Ui};
use weftscope_engine::model::{Ffn, ModelShape};

use super::{
    choice::{Choice, choice_ui},
    row::{fill, refusal_ui, row, row_named, turn},
};
use crate::{
    app::live::{Knob, KnobEdit, Live},
    panels::widgets::{Cx, name_widget},
};

pub(super) fn batch_ui(ui: &mut Ui, cx: &mut Cx<'_>, live: &Live) {
    model_ui(ui, cx, live);
    requests_ui(ui, cx, live);
    row(ui, cx, Knob::Layers, |ui, cx| {
        let all = live.draft.spec.model.layers;
        let mut layers = live.draft.spec.knobs.layers.unwrap_or(all);
        let drag =
            DragValue::new(&mut layers).range(1..=all).speed(0.05).suffix(format!(" of {all}"));
        let response = fill(ui, drag).on_hover_text(Knob::Layers.help());
        name_widget(&response, "Layers");
        if response.changed() {
            turn(cx, KnobEdit::Layers((layers < all).then_some(layers)));
        }
    });
    row(ui, cx, Knob::Seed, |ui, cx| {
        let mut seed = live.draft.spec.knobs.seed;
        let drag = DragValue::new(&mut seed).speed(0.1);
        let response = fill(ui, drag).on_hover_text(Knob::Seed.help());
        name_widget(&response, "Seed");
        if response.changed() {
            turn(cx, KnobEdit::Seed(seed));
        }
    });
}

fn model_ui(ui: &mut Ui, cx: &mut Cx<'_>, live: &Live) {
    let name = &live.draft.spec.model.name;
    row(ui, cx, Knob::Model, |ui, cx| {
        let choices = live.catalog.models().iter().map(|model| {
            let value = KnobEdit::Model(model.name.clone());
            let why = live.refusals.why(&value).map(str::to_owned);
            let line = why.map_or_else(|| Ok(model_line(model)), Err);
            Choice { name: model.name.clone(), line, value }
        });
        if let Some(edit) = choice_ui(ui, cx, "Model", name, choices) {
            turn(cx, edit);
        }
    });
    refusal_ui(ui, cx, live.refusals.why(&KnobEdit::Model(name.clone())));
}

fn model_line(model: &ModelShape) -> String {
    let size = format!("{} layers, hidden {}", model.layers, model.hidden);
    match model.ffn {
        Ffn::Dense { intermediate } => format!("{size}, MLP {intermediate}"),
        Ffn::Moe { experts, top_k, intermediate, .. } => {
            format!("{size}, {top_k} of {experts} experts of {intermediate}")
        }
    }
}

fn requests_ui(ui: &mut Ui, cx: &mut Cx<'_>, live: &Live) {
    let draft = &live.draft;
    row_named(ui, cx, "Tokens", Knob::Batch, |ui, cx| {
        let mut tokens = draft.spec.batch.tokens();
        let drag = DragValue::new(&mut tokens).range(1..=131_072).speed(32.0).suffix(" tokens");
        let response = fill(ui, drag);
        name_widget(&response, "Tokens");
        if response.changed() {
            turn(cx, KnobEdit::Tokens(tokens));
        }
    });
    row(ui, cx, Knob::Batch, |ui, cx| {
        let mut text = draft.batch_text.clone();
        let edit =
            TextEdit::singleline(&mut text).font(cx.theme.mono()).desired_width(f32::INFINITY);
        let response = ui.add(edit).on_hover_text(BATCH_HELP);
        name_widget(&response, "Requests");
        if response.changed() {
            turn(cx, KnobEdit::BatchText(text));
        }
    });
    if let Some(error) = &draft.batch_error {
        ui.label(RichText::new(error).font(cx.theme.small()).color(cx.theme.surfaces.error));
    }
}

const BATCH_HELP: &str = "Requests of one iteration, separated by commas, in scheduler order:\n\
    8192            a prefill of 8192 tokens\n\
    4x2048          four prefills of 2048 tokens\n\
    2048@6144       a chunk of 2048 tokens on 6144 cached ones\n\
    64xd4096        64 decode steps on contexts of 4096 tokens";
