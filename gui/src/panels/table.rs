//! A table that sorts by a click on a column's head, copies as text, and may have rows to click.

use std::{borrow::Cow, cmp::Ordering};

use egui::{
    Align, Color32, Id, InteractOptions, Label, Layout, Pos2, Response, Sense, Shape, Stroke, Ui,
    vec2,
};
use egui_extras::{Column, TableBuilder, TableRow};
use weftscope_traces::words::signed_duration;

use super::widgets::{Cx, mono, weak};
use crate::{
    app::{Command, SortKey, TableId, TableSort},
    theme::number,
};

/// A column.
pub(super) struct Head<'a> {
    /// Its name.
    pub(super) name: &'a str,
    /// What it says, in a sentence; may be empty.
    pub(super) help: &'static str,
    /// It holds text: left-aligned, cut where there is no room.
    pub(super) is_text: bool,
    /// It is shown in tables of at least this width, points.
    pub(super) from_width: f32,
    /// Points that it has at first, to be drawn wider; `None`: as its cells need, of text what the others leave.
    pub(super) width: Option<f32>,
}

impl<'a> Head<'a> {
    /// A column of numbers, always shown.
    pub(super) const fn number(name: &'a str, help: &'static str) -> Self {
        Self { name, help, is_text: false, from_width: 0.0, width: None }
    }

    /// A column of text, always shown.
    pub(super) const fn text(name: &'a str, help: &'static str) -> Self {
        Self { name, help, is_text: true, from_width: 0.0, width: None }
    }

    /// The same, shown where there is this much room.
    pub(super) const fn from(self, from_width: f32) -> Self {
        Self { from_width, ..self }
    }
}

/// A cell: what it says, written only when it is on screen.
#[derive(Clone)]
pub(super) enum Cell<'a> {
    /// A name.
    Text(Cow<'a, str>),
    /// A name, with a patch of colour before it.
    Named(Color32, &'a str),
    /// A name that goes by its number.
    Numbered(usize, &'a str),
    /// How many.
    Count(u64),
    /// Nanoseconds.
    Duration(f64),
    /// Nanoseconds more, or less.
    Change(f64),
    /// How many times.
    Ratio(f64),
    /// 0…1.
    Share(f64),
    /// A point in time, nanoseconds.
    Time(i64),
    /// A number as it is.
    Plain(Cow<'a, str>),
    /// Nanoseconds, copied as such.
    Exact(i64),
    /// Not known, or none.
    Unknown,
}

impl<'a> Cell<'a> {
    pub(super) fn text(text: impl Into<Cow<'a, str>>) -> Self {
        Self::Text(text.into())
    }

    fn written(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) => Cow::Borrowed(text),
            Self::Named(_, text) | Self::Numbered(_, text) => Cow::Borrowed(text),
            Self::Count(count) => number::count(*count).into(),
            Self::Duration(ns) => number::duration_fixed(ns.round() as i64).into(),
            Self::Change(ns) => format!("{:>9}", signed_duration(*ns)).into(),
            Self::Ratio(ratio) => number::ratio(*ratio).into(),
            Self::Share(share) => number::percent_fixed(*share).into(),
            Self::Time(ns) => number::time_at(*ns, 100).into(),
            Self::Plain(text) => Cow::Borrowed(text),
            Self::Exact(ns) => number::duration_fixed(*ns).into(),
            Self::Unknown => "–".into(),
        }
    }

    /// As it is copied.
    fn copied(&self) -> String {
        match self {
            Self::Exact(ns) => ns.to_string(),
            // A line of a spreadsheet stays one.
            cell => cell.written().trim().replace(['\t', '\n', '\r'], " "),
        }
    }

    /// Where it stands among numbers; below all of them what is not known.
    fn rank(&self) -> f64 {
        match self {
            Self::Numbered(number, _) => *number as f64,
            Self::Count(count) => *count as f64,
            Self::Duration(value)
            | Self::Change(value)
            | Self::Ratio(value)
            | Self::Share(value) => *value,
            Self::Time(ns) | Self::Exact(ns) => *ns as f64,
            Self::Plain(text) => text.parse().unwrap_or(f64::NEG_INFINITY),
            Self::Text(_) | Self::Named(..) | Self::Unknown => f64::NEG_INFINITY,
        }
    }

    fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Text(_) | Self::Named(..), Self::Text(_) | Self::Named(..)) => {
                self.written().cmp(&other.written())
            }
            _ => self.rank().total_cmp(&other.rank()),
        }
    }
}

