//! Who cuts the batch, and where.

use egui::Ui;
use weftscope_engine::spec::{Chooser, SplitChoice};
use weftscope_profiler::collect::expected_error;
use weftscope_traces::Doubt;

use super::{
    choice::{Choice, choice_ui},
    row::{row, turn},
    split_slider::split_slider_ui,
};
use crate::{
    app::live::{Knob, KnobEdit, Live},
    panels::{doubt::reason_ui, widgets::Cx},
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
    let Some(plan) = live.shown().map(|shown| &shown.plan) else { return };
    let Some(split) = &plan.decision.split else { return };
    let Some(chooser) = split.chooser else { return };
    let error = expected_error(&plan.spec.machine);
    let doubt = (chooser == Chooser::Simulated).then_some(Doubt(error.as_ref()));
    reason_ui(ui, cx.theme, (&split.reason, cx.theme.surfaces.weak), doubt);
}
