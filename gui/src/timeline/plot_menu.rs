//! The menu of a right click in the plot: what can be done with the slice or the range under it, each with its key.

use egui::{Button, Id, Pos2, RichText, Ui};
use weftscope_traces::SliceRef;

use super::{
    Landmark, Selection, TimelineData, ViewCommand, ViewState,
    hit::{Scene, hit},
    popup,
    row_kind::RowId,
};
use crate::theme::number;

/// What was under the pointer.
#[derive(Clone)]
struct Under {
    at_ns: i64,
    row: Option<RowId>,
}

fn menu_id(ui: &Ui) -> Id {
    ui.scope_id().with("plot menu")
}

/// Opens the menu at a point of the plot. What lies there is selected, so that it is seen what the menu is of; a range around
/// the point stays selected.
pub(super) fn open_menu(ui: &Ui, scene: Scene<'_>, at: Pos2) -> Option<ViewCommand> {
    let at_ns = scene.bands.areas.scale(scene.view).time_from_x(at.x);
    let under = hit(scene, at);
    let row = under.row.map(|row| row.kind.id(scene.data));
    popup::open(ui, menu_id(ui), Under { at_ns, row }, at);
    let in_range = scene.view.selection.range().is_some_and(|range| range.span.contains(at_ns));
    match under.slice {
        _ if in_range => None,
        Some(slice) => Some(ViewCommand::Select(slice)),
        None => Some(ViewCommand::ClearSelection),
    }
}

/// The menu, while it is open.
pub(super) fn menu_ui(
    ui: &Ui,
    data: &TimelineData,
    view: &ViewState,
    commands: &mut Vec<ViewCommand>,
) {
    popup::show(ui, menu_id(ui), |ui, under: &Under| {
        // Ten rows, in a window that may be low.
        ui.spacing_mut().item_spacing.y = 1.0;
        ui.label(RichText::new(title(data, view, under)).small().weak());
        for item in items(data, view, under) {
            let button = Button::new(item.text).shortcut_text(item.keys);
            if ui.add(button).clicked() {
                match item.does {
                    Does::View(command) => commands.push(command),
                    Does::Copy(text) => ui.ctx().copy_text(text),
                }
                ui.close();
            }
        }
    });
}

struct Item {
    text: &'static str,
    keys: &'static str,
    does: Does,
}

enum Does {
    View(ViewCommand),
    Copy(String),
}

/// The name of the slice, the length of the range, or the time.
fn title(data: &TimelineData, view: &ViewState, under: &Under) -> String {
    match &view.selection {
        Selection::Slice(slice) if data.has(*slice) => name(data, *slice),
        Selection::Range(range) => number::duration_ns(range.span.len_ns()),
        _ => number::time_at(under.at_ns - view.zero_ns, 1_000),
    }
}

/// No longer than a menu is wide.
fn name(data: &TimelineData, slice: SliceRef) -> String {
    weftscope_traces::words::shortened(&data.trace.label_of(slice).name, 48)
}

fn items(data: &TimelineData, view: &ViewState, under: &Under) -> Vec<Item> {
    let item = |text, keys, command| Item { text, keys, does: Does::View(command) };
    let mut items = match &view.selection {
        Selection::Slice(slice) if data.has(*slice) => {
            let name = &data.trace.label_of(*slice).name;
            vec![
                item("Explain this", "X", ViewCommand::Explain),
                item("Zoom to it", "F", ViewCommand::FitSelection),
                item("Mark it", "M", ViewCommand::Mark),
                item("Next of the same op", "O", ViewCommand::Go(Landmark::SameOp, 1)),
                item("Previous of the same op", "Shift+O", ViewCommand::Go(Landmark::SameOp, -1)),
                item("Find all of this name", "", ViewCommand::Search(name.clone())),
                Item { text: "Copy its name", keys: "", does: Does::Copy(name.clone()) },
            ]
        }
        Selection::Range(range) => {
            let length = range.span.len_ns();
            vec![
                item("Explain this", "X", ViewCommand::Explain),
                item("Zoom to it", "F", ViewCommand::FitSelection),
                item("Mark it", "M", ViewCommand::Mark),
                Item {
                    text: "Copy its length in ns",
                    keys: "",
                    does: Does::Copy(length.to_string()),
                },
            ]
        }
        _ => Vec::new(),
    };
    if let Some(row) = &under.row {
        let pin = if view.rows.is_pinned(row) { "Unpin its row" } else { "Pin its row" };
        items.push(item(pin, "", ViewCommand::Pin(row.clone())));
    }
    items.push(item("Show everything", "0", ViewCommand::Fit));
    items.push(item("Undo the view change", "Backspace", ViewCommand::Undo));
    items
}
