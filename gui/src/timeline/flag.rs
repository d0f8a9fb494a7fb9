//! Flags of marks under the pointer: what they say, and the card on which name and note are edited.

use egui::{
    Id, Popup, PopupAnchor, PopupCloseBehavior, RichText, Role, Sense, TextEdit, Ui, WidgetInfo,
};

use super::{
    Mark, ViewCommand,
    paint::{Flag, Pen},
};
use crate::theme::number;

/// Flags to be clicked, and the card of the one that is open.
pub(super) fn flags_ui(ui: &Ui, pen: &Pen<'_>, flags: &[Flag], commands: &mut Vec<ViewCommand>) {
    for flag in flags {
        let mark = &pen.view.marks.list()[flag.at];
        let id = ui.scope_id().with(("mark", flag.at));
        let response = ui.interact(flag.rect, id, Sense::click());
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &mark.name));
        if response.clicked() {
            commands.push(ViewCommand::OpenMark(Some(flag.at)));
        }
        response.on_hover_ui(|ui| {
            ui.label(RichText::new(&mark.name).color(pen.theme.surfaces.strong));
            ui.label(RichText::new(place(pen, mark)).font(pen.theme.mono()));
            if !mark.note.is_empty() {
                ui.label(&mark.note);
            }
        });
    }
    if let Some(open) = pen.view.marks.open() {
        match flags.iter().find(|flag| flag.at == open) {
            Some(flag) => card_ui(ui, pen, flag, commands),
            // Its flag is no longer in view.
            None => commands.push(ViewCommand::OpenMark(None)),
        }
    }
}

/// `at 1.234567 ms, 325 µs long`.
fn place(pen: &Pen<'_>, mark: &Mark) -> String {
    let at = format!("at {}", number::time_at(mark.span.start_ns - pen.view.zero_ns, 1));
    match mark.span.len_ns() {
        0 => at,
        length => format!("{at}, {} long", number::duration_ns(length)),
    }
}

fn card_ui(ui: &Ui, pen: &Pen<'_>, flag: &Flag, commands: &mut Vec<ViewCommand>) {
    let at = flag.at;
    let mark = &pen.view.marks.list()[at];
    let id = ui.scope_id().with("mark card");
    let is_new = !ui.data(|data| data.get_temp::<usize>(id) == Some(at));
    ui.data_mut(|data| data.insert_temp(id, at));
    let mut open = true;
    let anchor = PopupAnchor::Position(flag.rect.left_bottom());
    let popup = Popup::new(id, ui.ctx().clone(), anchor, ui.layer_id())
        .open_bool(&mut open)
        .close_behavior(PopupCloseBehavior::CloseOnClickOutside)
        .width(240.0)
        .gap(4.0);
    popup.show(|ui| fields_ui(ui, pen, (at, mark), is_new, commands));
    if !open {
        close(ui, id, commands);
    }
}

fn close(ui: &Ui, id: Id, commands: &mut Vec<ViewCommand>) {
    ui.data_mut(|data| data.remove_temp::<usize>(id));
    commands.push(ViewCommand::OpenMark(None));
}

fn fields_ui(
    ui: &mut Ui,
    pen: &Pen<'_>,
    (at, mark): (usize, &Mark),
    is_new: bool,
    commands: &mut Vec<ViewCommand>,
) {
    ui.spacing_mut().item_spacing.y = 6.0;
    let Mark { mut name, mut note, .. } = mark.clone();
    let field = ui.add(TextEdit::singleline(&mut name).hint_text("Name").desired_width(240.0));
    let words =
        TextEdit::multiline(&mut note).hint_text("Note").desired_rows(3).desired_width(240.0);
    let words = ui.add(words);
    for (response, label) in [(&field, "Name of the mark"), (&words, "Note of the mark")] {
        ui.ctx().accesskit_node_builder(response.id, |node| node.set_label(label));
    }
    if is_new {
        field.request_focus();
    }
    if field.changed() || words.changed() {
        commands.push(ViewCommand::EditMark { at, name, note });
    }
    let entered = field.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
    ui.label(RichText::new(place(pen, mark)).font(pen.theme.mono()).color(pen.theme.surfaces.weak));
    ui.horizontal(|ui| {
        if !mark.span.is_empty() && ui.button("Select").on_hover_text("Its stretch").clicked() {
            commands.push(ViewCommand::ShowMark(at));
        }
        if ui.button("Delete").on_hover_text("Take the mark away").clicked() {
            commands.push(ViewCommand::RemoveMark(at));
        }
        if ui.button("Done").clicked() || entered {
            commands.push(ViewCommand::OpenMark(None));
        }
    });
}
