//! The model, the requests, how many layers of them, and the jitter.

use egui::{RichText, Ui};
use weftscope_engine::{
    batch::Batch,
    model::{Ffn, ModelShape, Moe},
};
use weftscope_traces::words::plural;

use super::{
    choice::{Choice, choice_ui},
    row::{drag, fill, refusal_ui, row, row_named, turn, typed_ui},
};
use crate::{
    app::live::{Knob, KnobEdit, Live},
    panels::widgets::{Cx, name_widget, weak},
    theme::number,
};

pub(super) fn batch_ui(ui: &mut Ui, cx: &mut Cx<'_>, live: &Live) {
    model_ui(ui, cx, live);
    requests_ui(ui, cx, live);
    row(ui, cx, Knob::Layers, |ui, cx| {
        let all = live.draft.spec.model.layers;
        let mut layers = live.draft.spec.knobs.layers.unwrap_or(all);
        let field = drag(&mut layers).range(1..=all).speed(0.05).suffix(format!(" of {all}"));
        let response = fill(ui, field).on_hover_text(Knob::Layers.help());
        name_widget(&response, "Layers");
        if response.changed() {
            turn(cx, KnobEdit::Layers((layers < all).then_some(layers)));
        }
    });
    row(ui, cx, Knob::Seed, |ui, cx| {
        let mut seed = live.draft.spec.knobs.seed;
        let field = drag(&mut seed).speed(0.1);
        let response = fill(ui, field).on_hover_text(Knob::Seed.help());
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
        Ffn::Moe(Moe { experts, top_k, intermediate, .. }) => {
            format!("{size}, {top_k} of {experts} experts of {intermediate}")
        }
    }
}

fn requests_ui(ui: &mut Ui, cx: &mut Cx<'_>, live: &Live) {
    let draft = &live.draft;
    row_named(ui, cx, "Tokens", Knob::Batch, |ui, cx| {
        let mut tokens = draft.spec.batch.tokens();
        let suffix = format!(" {}", plural(tokens.into(), "token"));
        let field = drag(&mut tokens).range(1..=131_072).speed(32.0).suffix(suffix);
        let response = fill(ui, field);
        name_widget(&response, "Tokens");
        if response.changed() {
            turn(cx, KnobEdit::Tokens(tokens));
        }
    });
    let mut typing = None;
    row(ui, cx, Knob::Batch, |ui, cx| {
        let typed = typed_ui(ui, cx, "Requests", &draft.batch_text, BATCH_HELP);
        if typed.is_done {
            turn(cx, KnobEdit::BatchText(typed.text));
        } else if typed.is_open {
            typing = Some(typed.text);
        }
    });
    if let Some(text) = typing {
        // What is being typed is not run, but what is wrong with it is said.
        let line = match text.parse::<Batch>() {
            Ok(batch) => {
                let tokens = number::counted(batch.tokens().into(), "token");
                weak(cx.theme, format!("{tokens}; Enter runs it"))
            }
            Err(error) => RichText::new(error.to_string()).color(cx.theme.surfaces.error),
        };
        ui.label(line.font(cx.theme.small()));
        return;
    }
    if let Some(error) = &draft.batch_error {
        ui.label(RichText::new(error).font(cx.theme.small()).color(cx.theme.surfaces.error));
    }
}

const BATCH_HELP: &str = "Requests of one iteration, separated by commas, in scheduler order:\n\
    8192            a prefill of 8192 tokens\n\
    4x2048          four prefills of 2048 tokens\n\
    2048@6144       a chunk of 2048 tokens on 6144 cached ones\n\
    64xd4096        64 decode steps on contexts of 4096 tokens, also 64xdecode@4096\n\
    8192/1024       8192 tokens in sequences of 1024";
