//! How bytes travel, how many SMs that may hold, and who is late.

use egui::{DragValue, Ui};
use weftscope_engine::spec::Transport;

use super::{
    choice::{Choice, choice_ui},
    row::{fill, row, turn},
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

/// How many SMs a collective holds.
#[derive(Clone, Copy)]
struct Ctas {
    /// As the user says.
    fixed: Option<u32>,
    /// As the chooser said for the iteration in view.
    chosen: Option<u32>,
}

/// How many SMs a collective may hold; gives the new value when it was turned.
fn ctas_ui(ui: &mut Ui, cx: &mut Cx<'_>, knob: Knob, ctas: Ctas) -> Option<u32> {
    let mut turned = None;
    row(ui, cx, knob, |ui, _| {
        let mut value = ctas.fixed.or(ctas.chosen).unwrap_or(8);
        let suffix = if ctas.fixed.is_some() { " SMs" } else { " SMs (auto)" };
        let drag = DragValue::new(&mut value).range(1..=64).speed(0.1).suffix(suffix);
        let response = fill(ui, drag).on_hover_text(knob.help());
        name_widget(&response, knob.label());
        turned = response.changed().then_some(value);
    });
    turned
}

fn skew_ui(ui: &mut Ui, cx: &mut Cx<'_>, live: &Live) {
    let knobs = &live.draft.spec.knobs;
    row(ui, cx, Knob::Skew, |ui, cx| {
        let worst = knobs.skew_ns.iter().map(|ns| ns.abs()).max().unwrap_or(0);
        let text = if worst == 0 {
            "all on time".to_owned()
        } else {
            format!("up to {} µs", worst / 1000)
        };
        ui.menu_button(text, |ui| {
            ui.label(weak(cx.theme, "How late each rank starts, µs"));
            for rank in 0..knobs.tp {
                let late_ns = knobs.skew_ns.get(rank as usize).copied().unwrap_or(0);
                ui.horizontal(|ui| {
                    ui.label(mono(cx.theme, format!("rank {rank}")));
                    let mut late_us = late_ns / 1000;
                    let drag = DragValue::new(&mut late_us).range(-10_000..=10_000).suffix(" µs");
                    let response = ui.add(drag);
                    name_widget(&response, &format!("Rank {rank} late"));
                    if response.changed() {
                        turn(cx, KnobEdit::Skew { rank, late_ns: late_us * 1000 });
                    }
                });
            }
        });
    });
}
