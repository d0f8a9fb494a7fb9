use egui::{Id, Popup, PopupAnchor, PopupKind, Pos2, SetOpenCommand, Ui};

/// A menu at a point of the screen, about something that is remembered while it is open.
#[derive(Clone)]
struct Asked<T> {
    about: T,
    at: Pos2,
    is_new: bool,
    /// How many were opened before: each is a popup of its own, since the click that opens one closes the one that is open.
    number: u64,
}

/// Opens a menu at a point of the screen.
pub(super) fn open<T: Clone + Send + Sync + 'static>(ui: &Ui, id: Id, about: T, at: Pos2) {
    ui.data_mut(|data| {
        let number = data.get_temp::<Asked<T>>(id).map_or(0, |last| last.number + 1);
        data.insert_temp(id, Asked { about, at, is_new: true, number });
    });
}

/// Draws a menu while it is open.
pub(super) fn show<T: Clone + Send + Sync + 'static>(
    ui: &Ui,
    id: Id,
    add: impl FnOnce(&mut Ui, &T),
) {
    let Some(asked) = ui.data(|data| data.get_temp::<Asked<T>>(id)) else { return };
    let open = asked.is_new.then_some(SetOpenCommand::Bool(true));
    ui.data_mut(|data| data.insert_temp(id, Asked { is_new: false, ..asked.clone() }));
    let id = id.with(asked.number);
    let popup = Popup::new(id, ui.ctx().clone(), PopupAnchor::Position(asked.at), ui.layer_id())
        .kind(PopupKind::Menu)
        .layout(egui::Layout::top_down_justified(egui::Align::Min))
        .style(egui::containers::menu::menu_style)
        .open_memory(open)
        .gap(0.0);
    popup.show(|ui| add(ui, &asked.about));
}
