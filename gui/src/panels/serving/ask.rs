//! What is to be served, and the button that begins: one line whose words are buttons that change them.

use egui::{
    Button, DragValue, Grid, PopupCloseBehavior, ProgressBar, Ui,
    containers::menu::{MenuButton, MenuConfig},
    emath::Numeric,
    style::StyleModifier,
};
use weftscope_engine::{
    batch::{MAX_REQUESTS, MAX_TOKENS},
    serving::{CudaGraphs, Limits},
    spec::StrategyKind,
};

use super::serving;
use crate::{
    app::{
        Command,
        live::{Live, ServingAsked, ServingCommand, ServingEdit},
        short_name,
    },
    jobs::JobKind,
    panels::widgets::{Cx, name_widget, weak},
    serving::{Demand, Source, fixed_cut},
};

/// Requests a second that stand there when a rate is first asked for.
const RATE_PER_S: f64 = 8.0;
/// Most requests that can be dragged to; files may have more.
const MOST_REQUESTS: u32 = 1_000_000;
/// Most tokens of a prompt or an answer that can be dragged to.
const MOST_TOKENS: u32 = 1 << 20;

/// Points that a bar of progress takes.
const BAR: f32 = 120.0;

/// The line.
pub(super) fn bar_ui(ui: &mut Ui, cx: &mut Cx<'_>, live: &Live) {
    let (tab, asked) = (&live.serving, &live.serving.asked);
    ui.horizontal_wrapped(|ui| {
        menu(ui, "Requests", &requests_in_words(&asked.demand), |ui| requests_ui(ui, cx, asked));
        menu(ui, "Limits", &limits_in_words(asked), |ui| limits_ui(ui, cx, asked));
        menu(ui, "Strategies", &strategies_in_words(asked), |ui| strategies_ui(ui, cx, asked));
        if let Some(job) = cx.state.jobs.iter().find(|job| job.kind == JobKind::Serving) {
            // Where Serve stood; the bar stands in the window's lowest line too, so it takes no line of its own.
            if ui.button("Cancel").clicked() {
                cx.send(Command::CancelJob(job.id));
            }
            if ui.available_size_before_wrap().x >= BAR {
                let share = job.progress().unwrap_or(0.0);
                ui.add(ProgressBar::new(share).desired_width(BAR).desired_height(10.0));
            }
            return;
        }
        let is_stale = tab.is_stale(&live.draft);
        if is_stale {
            let text = weak(cx.theme, "of other knobs or requests");
            ui.label(text.color(cx.theme.surfaces.warn));
        }
        let button = ui.add_enabled(!asked.strategies.is_empty(), Button::new("Serve"));
        if button.on_disabled_hover_text("No strategy is chosen").clicked() {
            serving(cx, ServingCommand::Run);
        }
        if let Some((tokens, why)) = fixed_cut(&live.draft.spec) {
            let text = weak(cx.theme, format!("cuts are simulated, not at {tokens}"));
            ui.label(text).on_hover_text(format!("The knobs cut at a fixed token: {why}."));
        }
    });
}

/// A button that says what it changes, and stays open while that is changed.
fn menu(ui: &mut Ui, name: &str, words: &str, add: impl FnOnce(&mut Ui)) {
    // Menus have no frames around what is not under the pointer, but numbers to drag need theirs.
    let stays = MenuConfig::new()
        .close_behavior(PopupCloseBehavior::CloseOnClickOutside)
        .style(StyleModifier::default());
    let (response, _) = MenuButton::new(words).config(stays).ui(ui, add);
    name_widget(&response, &format!("{name}: {words}"));
}

