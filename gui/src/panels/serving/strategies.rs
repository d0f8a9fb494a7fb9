//! The strategies, a row each: the figures that `weftscope serving` prints.

use std::sync::Arc;

use egui::{ScrollArea, Ui};

use super::{parts_ui, serving};
use crate::{
    app::{
        TableId,
        live::{Live, ServedRun, ServingCommand, ServingPart},
    },
    panels::{
        table::{Cell, Head, Rows, Table},
        widgets::Cx,
    },
    serving::{Column, ITERATIONS, SPEEDS},
};

/// Points of a letter of a head, and what a column needs beside its letters.
const LETTER: f32 = 6.4;
const AROUND: f32 = 12.0;
/// Points of the names of strategies.
const NAMES: f32 = 94.0;

/// The table; a click on a row shows the iterations of its strategy. Alone, it can be changed for those.
pub(super) fn strategies_ui(ui: &mut Ui, cx: &mut Cx<'_>, live: &Live, is_alone: bool) {
    let tab = &live.serving;
    let served: Vec<&Arc<ServedRun>> = tab.served().collect();
    let (mut columns, others): (Vec<&Column>, Vec<&Column>) =
        SPEEDS.iter().chain(&ITERATIONS).partition(|column| column.is_key);
    columns.extend(others);
    let heads = heads(&columns);
    let rows = served.iter().map(|served| row(served, &columns)).collect();
    let shown = tab.shown().map(|shown| shown.report.strategy);
    let chosen = served.iter().position(|served| Some(served.report.strategy) == shown);
    let rows = Rows::All(rows);
    let table = Table { id: TableId::Serving, heads: &heads, rows, is_clickable: true, chosen };
    ui.horizontal(|ui| {
        if is_alone {
            parts_ui(ui, cx, tab);
        }
        table.copy_ui(ui, cx);
    });
    let width: f32 = heads.iter().filter_map(|head| head.width).map(|width| width + 8.0).sum();
    let mut clicked = None;
    ScrollArea::horizontal().auto_shrink(false).show(ui, |ui| {
        ui.set_width(width.max(ui.clip_rect().width()));
        clicked = table.show(ui, cx);
    });
    if let Some(row) = clicked {
        serving(cx, ServingCommand::Choose(served[row].report.strategy));
        serving(cx, ServingCommand::Part(ServingPart::Iterations));
    }
}

fn heads(columns: &[&Column]) -> Vec<Head<'static>> {
    let strategy = Head::text("strategy", "A click on a row shows the iterations of its strategy");
    let number = |column: &&Column| Head {
        width: Some(column.name.chars().count() as f32 * LETTER + AROUND),
        ..Head::number(column.name, column.about)
    };
    let strategy = Head { width: Some(NAMES), ..strategy };
    std::iter::once(strategy).chain(columns.iter().map(number)).collect()
}

fn row<'a>(served: &'a ServedRun, columns: &[&Column]) -> Vec<Cell<'a>> {
    // What is not all served has no figures yet.
    let cell = |column: &&Column| match served.is_whole {
        true => Cell::Plain((column.cell)(&served.report).into()),
        false => Cell::text("…"),
    };
    let name = Cell::text(served.report.strategy.name());
    std::iter::once(name).chain(columns.iter().map(cell)).collect()
}