/// Rows of a table, each with as many cells as there are heads.
pub(super) enum Rows<'a> {
    /// All of them, as they come unsorted.
    All(Vec<Vec<Cell<'a>>>),
    /// Too many to be made in each frame: made when they are on screen, and sorted by whoever has them.
    Asked {
        /// How many.
        len: usize,
        /// Their order; as they come where it is empty.
        order: &'a [usize],
        /// Makes the row of this number.
        row: &'a dyn Fn(usize) -> Vec<Cell<'a>>,
    },
}

impl<'a> Rows<'a> {
    fn order(&self, sort: Option<TableSort>) -> Cow<'a, [usize]> {
        match self {
            Self::All(rows) => order(rows, sort).into(),
            Self::Asked { len, order: [], .. } => (0..*len).collect::<Vec<_>>().into(),
            Self::Asked { order, .. } => Cow::Borrowed(order),
        }
    }

    fn row(&self, at: usize) -> Cow<'_, [Cell<'a>]> {
        match self {
            Self::All(rows) => rows.get(at).map_or(&[][..], Vec::as_slice).into(),
            Self::Asked { row, .. } => row(at).into(),
        }
    }
}

/// A table.
pub(super) struct Table<'a> {
    /// Which, so that it keeps its order.
    pub(super) id: TableId,
    /// Its columns.
    pub(super) heads: &'a [Head<'a>],
    /// Its rows.
    pub(super) rows: Rows<'a>,
    /// Rows may be clicked.
    pub(super) is_clickable: bool,
    /// The row that is marked.
    pub(super) chosen: Option<usize>,
}

const HEAD_HEIGHT: f32 = 20.0;
const ROW_HEIGHT: f32 = 18.0;

impl Table<'_> {
    /// Draws it; gives the row clicked, as it came unsorted.
    pub(super) fn show(self, ui: &mut Ui, cx: &mut Cx<'_>) -> Option<usize> {
        let sort = cx.state.table_sort(self.id);
        let order = self.rows.order(sort);
        let width = ui.available_width();
        let shown: Vec<usize> =
            (0..self.heads.len()).filter(|&at| self.heads[at].from_width <= width).collect();
        let mut clicked = None;
        ui.push_id(self.id, |ui| {
            let target = self.scroll_target(ui, &order);
            let mut table = self.builder(ui, &shown);
            if let Some(row) = target {
                table = table.scroll_to_row(row, None);
            }
            let mut heads = Vec::with_capacity(shown.len());
            let table = table.header(HEAD_HEIGHT, |mut header| {
                for &column in &shown {
                    header.col(|ui| heads.push((column, self.head_ui(ui, cx, column, sort))));
                }
            });
            table.body(|body| {
                body.rows(ROW_HEIGHT, order.len(), |mut row| {
                    let at = order[row.index()];
                    row.set_selected(self.chosen == Some(at));
                    self.row_ui(&mut row, cx, at, &shown);
                    if self.is_clickable && row.response().clicked() {
                        clicked = Some(at);
                    }
                });
            });
            for (column, head) in heads {
                self.follow_head(ui, cx, column, &head);
            }
        });
        clicked
    }

    /// The button that copies it, to be placed where there is room.
    pub(super) fn copy_ui(&self, ui: &mut Ui, cx: &mut Cx<'_>) {
        if ui.button("Copy as TSV").on_hover_text("For a spreadsheet").clicked() {
            let order = self.rows.order(cx.state.table_sort(self.id));
            cx.send(Command::Copy(self.tsv(&order)));
        }
    }

    fn builder<'t>(&self, ui: &'t mut Ui, shown: &[usize]) -> TableBuilder<'t> {
        // As high as the room it is given: higher, and it would push the panel's edge up.
        let mut table = TableBuilder::new(ui)
            .min_scrolled_height(0.0)
            .auto_shrink(false)
            .cell_layout(Layout::right_to_left(Align::Center));
        for &column in shown {
            let head = &self.heads[column];
            table = table.column(match head.width {
                Some(width) => Column::initial(width).at_least(40.0).clip(true).resizable(true),
                None if head.is_text => Column::remainder().at_least(96.0).clip(true),
                None => Column::auto().at_least(48.0),
            });
        }
        if self.is_clickable { table.sense(Sense::click()) } else { table }
    }

    /// The row to bring into view: the marked one, when another was before.
    fn scroll_target(&self, ui: &Ui, order: &[usize]) -> Option<usize> {
        let first = |at| self.rows.row(at).first().map(|cell| Id::unique(cell.written()));
        let name = self.chosen.and_then(first);
        let key = ui.scope_id().with("marked");
        let before: Option<Id> = ui.data(|data| data.get_temp(key)).flatten();
        if name == before {
            return None;
        }
        ui.data_mut(|data| data.insert_temp(key, name));
        order.iter().position(|&at| Some(at) == self.chosen)
    }

    /// Draws a head as a button; gives where it is.
    fn head_ui(
        &self,
        ui: &mut Ui,
        cx: &Cx<'_>,
        column: usize,
        sort: Option<TableSort>,
    ) -> Response {
        let sorted = sort.filter(|sort| sort.column == column);
        let name = self.heads[column].name;
        // Room for the sign of the order.
        let after = if sorted.is_some() { "    " } else { "" };
        let text = weak(cx.theme, format!("{name}{after}"));
        let button = egui::Button::new(text).frame_when_inactive(false);
        let is_text = self.heads[column].is_text;
        let side = if is_text { Layout::left_to_right } else { Layout::right_to_left };
        // The head ends where the cells end.
        ui.spacing_mut().button_padding.x = 0.0;
        let button = ui.with_layout(side(Align::Center), |ui| ui.add(button)).inner;
        if let Some(TableSort { key, .. }) = sorted {
            let centre = button.rect.right_center() - vec2(5.0, 0.0);
            order_sign(ui, centre, key, cx.theme.surfaces.accent);
        }
        button
    }

    /// A click on a head sorts. Cells that are laid out from the right reach as far beyond their left edge as what they hold
    /// is wide, over the heads before them, and take clicks: so heads are put on top when all cells are there.
    fn follow_head(&self, ui: &Ui, cx: &mut Cx<'_>, column: usize, head: &Response) {
        let on_top = InteractOptions { move_to_top: true };
        let head = ui.interact_opt(head.rect, head.id, Sense::click(), on_top);
        let help = self.heads[column].help;
        let hint = if help.is_empty() { "Sort by this" } else { help };
        if head.on_hover_text(hint).clicked() {
            cx.send(Command::SortTable(self.id, column));
        }
    }

    fn row_ui(&self, row: &mut TableRow<'_, '_>, cx: &Cx<'_>, at: usize, shown: &[usize]) {
        let cells = self.rows.row(at);
        for &column in shown {
            let Some(cell) = cells.get(column) else { continue };
            row.col(|ui| {
                let text = mono(cx.theme, cell.written());
                // What can be clicked as a whole is not selected letter by letter.
                let label = Label::new(text).selectable(!self.is_clickable);
                if !self.heads[column].is_text {
                    ui.add(label);
                    return;
                }
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    if let Cell::Named(colour, _) = cell {
                        let (swatch, _) = ui.allocate_exact_size(vec2(8.0, 8.0), Sense::hover());
                        ui.painter().rect_filled(swatch, 0.0, *colour);
                    }
                    ui.add(label.truncate());
                });
            });
        }
    }

    fn tsv(&self, order: &[usize]) -> String {
        let heads: Vec<&str> = self.heads.iter().map(|head| head.name).collect();
        let mut lines = vec![heads.join("\t")];
        lines.extend(order.iter().map(|&at| {
            let cells = self.rows.row(at);
            cells.iter().map(Cell::copied).collect::<Vec<_>>().join("\t")
        }));
        lines.join("\n")
    }
}