/// `1000 × 1024 + 128 tokens, all at once`.
fn requests_in_words(demand: &Demand) -> String {
    let what = match &demand.source {
        Source::Fixed { prompt_tokens, output_tokens } => {
            let count = demand.requests.unwrap_or(Demand::REQUESTS);
            format!("{count} × {prompt_tokens} + {output_tokens} tokens")
        }
        Source::Trace(path) => {
            let name = short_name(path);
            demand.requests.map_or_else(|| name.clone(), |count| format!("{count} of {name}"))
        }
    };
    let is_trace = matches!(demand.source, Source::Trace(_));
    let when = match demand.rate_per_s {
        Some(rate) => format!("{rate} a second"),
        None if is_trace => "when they come".to_owned(),
        None => "all at once".to_owned(),
    };
    format!("{what}, {when}")
}

/// `≤ 2048 tokens, 256 sequences`.
fn limits_in_words(asked: &ServingAsked) -> String {
    let Limits { budget_tokens, max_sequences } = asked.limits;
    format!("≤ {budget_tokens} tokens, {max_sequences} sequences")
}

fn strategies_in_words(asked: &ServingAsked) -> String {
    match &asked.strategies[..] {
        [] => "no strategy".to_owned(),
        [one] => one.name().to_owned(),
        some if some.len() == StrategyKind::ALL.len() => "all strategies".to_owned(),
        some => format!("{} strategies", some.len()),
    }
}

fn requests_ui(ui: &mut Ui, cx: &mut Cx<'_>, asked: &ServingAsked) {
    let demand = &asked.demand;
    let mut edits = Vec::new();
    Grid::new("requests").num_columns(2).show(ui, |ui| {
        source_ui(ui, cx, demand, &mut edits);
        count_ui(ui, cx, demand, &mut edits);
        ui.label(weak(cx.theme, "Arrival"));
        ui.horizontal(|ui| {
            let is_trace = matches!(demand.source, Source::Trace(_));
            let without = if is_trace { "as in the file" } else { "all at once" };
            if ui.selectable_label(demand.rate_per_s.is_none(), without).clicked() {
                edits.push(ServingEdit::Rate(None));
            }
            let rate = demand.rate_per_s;
            if ui.selectable_label(rate.is_some(), "at random").clicked() {
                edits.push(ServingEdit::Rate(rate.or(Some(RATE_PER_S))));
            }
            if let Some(mut rate) = rate {
                if field(ui, "Requests a second", &mut rate, 1e-3..=1e5, 0.1) {
                    edits.push(ServingEdit::Rate(Some(rate)));
                }
                ui.label(weak(cx.theme, "a second"));
            }
        });
        ui.end_row();
    });
    send(cx, edits);
}

fn source_ui(ui: &mut Ui, cx: &mut Cx<'_>, demand: &Demand, edits: &mut Vec<ServingEdit>) {
    ui.label(weak(cx.theme, "Requests"));
    ui.horizontal(|ui| {
        let is_fixed = matches!(demand.source, Source::Fixed { .. });
        if ui.selectable_label(is_fixed, "all alike").clicked() && !is_fixed {
            edits.push(ServingEdit::Lengths(1024, 128));
        }
        let help = "Columns arrival_s, prompt_tokens and output_tokens, or those of Azure's traces of LLM inference or of BurstGPT";
        if ui.selectable_label(!is_fixed, "of a CSV file…").on_hover_text(help).clicked() {
            serving(cx, ServingCommand::AskTrace);
        }
    });
    ui.end_row();
    match &demand.source {
        &Source::Fixed { prompt_tokens, output_tokens } => {
            let (mut prompt, mut output) = (prompt_tokens, output_tokens);
            ui.label(weak(cx.theme, "Prompt, tokens"));
            let mut is_changed =
                field(ui, "Tokens of each prompt", &mut prompt, 1..=MOST_TOKENS, 8.0);
            ui.end_row();
            ui.label(weak(cx.theme, "Answer, tokens"));
            is_changed |= field(ui, "Tokens of each answer", &mut output, 1..=MOST_TOKENS, 1.0);
            ui.end_row();
            if is_changed {
                edits.push(ServingEdit::Lengths(prompt, output));
            }
        }
        Source::Trace(path) => {
            ui.label(weak(cx.theme, "File"));
            ui.label(short_name(path)).on_hover_text(path.display().to_string());
            ui.end_row();
        }
    }
}

