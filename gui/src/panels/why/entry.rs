//! A line of a section that goes to what it speaks of when it is clicked.

use egui::{Align, CursorIcon, Label, Layout, Sense, Ui, vec2};
use weftscope_traces::Span;

use crate::{
    app::{Command, Document, StatisticsCommand, StatisticsPart},
    panels::widgets::{Cx, draw_as, mono, weak},
    theme::number,
    timeline::{RangeSelection, Selection, ViewCommand},
};

/// A name that gives way, a number that does not, and what it says under the pointer.
pub(super) struct Entry<'a> {
    pub(super) name: &'a str,
    pub(super) value: String,
    pub(super) hint: &'a str,
}

impl Entry<'_> {
    /// Draws it; a click goes to `place`.
    pub(super) fn show(self, ui: &mut Ui, cx: &mut Cx<'_>, place: Selection) {
        self.show_with(ui, cx, Command::View(ViewCommand::GoTo(place)));
    }

    /// Draws it; a click opens the list that it sums up.
    pub(super) fn show_list(self, ui: &mut Ui, cx: &mut Cx<'_>, list: StatisticsPart) {
        self.show_with(ui, cx, Command::Statistics(StatisticsCommand::Show(list)));
    }

    fn show_with(self, ui: &mut Ui, cx: &mut Cx<'_>, command: Command) {
        let response = self.row(ui, cx).interact(Sense::click());
        let response = response.on_hover_cursor(CursorIcon::PointingHand);
        draw_as(&response, egui::Role::Button, self.name);
        if response.hovered() {
            let line = response.rect.bottom();
            let stroke = egui::Stroke::new(1.0, cx.theme.surfaces.weak);
            ui.painter().hline(response.rect.x_range(), line, stroke);
        }
        if response.on_hover_text(self.hint).clicked() {
            cx.send(command);
        }
    }

    /// Draws it where there is nowhere to go.
    pub(super) fn show_plain(self, ui: &mut Ui, cx: &Cx<'_>) {
        self.row(ui, cx).on_hover_text(self.hint);
    }

    fn row(&self, ui: &mut Ui, cx: &Cx<'_>) -> egui::Response {
        let theme = cx.theme;
        let height = ui.text_style_height(&egui::TextStyle::Body);
        let size = vec2(ui.available_width(), height);
        let row = ui.allocate_ui_with_layout(size, Layout::right_to_left(Align::Center), |ui| {
            ui.label(mono(theme, self.value.as_str()));
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                ui.add(Label::new(weak(theme, self.name)).truncate().selectable(false));
            });
        });
        row.response
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
    ui.label(weak(cx.theme, text).font(cx.theme.small()));
}

/// What could not be known, in one line, in place of a section.
pub(super) fn unknown_ui(ui: &mut Ui, cx: &Cx<'_>, text: &str) {
    ui.add_space(crate::theme::size::GAP);
    ui.add(Label::new(weak(cx.theme, text).font(cx.theme.small())).wrap());
}
