//! The schedule, and what the planner made of it.

use egui::{RichText, Ui};
use weftscope_engine::spec::StrategyKind;

use super::{
    choice::{Choice, choice_ui},
    row::{refusal_ui, row, turn},
};
use crate::{
    app::live::{Knob, KnobEdit, Live},
    panels::widgets::{Cx, weak},
};

pub(super) fn strategy_ui(ui: &mut Ui, cx: &mut Cx<'_>, live: &Live) {
    let spec = &live.draft.spec;
    let asked = spec.knobs.strategy;
    row(ui, cx, Knob::Strategy, |ui, cx| {
        let choices = StrategyKind::ALL.into_iter().map(|strategy| {
            let value = KnobEdit::Strategy(strategy);
            let why = live.refusals.why(&value).map(str::to_owned);
            let line = why.map_or_else(|| Ok(strategy.about().to_owned()), Err);
            Choice { name: strategy.name().to_owned(), line, value }
        });
        if let Some(edit) = choice_ui(ui, cx, "Strategy", asked.name(), choices) {
            turn(cx, edit);
        }
    });
    ui.label(weak(cx.theme, asked.about()).font(cx.theme.small()));
    // Where the model is at fault, all strategies say the same; it is said once, there.
    let model_refused = live.refusals.why(&KnobEdit::Model(spec.model.name.clone()));
    let why = live.refusals.why(&KnobEdit::Strategy(asked));
    refusal_ui(ui, cx, why.filter(|&why| model_refused != Some(why)));
    if let Some(shown) = live.shown() {
        let reason = &shown.plan.decision.reason;
        if !reason.is_empty() {
            let text = RichText::new(reason).color(cx.theme.surfaces.warn);
            ui.label(text.font(cx.theme.small()));
        }
    }
}
