//! Systems beside TokenWeave: the list of them, and of the one that is chosen its claim, its knobs, and what its runs show beside
//! what was published.

use egui::{ComboBox, DragValue, Grid, ScrollArea, Ui, UiBuilder, vec2};
use weftscope_engine::neighbours::{Knob, NEIGHBOURS, Neighbour, Range, neighbour};

use super::widgets::{Cx, at_right, mono, name_widget, sentence, strong, weak};
use crate::{
    app::{
        Command,
        neighbours::{NeighbourCommand, ShownFigure},
    },
    jobs::JobKind,
    theme::size,
};

/// Points of the list, and of the knobs.
const LIST: f32 = 190.0;
const KNOBS: f32 = 250.0;

/// The tab.
pub(super) fn neighbours_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let Some(neighbour) = cx.state.neighbours.chosen() else {
        let text = "Systems that the field places beside TokenWeave. Each runs on the simulator, with its idea and without, beside \
                    what its paper measured.";
        ui.label(weak(cx.theme, text));
        return ScrollArea::vertical()
            .id_salt("all neighbours")
            .auto_shrink([false, true])
            .show(ui, |ui| all_ui(ui, cx))
            .inner;
    };
    let is_wide = ui.available_width() >= LIST + 3.0 * KNOBS;
    if !is_wide {
        ScrollArea::vertical().id_salt("neighbour").show(ui, |ui| {
            ui.horizontal_wrapped(|ui| list_ui(ui, cx));
            claim_ui(ui, cx, neighbour);
            knobs_ui(ui, cx);
            figures_ui(ui, cx, neighbour);
        });
        return;
    }
    let rest = ui.available_rect_before_wrap();
    let gap = 2.0 * size::GAP;
    let widths = [LIST, KNOBS, rest.width() - LIST - KNOBS - 2.0 * gap];
    let mut left = rest.left();
    for (column, width) in widths.into_iter().enumerate() {
        let at =
            egui::Rect::from_min_size(egui::pos2(left, rest.top()), vec2(width, rest.height()));
        left += width + gap;
        let mut ui = ui.new_child(UiBuilder::new().max_rect(at));
        ScrollArea::vertical().id_salt(("neighbours", column)).show(&mut ui, |ui| match column {
            0 => list_ui(ui, cx),
            1 => knobs_ui(ui, cx),
            _ => {
                claim_ui(ui, cx, neighbour);
                figures_ui(ui, cx, neighbour);
            }
        });
    }
}

/// All of them with what they do, before one is chosen.
fn all_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    Grid::new("all neighbours").num_columns(2).spacing(vec2(16.0, 4.0)).show(ui, |ui| {
        for neighbour in NEIGHBOURS {
            if ui.button(neighbour.title).clicked() {
                cx.send(Command::Neighbour(NeighbourCommand::Choose(neighbour.name)));
            }
            ui.label(weak(cx.theme, neighbour.about));
            ui.end_row();
        }
    });
}

fn list_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let chosen = cx.state.neighbours.chosen().map(|neighbour| neighbour.name);
    for neighbour in NEIGHBOURS {
        let is_chosen = chosen == Some(neighbour.name);
        let row = ui.selectable_label(is_chosen, neighbour.title).on_hover_text(neighbour.about);
        if row.clicked() {
            cx.send(Command::Neighbour(NeighbourCommand::Choose(neighbour.name)));
        }
    }
}

fn claim_ui(ui: &mut Ui, cx: &Cx<'_>, neighbour: &Neighbour) {
    ui.label(strong(cx.theme, format!("{}: {}", neighbour.title, neighbour.about)));
    let source = neighbour.source;
    let claim = ui.add(egui::Label::new(format!("Claims {}.", neighbour.claim)).wrap());
    claim.on_hover_text(format!("{} ({})", source.title, source.place));
    ui.label(weak(cx.theme, source.place));
}