fn count_ui(ui: &mut Ui, cx: &Cx<'_>, demand: &Demand, edits: &mut Vec<ServingEdit>) {
    ui.label(weak(cx.theme, "How many"));
    ui.horizontal(|ui| {
        let is_trace = matches!(demand.source, Source::Trace(_));
        let mut count = demand.requests.unwrap_or(Demand::REQUESTS);
        if is_trace {
            let is_all = demand.requests.is_none();
            if ui.selectable_label(is_all, "all").clicked() {
                edits.push(ServingEdit::Requests(None));
            }
            if ui.selectable_label(!is_all, "the first").clicked() {
                edits.push(ServingEdit::Requests(Some(count)));
            }
            if is_all {
                return;
            }
        }
        if field(ui, "Number of requests", &mut count, 1..=MOST_REQUESTS, 10.0) {
            edits.push(ServingEdit::Requests(Some(count)));
        }
    });
    ui.end_row();
}

fn limits_ui(ui: &mut Ui, cx: &mut Cx<'_>, asked: &ServingAsked) {
    let Limits { mut budget_tokens, mut max_sequences } = asked.limits;
    let mut edits = Vec::new();
    Grid::new("limits").num_columns(2).show(ui, |ui| {
        let label = |ui: &mut Ui, name: &str, help: &str| {
            ui.label(weak(cx.theme, name)).on_hover_text(help);
        };
        label(ui, "Token budget", "Most tokens of an iteration (vLLM's max_num_batched_tokens)");
        let mut is_changed = field(ui, "Token budget", &mut budget_tokens, 1..=MAX_TOKENS, 16.0);
        ui.end_row();
        label(ui, "Sequences", "Most sequences that run at a time (vLLM's max_num_seqs)");
        is_changed |= field(ui, "Most sequences", &mut max_sequences, 1..=MAX_REQUESTS, 1.0);
        ui.end_row();
        if is_changed {
            edits.push(ServingEdit::Limits(Limits { budget_tokens, max_sequences }));
        }
        label(
            ui,
            "Memory, %",
            "Of each GPU's memory for weights, activations, keys and values (vLLM's gpu_memory_utilization)",
        );
        let mut percent = 100.0 * asked.memory_share;
        if field(ui, "Memory", &mut percent, 1.0..=100.0, 0.2) {
            edits.push(ServingEdit::MemoryShare(percent / 100.0));
        }
        ui.end_row();
        label(ui, "CUDA graphs", "Which iterations are launched as one: auto as vLLM, those that only decode");
        ui.horizontal(|ui| {
            for graphs in CudaGraphs::ALL {
                if ui.selectable_label(asked.graphs == graphs, graphs.name()).clicked() {
                    edits.push(ServingEdit::Graphs(graphs));
                }
            }
        });
        ui.end_row();
    });
    send(cx, edits);
}

fn strategies_ui(ui: &mut Ui, cx: &mut Cx<'_>, asked: &ServingAsked) {
    for strategy in StrategyKind::ALL {
        let mut serves = asked.strategies.contains(&strategy);
        let response = ui.checkbox(&mut serves, strategy.name()).on_hover_text(strategy.about());
        if response.changed() {
            serving(cx, ServingCommand::Edit(ServingEdit::Strategy(strategy, serves)));
        }
    }
}

/// A number to drag or type; true when it has changed.
fn field<Num: Numeric>(
    ui: &mut Ui,
    name: &str,
    value: &mut Num,
    range: std::ops::RangeInclusive<Num>,
    speed: f64,
) -> bool {
    let drag = DragValue::new(value).range(range).speed(speed).update_while_editing(false);
    let response = ui.add(drag);
    name_widget(&response, name);
    response.changed()
}

fn send(cx: &mut Cx<'_>, edits: Vec<ServingEdit>) {
    for edit in edits {
        serving(cx, ServingCommand::Edit(edit));
    }
}
