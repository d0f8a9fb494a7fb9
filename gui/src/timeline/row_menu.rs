use egui::{Button, Id, Pos2, RichText, Ui};

use weftscope_traces::TrackKind;

use super::{
    RowId, RowKind, TimelineData, ViewCommand, ViewState, popup,
    tree::{children, roots},
};

/// Opens the menu of a row at a point of the screen.
pub(super) fn open_menu(ui: &Ui, row: RowId, at: Pos2) {
    popup::open(ui, menu_id(ui), row, at);
}

fn menu_id(ui: &Ui) -> Id {
    ui.scope_id().with("row menu")
}

/// The menu of a row, while it is open.
pub(super) fn menu_ui(
    ui: &Ui,
    data: &TimelineData,
    view: &ViewState,
    commands: &mut Vec<ViewCommand>,
) {
    popup::show(ui, menu_id(ui), |ui, row: &RowId| {
        let Some(row) = row.find(data) else { return };
        ui.label(RichText::new(row.full_name(data)).small().weak());
        for item in items(data, view, row) {
            let button = ui.add_enabled(item.is_enabled, Button::new(item.text));
            if button.clicked() {
                commands.push(item.command);
                ui.close();
            }
        }
    });
}

struct Item {
    text: String,
    command: ViewCommand,
    is_enabled: bool,
}

/// What can be done with a row.
fn items(data: &TimelineData, view: &ViewState, row: RowKind) -> Vec<Item> {
    let id = row.id(data);
    let item = |text: &str, command| Item { text: text.to_owned(), command, is_enabled: true };
    let pin = if view.rows.is_pinned(&id) { "Unpin" } else { "Pin to top" };
    let mut items = vec![
        item(pin, ViewCommand::Pin(id.clone())),
        item("Hide this row", ViewCommand::Hide(vec![id.clone()])),
    ];
    let (text, alike) = alike(data, row);
    items.push(Item { is_enabled: !alike.is_empty(), ..item(&text, ViewCommand::Hide(alike)) });
    for (text, by) in [("Move up", -1), ("Move down", 1)] {
        let is_enabled = view.rows.can_move(data, &id, by);
        items.push(Item { is_enabled, ..item(text, ViewCommand::MoveRow(id.clone(), by)) });
    }
    let is_enabled = view.rows.num_hidden(data) > 0 || !view.rows.filter.is_empty();
    items.push(Item { is_enabled, ..item("Show all rows", ViewCommand::ShowAllRows) });
    items
}

/// Rows like this one, this one included, and how to say that they are hidden; of a rank all others.
fn alike(data: &TimelineData, row: RowKind) -> (String, Vec<RowId>) {
    let of_ranks = || (0..data.ranks.len()).map(RowKind::Rank);
    let below = || of_ranks().flat_map(|rank| children(data, rank));
    let (text, rows): (String, Vec<RowKind>) = match row {
        RowKind::Rank(_) => {
            ("Hide all other ranks".to_owned(), of_ranks().filter(|&other| other != row).collect())
        }
        RowKind::Sms(_) | RowKind::Sm(_) => {
            let is_sms = |row: &RowKind| matches!(row, RowKind::Sms(_));
            ("Hide the SMs of every rank".to_owned(), below().filter(is_sms).collect())
        }
        RowKind::Inside(_) => {
            let is_inside = |row: &RowKind| matches!(row, RowKind::Inside(_));
            (
                "Hide what is inside the SMs of every rank".to_owned(),
                below().filter(is_inside).collect(),
            )
        }
        RowKind::Hosts(_) => hosts(data),
        RowKind::Answer(_) => answers(data),
        RowKind::Host(id) if matches!(data.trace.track(id).kind, TrackKind::Answer { .. }) => {
            answers(data)
        }
        RowKind::Host(_) if !below().any(|other| other == row) => hosts(data),
        RowKind::Stream(_) | RowKind::Counter(_) | RowKind::Host(_) => {
            let name = row.name(data);
            let is_alike = |other: &RowKind| {
                std::mem::discriminant(other) == std::mem::discriminant(&row)
                    && other.name(data) == name
            };
            (format!("Hide {name} of every rank"), below().filter(is_alike).collect())
        }
    };
    (text, rows.into_iter().map(|row| row.id(data)).collect())
}

fn answers(data: &TimelineData) -> (String, Vec<RowKind>) {
    let is_answer = |row: &RowKind| match row {
        RowKind::Answer(_) => true,
        RowKind::Host(id) => matches!(data.trace.track(*id).kind, TrackKind::Answer { .. }),
        _ => false,
    };
    let answers = roots(data).into_iter().filter(is_answer).collect();
    ("Hide all answers of queries".to_owned(), answers)
}

fn hosts(data: &TimelineData) -> (String, Vec<RowKind>) {
    let ranks = roots(data).into_iter();
    let all = ranks.flat_map(|root| std::iter::once(root).chain(children(data, root)));
    let hosts = all.filter(|row| matches!(row, RowKind::Hosts(_))).collect();
    ("Hide all host threads".to_owned(), hosts)
}
