//! Iterations over time: tokens of decode and of prompts, and how full the cache of keys and values is. Each can be run.

use egui::{ComboBox, CursorIcon, Id, Role, Sense, Ui, vec2};
use egui_plot::{Plot, PlotResponse, PlotUi};
use weftscope_engine::serving::Iteration;

use super::{lanes, parts_ui, serving};
use crate::{
    app::live::{Live, ServedRun, ServingCommand},
    panels::widgets::{Cx, draw_as, name_widget},
    theme::number,
};

/// The share of the height that tokens have; the cache has the rest.
const TOKENS: f32 = 0.6;
/// Points of the names of either axis.
const SIDE: f32 = 56.0;
/// Points of both lanes at least.
const LEAST: f32 = 60.0;
/// Points under the numbers of the lower axis.
const BELOW: f32 = 4.0;
/// How much of a time a turn of the wheel by a point shows more or less of.
const ZOOM: f32 = 1.0 / 200.0;

/// Both lanes, and what is known of the iteration under the pointer. Alone, they can be changed for the table.
pub(super) fn iterations_ui(ui: &mut Ui, cx: &mut Cx<'_>, live: &Live, is_alone: bool) {
    let tab = &live.serving;
    let Some(shown) = tab.shown() else { return };
    let of = shown.report.strategy;
    ui.horizontal_wrapped(|ui| {
        if is_alone {
            parts_ui(ui, cx, tab);
        }
        let combo = ComboBox::from_id_salt("iterations of").selected_text(of.name());
        let choice = combo.show_ui(ui, |ui| {
            for served in tab.served() {
                let strategy = served.report.strategy;
                if ui.selectable_label(strategy == of, strategy.name()).clicked() {
                    serving(cx, ServingCommand::Choose(strategy));
                }
            }
        });
        name_widget(&choice.response, "Iterations of");
        lanes::legend_ui(ui, cx.theme);
    });
    let is_stale = tab.is_stale(&live.draft);
    let opened = tab.opened.filter(|(strategy, _)| *strategy == of).map(|(_, number)| number);
    let height = (ui.available_height() - ui.spacing().item_spacing.y - BELOW).max(LEAST);
    let link = Id::unique(("serving", of.name()));
    let tokens = plot("tokens", link, shown).height(height * TOKENS).show_axes([false, true]);
    let cache = plot("cache", link, shown).height(height * (1.0 - TOKENS));
    let first = tokens.show(ui, |plot| {
        zoom(plot);
        lanes::draw_tokens(plot, cx.theme, shown, opened);
    });
    let second = cache.y_axis_formatter(|mark, _| number::percent(mark.value)).include_y(1.0).show(
        ui,
        |plot| {
            zoom(plot);
            lanes::draw_cache(plot, cx.theme, shown, opened);
        },
    );
    for lane in [("Tokens of iterations", first), ("Cache over iterations", second)] {
        under_pointer(cx, lane, shown, is_stale);
    }
}

fn plot<'a>(name: &'static str, link: Id, shown: &ServedRun) -> Plot<'a> {
    Plot::new((name, link))
        .allow_drag([true, false])
        .allow_scroll(false)
        .allow_zoom(false)
        .allow_boxed_zoom(false)
        .set_margin_fraction(vec2(0.0, 0.05))
        .show_background(false)
        .show_crosshair(false)
        .show_grid([false, true])
        .link_axis(link, [true, false])
        .include_x(0.0)
        .include_x(shown.profile.end_ns() as f64)
        .include_y(0.0)
        .y_axis_min_width(SIDE)
        .x_axis_formatter(|mark, range| {
            let step_ns = (mark.step_size as i64).min((range.end() - range.start()) as i64 / 8);
            number::time_at(mark.value as i64, step_ns.max(1))
        })
        .sense(Sense::click_and_drag())
}

/// The wheel shows more or less time, around the pointer.
fn zoom(plot: &mut PlotUi<'_>) {
    if !plot.response().hovered() {
        return;
    }
    let turned = plot.ctx().input(|input| input.smooth_scroll_delta.y);
    if turned != 0.0 {
        plot.zoom_bounds_around_hovered(vec2((turned * ZOOM).exp(), 1.0));
    }
}

/// What the iteration under the pointer is; a click runs its batch.
fn under_pointer(
    cx: &mut Cx<'_>,
    (name, lane): (&str, PlotResponse<()>),
    shown: &ServedRun,
    is_stale: bool,
) {
    let PlotResponse { response, transform, .. } = lane;
    draw_as(&response, Role::Button, name);
    let Some(pointer) = response.hover_pos() else { return };
    let Some(number) = shown.profile.at(transform.value_from_position(pointer).x) else { return };
    let iteration = &shown.served.iterations[number];
    let can_run = !is_stale && shown.is_whole;
    let clicked = response.clicked() && can_run;
    let then = match (is_stale, shown.is_whole) {
        (true, _) => "Of other knobs or requests: serve again to run its batch",
        (false, false) => "Under way: its batch can be run when all requests have their answers",
        (false, true) => "A click runs its batch; the wheel zooms, a double click shows all",
    };
    let text = format!("{}\n{then}", in_words(number, iteration, shown.served.kv.blocks.count));
    let cursor = if can_run { CursorIcon::PointingHand } else { CursorIcon::Default };
    response.on_hover_cursor(cursor).on_hover_text_at_pointer(text);
    if clicked {
        serving(cx, ServingCommand::Open(shown.report.strategy, number));
    }
}

/// All that is known of an iteration.
fn in_words(number: usize, iteration: &Iteration, kv_blocks: u32) -> String {
    let Iteration { start_ns, host_ns, gpu_ns, decode_tokens, prefill_tokens, .. } = *iteration;
    let of_graph = if iteration.in_graph { ", as one CUDA graph" } else { "" };
    let mut text = format!(
        "iteration {number} at {}: {} by {}{of_graph}\n{}: {decode_tokens} decode, {prefill_tokens} prefill, of {}\n\
         keys and values: {} of the cache",
        number::time_at(start_ns, 1_000_000),
        number::duration_ns(host_ns + gpu_ns),
        iteration.runs.name(),
        number::counted(iteration.tokens().into(), "token"),
        number::counted(iteration.sequences.into(), "sequence"),
        number::percent(f64::from(iteration.kv_blocks) / f64::from(kv_blocks.max(1))),
    );
    if iteration.preempted > 0 {
        let requests = number::counted(iteration.preempted.into(), "request");
        text += &format!("\n{requests} lost keys and values for it");
    }
    text
}
