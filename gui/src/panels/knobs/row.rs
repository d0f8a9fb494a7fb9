//! The line of a knob: name, control, and a sign to reset it when it is not at its default.

use egui::{
    Align, DragValue, Label, Layout, Response, RichText, Sense, TextEdit, Ui, Widget, vec2,
};

use crate::{
    app::live::{Knob, KnobEdit, LiveCommand},
    panels::{
        icon::{Icon, icon_button},
        widgets::{Cx, name_widget, weak},
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
        let label = name_cell_ui(ui, cx, name);
        let tooltip = || {
            let default = knob.in_words(live.catalog.default_spec());
            format!("{}.\nDefault: {default}. Double-click: back to it", knob.help())
        };
        if label.on_hover_ui(|ui| _ = ui.label(tooltip())).double_clicked() {
            turn(cx, KnobEdit::Reset(knob));
        }
        control_ui(ui, cx, add);
        if turned
            && icon_button(ui, Icon::Reset, &format!("Reset {name}"), "Back to the default")
                .clicked()
        {
            turn(cx, KnobEdit::Reset(knob));
        }
    });
}

fn name_cell_ui(ui: &mut Ui, cx: &Cx<'_>, name: &str) -> Response {
    let name_cell = vec2(NAME_WIDTH, ui.spacing().interact_size.y);
    let layout = Layout::left_to_right(Align::Center);
    let label = ui.allocate_ui_with_layout(name_cell, layout, |ui| {
        ui.set_min_width(NAME_WIDTH);
        ui.add(Label::new(weak(cx.theme, name)).sense(Sense::click()).truncate())
    });
    label.inner
}

fn control_ui(ui: &mut Ui, cx: &mut Cx<'_>, add: impl FnOnce(&mut Ui, &mut Cx<'_>)) {
    let control = (ui.available_width() - RESET_WIDTH - ui.spacing().item_spacing.x).max(0.0);
    ui.scope(|ui| {
        ui.set_max_width(control);
        ui.set_min_width(control);
        add(ui, cx);
    });
}

/// The line of something that is no knob of the spec: its name and a sentence more, and its control.
pub(super) fn plain_row(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    (name, help): (&str, &str),
    add: impl FnOnce(&mut Ui, &mut Cx<'_>),
) {
    ui.horizontal(|ui| {
        name_cell_ui(ui, cx, name).on_hover_text(help);
        control_ui(ui, cx, add);
    });
}

/// Asks for a turn of a knob.
pub(super) fn turn(cx: &mut Cx<'_>, edit: KnobEdit) {
    cx.live(LiveCommand::Turn(edit));
}

/// A number that can be dragged or typed; what is typed counts once it is complete.
pub(super) fn drag<Num: egui::emath::Numeric>(value: &mut Num) -> DragValue<'_> {
    DragValue::new(value).update_while_editing(false)
}

/// A line of text as it is typed.
pub(super) struct Typed {
    /// What stands there.
    pub(super) text: String,
    /// It is being typed, and is not what counts.
    pub(super) is_open: bool,
    /// It has just been completed: with Enter, or by leaving the field. Escape takes typing back.
    pub(super) is_done: bool,
}

/// A line of text under the widget name `name` that counts once it is complete.
pub(super) fn typed_ui(ui: &mut Ui, cx: &Cx<'_>, name: &str, current: &str, help: &str) -> Typed {
    let id = ui.make_persistent_id(name);
    let kept = ui.data(|data| data.get_temp::<String>(id));
    let mut text = kept.unwrap_or_else(|| current.to_owned());
    let edit = TextEdit::singleline(&mut text)
        .id(id.with("edit"))
        .font(cx.theme.mono())
        .desired_width(f32::INFINITY);
    let response = ui.add(edit).on_hover_text(help);
    name_widget(&response, name);
    let is_open = response.has_focus() && text != current;
    ui.data_mut(|data| {
        if is_open {
            data.insert_temp(id, text.clone());
        } else {
            data.remove::<String>(id);
        }
    });
    let escaped = ui.input(|input| input.key_pressed(egui::Key::Escape));
    let is_done = response.lost_focus() && !escaped && text != current;
    Typed { text, is_open, is_done }
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
