//! How bytes travel, by how many CTAs, and who is late.

use egui::{
    PopupCloseBehavior, Ui,
    containers::menu::{MenuButton, MenuConfig},
};
use weftscope_engine::spec::Transport;
use weftscope_traces::words::plural;

use super::{
    choice::{Choice, choice_ui},
    row::{drag, fill, row, turn},
};
use crate::{
    app::live::{Catalog, Knob, KnobEdit, Live, TransportState},
    panels::widgets::{Cx, mono, name_widget, weak},
};

pub(super) fn communication_ui(ui: &mut Ui, cx: &mut Cx<'_>, live: &Live) {
    transport_ui(ui, cx, live);
    let knobs = &live.draft.spec.knobs;
    let split = live.shown().and_then(|shown| shown.plan.decision.split.as_ref());
    let attn = Ctas { fixed: knobs.attn_ctas, chosen: split.map(|split| split.attn_ctas) };
    if let Some(ctas) = ctas_ui(ui, cx, Knob::AttnCtas, attn) {
        turn(cx, KnobEdit::AttnCtas(Some(ctas)));
    }
    let mlp = Ctas { fixed: knobs.mlp_ctas, chosen: split.map(|split| split.mlp_ctas) };
    if let Some(ctas) = ctas_ui(ui, cx, Knob::MlpCtas, mlp) {
        turn(cx, KnobEdit::MlpCtas(Some(ctas)));
    }
    skew_ui(ui, cx, live);
}

fn transport_ui(ui: &mut Ui, cx: &mut Cx<'_>, live: &Live) {
    let spec = &live.draft.spec;
    row(ui, cx, Knob::Transport, |ui, cx| {
        let choices = Transport::ALL.into_iter().map(|transport| {
            let value = KnobEdit::Transport(transport);
            let line = match Catalog::transport(&spec.machine, transport) {
                TransportState::Unavailable(why) => Err(why),
                TransportState::Ready => match live.refusals.why(&value) {
                    Some(why) => Err(why.to_owned()),
                    None => Ok(transport.about().to_owned()),
                },
            };
            Choice { name: transport.name().to_owned(), line, value }
        });
        if let Some(edit) = choice_ui(ui, cx, "Transport", spec.knobs.transport.name(), choices) {
            turn(cx, edit);
        }
    });
}

/// CTAs of a collective.
#[derive(Clone, Copy)]
struct Ctas {
    /// As the user says.
    fixed: Option<u32>,
    /// As the chooser said for the iteration in view.
    chosen: Option<u32>,
}

/// How many CTAs a collective has; gives the new value when it was turned.
fn ctas_ui(ui: &mut Ui, cx: &mut Cx<'_>, knob: Knob, ctas: Ctas) -> Option<u32> {
    let mut turned = None;
    row(ui, cx, knob, |ui, _| {
        let mut value = ctas.fixed.or(ctas.chosen).unwrap_or(8);
        let auto = if ctas.fixed.is_some() { "" } else { " (auto)" };
        let suffix = format!(" {}{auto}", plural(value.into(), "CTA"));
        let field = drag(&mut value).range(1..=64).speed(0.1).suffix(suffix);
        let response = fill(ui, field).on_hover_text(knob.help());
        name_widget(&response, knob.label());
        turned = response.changed().then_some(value);
    });
    turned
}

fn skew_ui(ui: &mut Ui, cx: &mut Cx<'_>, live: &Live) {
    let spec = &live.draft.spec;
    row(ui, cx, Knob::Skew, |ui, cx| {
        // Typing a number is a click inside.
        let config = MenuConfig::new().close_behavior(PopupCloseBehavior::CloseOnClickOutside);
        MenuButton::new(Knob::Skew.in_words(spec)).config(config).ui(ui, |ui| {
            ui.label(weak(cx.theme, "How late each rank starts; negative is early"));
            for rank in 0..spec.knobs.tp {
                let late_ns = spec.knobs.skew_ns.get(rank as usize).copied().unwrap_or(0);
                ui.horizontal(|ui| {
                    ui.label(mono(cx.theme, format!("rank {rank}")));
                    let mut late_us = late_ns as f64 / 1e3;
                    let field = drag(&mut late_us).range(-10_000.0..=10_000.0).max_decimals(3);
                    let response = ui.add(field.suffix(" µs"));
                    name_widget(&response, &format!("Rank {rank} late"));
                    if response.changed() {
                        let late_ns = (late_us * 1e3).round() as i64;
                        turn(cx, KnobEdit::Skew { rank, late_ns });
                    }
                });
            }
        });
    });
}
