//! A line of a section that goes to what it speaks of when it is clicked.

use egui::{Align, CursorIcon, Label, Layout, Rect, Response, RichText, Sense, Stroke, Ui, vec2};
use weftscope_traces::{SliceRef, Span, analysis::KernelKey};

use super::how::{self, How};
use crate::{
    app::{Command, Document, StatisticsCommand, StatisticsPart},
    panels::widgets::{Cx, draw_as, mono, weak},
    theme::number,
    timeline::{RangeSelection, Selection, ViewCommand},
};

/// Where a figure leads.
pub(super) enum Lead {
    /// To an op or a range.
    Place(Selection),
    /// To the list of what it sums up.
    List(StatisticsPart),
    /// To what is known of a kernel, all of its ops together.
    Kernel(KernelKey),
}

impl Lead {
    /// To an op, where there is one.
    pub(super) fn op(slice: Option<SliceRef>) -> Option<Self> {
        slice.map(|slice| Self::Place(Selection::Slice(slice)))
    }

    fn go(self, cx: &mut Cx<'_>) {
        match self {
            Self::Place(place) => cx.send(Command::View(ViewCommand::GoTo(place))),
            Self::List(list) => cx.statistics(StatisticsCommand::Show(list)),
            Self::Kernel(kernel) => {
                cx.statistics(StatisticsCommand::Choose(Some(kernel)));
                cx.statistics(StatisticsCommand::Show(StatisticsPart::Kernels));
            }
        }
    }
}

/// A name that gives way, a number that does not, and what it says under the pointer.
pub(super) struct Entry<'a> {
    pub(super) name: &'a str,
    pub(super) value: String,
    pub(super) hint: &'a str,
}

impl Entry<'_> {
    /// Draws it; a click goes to `place`.
    pub(super) fn show(self, ui: &mut Ui, cx: &mut Cx<'_>, place: Selection, hows: &[How]) {
        self.show_how(ui, cx, Some(Lead::Place(place)), hows);
    }

    /// Draws it; a click follows the lead. Where there is none, it does not look like something to click. A right click says how
    /// its numbers are computed.
    pub(super) fn show_how(self, ui: &mut Ui, cx: &mut Cx<'_>, lead: Option<Lead>, hows: &[How]) {
        #[cfg(test)]
        cx.numbers.push((self.name.to_owned(), self.value.clone(), how::answers(hows)));
        let row = self.row(ui, cx, lead.is_none() && hows.is_empty());
        let hint = with_how(self.hint, hows);
        match lead {
            Some(lead) => {
                let row = row.interact(Sense::click());
                how::popup_ui(&row, cx, hows);
                follow(&row, cx, self.name, &hint, lead);
            }
            None if hint.is_empty() => {}
            None if hows.is_empty() => _ = row.on_hover_text(hint),
            None => {
                let row = row.interact(Sense::click());
                draw_as(&row, egui::Role::Label, self.name);
                how::popup_ui(&row, cx, hows);
                row.on_hover_text(hint);
            }
        }
    }

    /// A number that can be selected takes the clicks on it: only where nothing else does.
    fn row(&self, ui: &mut Ui, cx: &Cx<'_>, is_selectable: bool) -> Response {
        let value = Label::new(mono(cx.theme, self.value.as_str())).selectable(is_selectable);
        line(ui, weak(cx.theme, self.name), value)
    }
}

/// A name, and at the right end of the line what belongs to it.
fn line(ui: &mut Ui, name: RichText, value: Label) -> Response {
    let height = ui.text_style_height(&egui::TextStyle::Body);
    let size = vec2(ui.available_width(), height);
    let row = ui.allocate_ui_with_layout(size, Layout::right_to_left(Align::Center), |ui| {
        ui.add(value);
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            ui.add(Label::new(name).truncate().selectable(false));
        });
    });
    row.response
}

/// What the entries below it are, and over their numbers what these are: each head is as many letters wide as its numbers.
pub(super) fn heads_ui<const N: usize>(
    ui: &mut Ui,
    cx: &Cx<'_>,
    caption: RichText,
    heads: [(&str, usize); N],
) -> Response {
    let heads = heads.map(|(head, width)| format!("{head:>width$}")).join(" ");
    let heads = mono(cx.theme, heads).color(cx.theme.surfaces.weak);
    line(ui, caption, Label::new(heads).selectable(false))
}

/// Makes a button of a row that stands in a grid, over its cells.
pub(super) fn row_button(
    ui: &Ui,
    cx: &mut Cx<'_>,
    (table, name): (&str, &str),
    rect: Rect,
    (hint, lead, hows): (&str, Lead, &[How]),
) {
    let id = ui.scope_id().with((table, name));
    let row = ui.interact(rect, id, Sense::click());
    how::popup_ui(&row, cx, hows);
    follow(&row, cx, name, &with_how(hint, hows), lead);
}

/// With the word on how to ask.
fn with_how(hint: &str, hows: &[How]) -> String {
    match (hint, hows) {
        (hint, []) => hint.to_owned(),
        ("", _) => how::HINT.to_owned(),
        (hint, _) => format!("{hint}\n{}", how::HINT),
    }
}

/// A row that leads somewhere: drawn so under the pointer, gone to at a click.
fn follow(row: &Response, cx: &mut Cx<'_>, name: &str, hint: &str, lead: Lead) {
    let row = row.clone().on_hover_cursor(CursorIcon::PointingHand);
    draw_as(&row, egui::Role::Button, name);
    if row.hovered() {
        let stroke = Stroke::new(1.0, cx.theme.surfaces.weak);
        row.ctx.layer_painter(row.layer_id).hline(row.rect.x_range(), row.rect.bottom(), stroke);
    }
    if row.on_hover_text(hint).clicked() {
        lead.go(cx);
    }
}

/// A range on all streams of a rank.
pub(super) fn range_of_rank(document: &Document, rank: u32, span: Span) -> Selection {
    let rows = document.timeline.ranks.iter().find(|rows| rows.rank == rank);
    let tracks = rows.map(|rows| rows.streams.clone()).unwrap_or_default();
    Selection::Range(RangeSelection { span, tracks })
}

/// What is not listed, and where it is.
pub(super) fn more_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    count: usize,
    listed: usize,
    nouns: &str,
    table: &str,
) {
    if count <= listed {
        return;
    }
    let more = number::count((count - listed) as u64);
    let nouns = if count - listed == 1 { String::new() } else { format!(" {nouns}") };
    let text = format!("{more} more{nouns}: table {table}");
    ui.label(weak(cx.theme, text).font(cx.theme.small()))
        .on_hover_text(format!("weftscope report FILE --table {table}"));
}

/// What could not be known, in one line, in place of a section.
pub(super) fn unknown_ui(ui: &mut Ui, cx: &Cx<'_>, text: &str) {
    ui.add_space(crate::theme::size::GAP);
    ui.add(Label::new(weak(cx.theme, text).font(cx.theme.small())).wrap());
}
