//! Who cuts the batch, and where.

use egui::Ui;
use weftscope_engine::spec::{Chooser, SplitChoice};

use super::{
    choice::{Choice, choice_ui},
    row::{row, turn},
    split_slider::split_slider_ui,
};
use crate::{
    app::live::{Knob, KnobEdit, Live},
    panels::widgets::{Cx, weak},
};

/// Name of the user among the choosers.
const FIXED: &str = "you";

pub(super) fn split_ui(ui: &mut Ui, cx: &mut Cx<'_>, live: &Live) {
    row(ui, cx, Knob::Split, |ui, cx| {
        let current = match live.draft.spec.knobs.split {
            SplitChoice::Auto(chooser) => chooser.name(),
            SplitChoice::Fixed(_) => FIXED,
        };
        let choosers = Chooser::ALL.into_iter().map(|chooser| Choice {
            name: chooser.name().to_owned(),
            line: Ok(chooser.about().to_owned()),
            value: SplitChoice::Auto(chooser),
        });
        let first = live.first_tokens().unwrap_or(live.draft.spec.batch.tokens() / 2);
        let fixed = Choice {
            name: FIXED.to_owned(),
            line: Ok("the slider below".to_owned()),
            value: SplitChoice::Fixed(first.max(1)),
        };
        let choices = choosers.chain([fixed]);
        if let Some(split) = choice_ui(ui, cx, "Split chosen by", current, choices) {
            turn(cx, KnobEdit::Split(split));
        }
    });
    split_slider_ui(ui, cx, live);
    // Why it is cut there; a cut of the user's own needs no reason.
    let decision = live.shown().and_then(|shown| shown.plan.decision.split.as_ref());
    if let Some(split) = decision.filter(|split| split.chooser.is_some()) {
        ui.label(weak(cx.theme, &split.reason).font(cx.theme.small()));
    }
}