/// Which way a column is sorted, painted: the built-in fonts have no such sign.
fn order_sign(ui: &Ui, centre: Pos2, key: SortKey, ink: Color32) {
    let tip = if key == SortKey::Ascending { -3.0 } else { 3.0 };
    let corners = [vec2(-4.0, -tip), vec2(4.0, -tip), vec2(0.0, tip)];
    let corners = corners.map(|corner| centre + corner).to_vec();
    ui.painter().add(Shape::convex_polygon(corners, ink, Stroke::NONE));
}

/// Rows in the order asked for.
fn order(rows: &[Vec<Cell<'_>>], sort: Option<TableSort>) -> Vec<usize> {
    let mut order: Vec<usize> = (0..rows.len()).collect();
    let Some(TableSort { column, key }) = sort else { return order };
    order.sort_by(|&a, &b| {
        let (Some(a), Some(b)) = (rows[a].get(column), rows[b].get(column)) else {
            return Ordering::Equal;
        };
        let order = a.order(b);
        if key == SortKey::Descending { order.reverse() } else { order }
    });
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_smallest_and_names_go_by_letter() {
        let row = |name: &'static str, ns: Option<f64>| {
            vec![Cell::text(name), ns.map_or(Cell::Unknown, Cell::Duration)]
        };
        let rows = [row("b", Some(2.0)), row("c", None), row("a", Some(-1.0))];
        let by = |column, key| order(&rows, Some(TableSort { column, key }));
        assert_eq!(order(&rows, None), [0, 1, 2]);
        assert_eq!(by(0, SortKey::Ascending), [2, 0, 1]);
        assert_eq!(by(1, SortKey::Ascending), [1, 2, 0]);
        assert_eq!(by(1, SortKey::Descending), [0, 2, 1]);
    }
}
