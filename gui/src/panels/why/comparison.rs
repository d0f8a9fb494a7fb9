//! The iteration beside other strategies for the same batch.

use egui::{
    Align, Color32, Label, Layout, Rect, Response, RichText, Sense, Stroke, Ui, pos2, vec2,
};
use weftscope_engine::spec::StrategyKind;
use weftscope_profiler::collect::expected_error;
use weftscope_traces::{Doubt, Origin};

use super::how;
use crate::{
    app::{
        Shown,
        live::{KeptIteration, Live},
    },
    panels::{
        doubt::{with_covered, with_doubt},
        widgets::{Cx, heading, mono, sentence, weak},
    },
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
    let expected = expected_error(&shown.plan.spec.machine);
    let of_predicted = Doubt(expected.as_ref());
    let scale = Bars {
        longest: longest as f64 * (1.0 + of_predicted.share().unwrap_or(0.0)),
        mine,
        doubt: shown.document.trace.meta.doubt(),
    };
    let asked = shown.plan.spec.knobs.strategy;
    let own = Row { name: asked.name(), line: "the run in view", doubt: scale.doubt };
    row_ui(ui, cx, &own, Some(Ok(mine)), (&scale, true));
    for strategy in rows() {
        let baseline =
            live.baselines_in_view().iter().find(|baseline| baseline.strategy == strategy);
        let outcome =
            baseline.map(|baseline| baseline.outcome.as_ref().copied().map_err(String::as_str));
        let is_predicted = baseline.is_some_and(|baseline| !baseline.measured);
        let doubt = is_predicted.then_some(of_predicted);
        let row = Row { name: strategy.name(), line: strategy.about(), doubt };
        row_ui(ui, cx, &row, outcome, (&scale, false));
    }
    let (source, is_predicted) = source(live, shown);
    let doubt = Some(of_predicted).filter(|_| is_predicted);
    let sign = doubt.map_or_else(String::new, |doubt| format!(", {}", doubt.sign()));
    let text = format!("{source}{sign}. × is how much longer than the run in view.");
    let caption = ui.label(weak(cx.theme, text).font(cx.theme.small()));
    if let Some(doubt) = doubt {
        caption.on_hover_text(doubt.sentence());
    }
}

/// Where the times come from, and whether some are predicted.
fn source(live: &Live, shown: &KeptIteration) -> (&'static str, bool) {
    let view = shown.document.trace.meta.provenance.origin() == Some(Origin::Measured);
    let mut others = live.baselines.iter().map(|baseline| baseline.measured);
    match (view, others.clone().any(|measured| measured), others.all(|measured| measured)) {
        (true, _, true) => ("All measured", false),
        (false, false, _) => ("All modelled", true),
        (true, ..) => ("The run in view is measured, what it is compared with is modelled", true),
        (false, true, _) => {
            ("What it is compared with is measured, the run in view is modelled", true)
        }
    }
}

/// What bars are drawn against, ns; how far the run in view may be off.
struct Bars<'a> {
    longest: f64,
    mine: i64,
    doubt: Option<Doubt<'a>>,
}

/// A bar's name, a sentence more, how far its time may be off.
struct Row<'a> {
    name: &'a str,
    line: &'a str,
    doubt: Option<Doubt<'a>>,
}

fn row_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    of: &Row<'_>,
    outcome: Option<Result<i64, &str>>,
    (bars, is_mine): (&Bars<'_>, bool),
) {
    let surfaces = &cx.theme.surfaces;
    let row = ui.horizontal(|ui| {
        let ink = if is_mine { surfaces.strong } else { surfaces.weak };
        ui.allocate_ui(vec2(NAME, 18.0), |ui| {
            ui.set_min_width(NAME);
            ui.add(egui::Label::new(egui::RichText::new(of.name).color(ink)).truncate());
        });
        let width = (ui.available_width() - FIGURES).max(16.0);
        let (rect, _) = ui.allocate_exact_size(vec2(width, 12.0), Sense::hover());
        match outcome {
            Some(Ok(ns)) => {
                let fill = if is_mine { surfaces.accent } else { surfaces.control_hover };
                bar(ui, cx, (rect, fill), bars, (ns, of.doubt));
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
    let row = row.response.interact(Sense::click());
    if let Some(Ok(ns)) = outcome {
        how::popup_ui(&row, cx, &[how::ratio_how(of.name, ns, bars.mine)]);
    }
    row.on_hover_ui(|ui| {
        ui.label(words(of, outcome, (bars, is_mine)));
        ui.label(weak(cx.theme, how::HINT));
    });
}

/// What a row says on hovering; of two predicted times too close to be told apart, that they are.
fn words(
    of: &Row<'_>,
    outcome: Option<Result<i64, &str>>,
    (bars, is_mine): (&Bars<'_>, bool),
) -> String {
    let Some(Ok(ns)) = outcome else { return of.line.to_owned() };
    let line = format!("{}: {}", of.line, with_doubt(ns, of.doubt));
    let both =
        of.doubt.zip(bars.doubt).filter(|_| !is_mine).map(|(one, other)| one.or_larger(other));
    with_covered(&line, both, (ns, Some(bars.mine)))
}

/// As long as the time, with how far that may be off at its end; a line where the run in view ends.
fn bar(
    ui: &Ui,
    cx: &Cx<'_>,
    (rect, fill): (Rect, Color32),
    bars: &Bars<'_>,
    (ns, doubt): (i64, Option<Doubt<'_>>),
) {
    let surfaces = &cx.theme.surfaces;
    let x_of = |ns: f64| rect.left() + rect.width() * (ns / bars.longest) as f32;
    let end = pos2(x_of(ns as f64), rect.bottom());
    ui.painter().rect_filled(Rect::from_min_max(rect.min, end), 1.0, fill);
    ui.painter().vline(x_of(bars.mine as f64), rect.y_range(), Stroke::new(1.0, surfaces.accent));
    if let Some(share) = doubt.and_then(Doubt::share) {
        let [left, right] = [1.0 - share, 1.0 + share].map(|factor| x_of(ns as f64 * factor));
        let stroke = Stroke::new(1.0, surfaces.strong);
        ui.painter().hline(left..=right, rect.center().y, stroke);
    }
}

/// A number at the right end of what is left of the line.
fn number_right(ui: &mut Ui, text: RichText) -> Response {
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| ui.add(Label::new(text).truncate()))
        .inner
}
