//! The schedule, and what the planner made of it.

use egui::Ui;
use weftscope_engine::{
    plan::Plan,
    spec::{Chooser, Knobs, SplitChoice, StrategyKind},
};
use weftscope_profiler::collect::expected_error;
use weftscope_traces::Doubt;

use super::{
    choice::{Choice, choice_ui},
    row::{refusal_ui, row, turn},
};
use crate::{
    app::live::{Knob, KnobEdit, Live},
    panels::{
        doubt::reason_ui,
        widgets::{Cx, weak},
    },
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
    if let Some(plan) = live.shown().map(|shown| &shown.plan)
        && !plan.decision.reason.is_empty()
    {
        let error = expected_error(&plan.spec.machine);
        let doubt = has_simulated_whole(plan).then_some(Doubt(error.as_ref()));
        reason_ui(ui, cx.theme, (&plan.decision.reason, cx.theme.surfaces.warn), doubt);
    }
}

/// Simulation was asked for a cut and found none worth it: its reason has times.
fn has_simulated_whole(plan: &Plan) -> bool {
    let Knobs { strategy, split, tp, .. } = plan.spec.knobs;
    let is_asked =
        strategy == StrategyKind::TokenWeave && split == SplitChoice::Auto(Chooser::Simulated);
    is_asked && tp > 1 && plan.decision.split.is_none()
}

#[cfg(test)]
mod tests {
    use weftscope_engine::{batch::Batch, choose, spec::RunSpec};

    use super::*;
    use crate::app::live::Catalog;

    /// What the reason says itself: `simulated` stands in it, and nowhere else does a strategy's reason have times.
    #[test]
    fn reasons_with_times_are_those_of_simulation() {
        let of = |tokens, strategy, split| {
            let mut spec: RunSpec = Catalog::builtin().unwrap().default_spec().clone();
            spec.batch = Batch::prefill(tokens, tokens);
            (spec.knobs.strategy, spec.knobs.split) = (strategy, split);
            let plan = choose::plan(&spec).unwrap();
            (has_simulated_whole(&plan), plan.decision.reason)
        };
        let mut found = Vec::new();
        for split in Chooser::ALL.map(SplitChoice::Auto) {
            for strategy in [StrategyKind::TokenWeave, StrategyKind::EqualSplit] {
                for tokens in [100, 600, 8192] {
                    let (has_times, reason) = of(tokens, strategy, split);
                    assert_eq!(has_times, reason.contains("simulated"), "{reason}");
                    found.push(has_times);
                }
            }
        }
        assert!(found.contains(&true) && found.contains(&false));
    }
}
