//! The iteration beside other strategies for the same batch.

use egui::{Align, Label, Layout, Rect, Response, RichText, Sense, Stroke, Ui, pos2, vec2};
use weftscope_engine::spec::StrategyKind;
use weftscope_traces::Origin;

use crate::{
    app::{
        Shown,
        live::{KeptIteration, Live},
    },
    panels::widgets::{Cx, heading, mono, sentence, weak},
    theme::number,
};

/// The strategies compared with: all but the weave's own two, which are what is mostly run.
fn rows() -> impl Iterator<Item = StrategyKind> {
    let weaves = [StrategyKind::EqualSplit, StrategyKind::TokenWeave];
    StrategyKind::slowest_first().into_iter().filter(move |strategy| !weaves.contains(strategy))
}

/// Width of a row's name.
const NAME: f32 = 76.0;
/// Width of a row's figures.
const FIGURES: f32 = 118.0;

/// The bars; only for the live run.
pub(super) fn comparison_ui(ui: &mut Ui, cx: &Cx<'_>) {
    let Some(live) = cx.state.live.as_ref().filter(|_| cx.state.shown == Shown::Live) else {
        return;
    };
    let Some(shown) = live.shown() else { return };
    heading(ui, cx.theme, "Iteration time, same batch");
    let mine = shown.duration_ns.max(1);
    let longest = live
        .baselines_in_view()
        .iter()
        .filter_map(|baseline| baseline.outcome.as_ref().ok().copied())
        .max()
        .unwrap_or(mine)
        .max(mine);
    if live.pinned.is_some() && live.baselines_in_view().is_empty() {
        sentence(
            ui,
            cx.theme,
            "Of another batch than the newest; what it was compared with is not kept.",
        );
        return;
    }
    let scale = Bars { longest: longest as f64, mine };
    let asked = shown.plan.spec.knobs.strategy;
    row_ui(ui, cx, (asked.name(), "the run in view"), Some(Ok(mine)), (&scale, true));
    for strategy in rows() {
        let outcome = live
            .baselines_in_view()
            .iter()
            .find(|baseline| baseline.strategy == strategy)
            .map(|baseline| baseline.outcome.as_ref().copied().map_err(String::as_str));
        row_ui(ui, cx, (strategy.name(), strategy.about()), outcome, (&scale, false));
    }
    let text = format!("{} × is how much longer than the run in view.", source(live, shown));
    ui.label(weak(cx.theme, text).font(cx.theme.small()));
}

/// Where the times come from.
fn source(live: &Live, shown: &KeptIteration) -> &'static str {
    let view = shown.document.trace.meta.provenance.origin() == Some(Origin::Measured);
    let mut others = live.baselines.iter().map(|baseline| baseline.measured);
    match (view, others.clone().any(|measured| measured), others.all(|measured| measured)) {
        (true, _, true) => "All measured.",
        (false, false, _) => "All modelled.",
        (true, ..) => "The run in view is measured, what it is compared with is modelled.",
        (false, true, _) => "The run in view is modelled, what it is compared with is measured.",
    }
}

/// What bars are drawn against, ns.
struct Bars {
    longest: f64,
    mine: i64,
}

fn row_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    (name, line): (&str, &str),
    outcome: Option<Result<i64, &str>>,
    (bars, mine): (&Bars, bool),
) {
    let surfaces = &cx.theme.surfaces;
    let row = ui.horizontal(|ui| {
        let ink = if mine { surfaces.strong } else { surfaces.weak };
        ui.allocate_ui(vec2(NAME, 18.0), |ui| {
            ui.set_min_width(NAME);
            ui.add(egui::Label::new(egui::RichText::new(name).color(ink)).truncate());
        });
        let width = (ui.available_width() - FIGURES).max(16.0);
        let (rect, _) = ui.allocate_exact_size(vec2(width, 12.0), Sense::hover());
        match outcome {
            Some(Ok(ns)) => {
                let share = (ns as f64 / bars.longest) as f32;
                let bar = Rect::from_min_max(
                    rect.min,
                    pos2(rect.left() + rect.width() * share, rect.bottom()),
                );
                let fill = if mine { surfaces.accent } else { surfaces.control_hover };
                ui.painter().rect_filled(bar, 1.0, fill);
                let x = rect.left() + rect.width() * (bars.mine as f64 / bars.longest) as f32;
                ui.painter().vline(x, rect.y_range(), Stroke::new(1.0, surfaces.accent));
                let ratio = number::ratio(ns as f64 / bars.mine as f64);
                let text = format!("{} {ratio:>6}", number::duration_fixed(ns));
                number_right(ui, mono(cx.theme, text).color(ink));
            }
            Some(Err(cause)) => {
                number_right(ui, weak(cx.theme, "not possible")).on_hover_text(cause);
            }
            None => {
                number_right(ui, weak(cx.theme, "…"));
            }
        }
    });
    row.response.on_hover_text(line);
}

/// A number at the right end of what is left of the line.
fn number_right(ui: &mut Ui, text: RichText) -> Response {
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| ui.add(Label::new(text).truncate()))
        .inner
}