/// The knobs. Each runs it anew; one that is dragged, when it is let go.
fn knobs_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let Some(settings) = cx.state.neighbours.settings.clone() else { return };
    Grid::new("neighbour knobs").num_columns(2).show(ui, |ui| {
        for (knob, value) in settings.iter() {
            ui.label(weak(cx.theme, knob.name)).on_hover_text(knob.help);
            if let Some(text) = knob_ui(ui, knob, value) {
                cx.send(Command::Neighbour(NeighbourCommand::Turn(knob.name, text)));
            }
            ui.end_row();
        }
    });
    let is_at_first = neighbour(settings.of()).map(Neighbour::settings) == Some(settings);
    ui.horizontal(|ui| {
        let reset = ui.add_enabled(!is_at_first, egui::Button::new("As at first"));
        if reset.clicked() {
            cx.send(Command::Neighbour(NeighbourCommand::Reset));
        }
        if cx.state.jobs.iter().any(|job| job.kind == JobKind::Neighbour) {
            ui.spinner();
        }
    });
}

/// A knob's control; gives what it was turned to.
fn knob_ui(ui: &mut Ui, knob: &'static Knob, value: f64) -> Option<String> {
    let current = knob.range.text(value);
    match knob.range {
        Range::Choice(choices) => {
            let mut chosen = None;
            let combo = ComboBox::from_id_salt(knob.name).selected_text(&current).truncate();
            let shown = combo.show_ui(ui, |ui| {
                for choice in choices {
                    if ui.selectable_label(*choice == current, *choice).clicked() {
                        chosen = Some((*choice).to_owned());
                    }
                }
            });
            name_widget(&shown.response, knob.name);
            shown.response.on_hover_text(knob.help);
            chosen.filter(|chosen| *chosen != current)
        }
        Range::Whole { least, most } => {
            let (range, step) = (f64::from(least)..=f64::from(most), f64::from(most) / 500.0);
            number_ui(ui, knob, value, DragValueOf { range, step, decimals: 0 })
        }
        Range::Real { least, most } => {
            let step = (most - least) / 500.0;
            number_ui(ui, knob, value, DragValueOf { range: least..=most, step, decimals: 2 })
        }
    }
}

struct DragValueOf {
    range: std::ops::RangeInclusive<f64>,
    step: f64,
    decimals: usize,
}

/// A number that is dragged or typed. While it is dragged, egui's memory has it.
fn number_ui(ui: &mut Ui, knob: &Knob, value: f64, of: DragValueOf) -> Option<String> {
    let id = ui.scope_id().with(knob.name);
    let mut shown = ui.data(|data| data.get_temp(id)).unwrap_or(value);
    let suffix = if knob.unit.is_empty() { String::new() } else { format!(" {}", knob.unit) };
    let drag = DragValue::new(&mut shown)
        .range(of.range)
        .speed(of.step.max(1e-3))
        .max_decimals(of.decimals)
        .suffix(suffix);
    let response = ui.add(drag);
    name_widget(&response, knob.name);
    if response.dragged() {
        ui.data_mut(|data| data.insert_temp(id, shown));
    } else {
        ui.data_mut(|data| data.remove::<f64>(id));
    }
    let is_settled = response.drag_stopped() || (response.changed() && !response.dragged());
    response.on_hover_text(knob.help);
    let text = knob.range.text(shown);
    (is_settled && text != knob.range.text(value)).then_some(text)
}

/// What the runs show beside what was published, and what is not in them.
fn figures_ui(ui: &mut Ui, cx: &Cx<'_>, neighbour: &Neighbour) {
    let tab = &cx.state.neighbours;
    if let Some(cause) = &tab.failed {
        ui.label(weak(cx.theme, cause).color(cx.theme.surfaces.error));
    }
    ui.add_space(size::GAP);
    let Some(shown) = tab.shown() else { return };
    let is_stale = tab.is_stale();
    Grid::new("neighbour figures").spacing(vec2(24.0, 2.0)).show(ui, |ui| {
        ui.label("");
        at_right(ui, weak(cx.theme, if is_stale { "before" } else { "here, simulated" }));
        at_right(ui, weak(cx.theme, "published"));
        ui.end_row();
        for ShownFigure { name, ours, published } in &shown.figures {
            ui.label(name);
            let ours = mono(cx.theme, ours);
            at_right(ui, if is_stale { ours.weak() } else { ours });
            at_right(ui, mono(cx.theme, published.as_deref().unwrap_or("–")));
            ui.end_row();
        }
    });
    ui.add_space(size::GAP);
    ui.label(weak(cx.theme, "Not in the model"));
    for left_out in neighbour.leaves_out {
        sentence(ui, cx.theme, format!("– {left_out}"));
    }
}
