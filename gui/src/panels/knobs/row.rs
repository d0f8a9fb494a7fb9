//! The line of a knob: name, control, and a sign to reset it when it is not at its default.

use egui::{Align, Label, Layout, Response, RichText, Sense, Ui, Widget, vec2};

use crate::{
    app::live::{Knob, KnobEdit, LiveCommand},
    panels::{
        icon::{Icon, icon_button},
        widgets::{Cx, weak},
    },
};

/// Width of a knob's name.
const NAME_WIDTH: f32 = 84.0;
/// Width kept for the sign that resets a knob, so that nothing moves when it appears.
const RESET_WIDTH: f32 = 20.0;

/// The line of a knob, under the knob's own name.
pub(super) fn row(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    knob: Knob,
    add: impl FnOnce(&mut Ui, &mut Cx<'_>),
) {
    row_named(ui, cx, knob.label(), knob, add);
}

/// The same under another name: a knob may have several controls.
pub(super) fn row_named(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    name: &str,
    knob: Knob,
    add: impl FnOnce(&mut Ui, &mut Cx<'_>),
) {
    let Some(live) = &cx.state.live else { return };
    let turned = live.draft.is_turned(knob, &live.catalog);
    ui.horizontal(|ui| {
        let name_cell = vec2(NAME_WIDTH, ui.spacing().interact_size.y);
        let layout = Layout::left_to_right(Align::Center);
        let label = ui.allocate_ui_with_layout(name_cell, layout, |ui| {
            ui.set_min_width(NAME_WIDTH);
            ui.add(Label::new(weak(cx.theme, name)).sense(Sense::click()).truncate())
        });
        let tooltip = || format!("{}.\nDouble-click: back to the default", knob.help());
        if label.inner.on_hover_ui(|ui| _ = ui.label(tooltip())).double_clicked() {
            turn(cx, KnobEdit::Reset(knob));
        }
        let control = ui.available_width() - RESET_WIDTH - ui.spacing().item_spacing.x;
        ui.scope(|ui| {
            ui.set_max_width(control);
            ui.set_min_width(control);
            add(ui, cx);
        });
        if turned
            && icon_button(ui, Icon::Reset, &format!("Reset {name}"), "Back to the default")
                .clicked()
        {
            turn(cx, KnobEdit::Reset(knob));
        }
    });
}

/// Asks for a turn of a knob.
pub(super) fn turn(cx: &mut Cx<'_>, edit: KnobEdit) {
    cx.live(LiveCommand::Turn(edit));
}

/// A control as wide as its cell.
pub(super) fn fill(ui: &mut Ui, widget: impl Widget) -> Response {
    let size = vec2(ui.available_width(), ui.spacing().interact_size.y);
    ui.add_sized(size, widget)
}

/// Why what a knob says does not run, under the knob.
pub(super) fn refusal_ui(ui: &mut Ui, cx: &Cx<'_>, why: Option<&str>) {
    if let Some(why) = why {
        ui.label(RichText::new(why).font(cx.theme.small()).color(cx.theme.surfaces.error));
    }
}
