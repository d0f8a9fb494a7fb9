//! Requests served: what is asked for, a table by strategy, and iterations over time, each of which can be run by itself.

mod ask;
mod iterations;
mod lanes;
mod strategies;

use egui::{Align, Label, Layout, RichText, Ui, vec2};
use weftscope_engine::spec::RunSpec;
use weftscope_profiler::collect::expected_error;
use weftscope_traces::Doubt;

use super::{
    doubt::doubt_ui,
    widgets::{Cx, weak},
};
use crate::{
    app::live::{Backend, Live, LiveCommand, ServingCommand, ServingHead, ServingPart, ServingTab},
    serving::{empty_rows, refused},
    theme::number,
};

/// From this width on the table and the iterations fit beside each other.
const BESIDE: f32 = 1240.0;
/// From this height on they fit one over the other.
const STACKED: f32 = 380.0;
/// Points of the table where both are stacked: the head and all strategies.
const TABLE: f32 = 214.0;

/// The tab of serving.
pub(super) fn serving_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let state = cx.state;
    let Some(live) = &state.live else {
        ui.label(weak(cx.theme, "Serving needs the live run."));
        return;
    };
    ask::bar_ui(ui, cx, live);
    let tab = &live.serving;
    if let Some(cause) = &tab.failed {
        ui.label(RichText::new(cause).color(cx.theme.surfaces.error));
        return;
    }
    if tab.of.is_none() {
        let text = match live.draft.backend {
            Backend::Simulated => {
                "Each strategy serves the same requests on the simulated machine of the knobs, batched continuously as vLLM \
                 does it. Iterations can then be run one by one."
            }
            Backend::Gpus(..) => {
                "Each strategy serves the same requests on the GPUs of this computer, as their time goes by; the live run waits \
                 meanwhile. Iterations are seen as they come, and can then be run one by one."
            }
        };
        ui.label(weak(cx.theme, text));
        return;
    }
    head_ui(ui, cx, live);
    if tab.served().next().is_none() {
        return;
    }
    if ui.available_width() >= BESIDE {
        ui.columns_const(|[left, right]| {
            strategies::strategies_ui(left, cx, live, false);
            iterations::iterations_ui(right, cx, live, false);
        });
    } else if ui.available_height() >= STACKED {
        let table = vec2(ui.available_width(), TABLE);
        ui.allocate_ui(table, |ui| strategies::strategies_ui(ui, cx, live, false));
        iterations::iterations_ui(ui, cx, live, false);
    } else if tab.part == ServingPart::Strategies {
        strategies::strategies_ui(ui, cx, live, true);
    } else {
        iterations::iterations_ui(ui, cx, live, true);
    }
}

/// What was served, in one line: what there is no room for is said on hovering.
fn head_ui(ui: &mut Ui, cx: &Cx<'_>, live: &Live) {
    let tab = &live.serving;
    let Some(of) = &tab.of else { return };
    let row = vec2(ui.available_width().max(0.0), ui.spacing().interact_size.y);
    ui.allocate_ui_with_layout(row, Layout::right_to_left(Align::Center), |ui| {
        match of.backend {
            Backend::Simulated => {
                let error = expected_error(&of.spec.machine);
                doubt_ui(ui, cx.theme, Some(Doubt(error.as_ref())));
                ui.label(weak(cx.theme, "modelled"));
            }
            Backend::Gpus(..) => drop(ui.label(weak(cx.theme, "measured"))),
        }
        for (short, whole) in notes(tab) {
            ui.label(weak(cx.theme, short).color(cx.theme.surfaces.warn)).on_hover_text(whole);
        }
        let Some(head) = &tab.head else { return };
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            let text = format!("{}; {}; {}", head.words, machine(&of.spec), room(head));
            ui.add(Label::new(weak(cx.theme, &text)).truncate()).on_hover_text(text);
        });
    });
}

/// `llama-3.3-70b, 8 ranks of 8 × H100 SXM`.
fn machine(spec: &RunSpec) -> String {
    let ranks = number::counted(spec.knobs.tp.into(), "rank");
    format!("{}, {ranks} of {}", spec.model.name, spec.machine.title)
}

/// `keys and values of 1 334 112 tokens (54.6 GB of each GPU)`.
fn room(head: &ServingHead) -> String {
    format!(
        "keys and values of {} ({} of each GPU)",
        number::counted(head.kv_tokens, "token"),
        number::bytes(head.kv_bytes as f64)
    )
}

/// What was left out or cannot be, in a few words and in more.
fn notes(tab: &ServingTab) -> Vec<(String, String)> {
    let Some(head) = &tab.head else { return Vec::new() };
    let refused_by_any = tab.served().next().map_or(0, |served| served.report.refused);
    let short = |count, noun, what| format!("{} {what}", number::counted(count, noun));
    let empty =
        empty_rows(head.empty_rows).map(|whole| (short(head.empty_rows, "row", "left out"), whole));
    let refused = refused(refused_by_any, head.kv_tokens)
        .map(|whole| (short(refused_by_any, "request", "refused"), whole));
    let cannot = tab.results.iter().filter_map(|result| {
        let cause = result.outcome.as_ref().err()?;
        Some((format!("{} cannot serve", result.strategy.name()), cause.clone()))
    });
    empty.into_iter().chain(refused).chain(cannot).collect()
}

/// The parts, of which one is shown.
fn parts_ui(ui: &mut Ui, cx: &mut Cx<'_>, tab: &ServingTab) {
    for part in ServingPart::ALL {
        if ui.selectable_label(tab.part == part, part.name()).clicked() {
            serving(cx, ServingCommand::Part(part));
        }
    }
}

/// Asks for something of this tab.
fn serving(cx: &mut Cx<'_>, command: ServingCommand) {
    cx.live(LiveCommand::Serving(command));
}
