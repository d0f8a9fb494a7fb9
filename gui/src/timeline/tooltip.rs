use egui::{Grid, Label, RichText, Ui};
use weftscope_traces::{SliceRef, Span};

use super::{Hover, RowKind, Shares, facts, paint, paint::Pen, shares};
use crate::theme::{Theme, number};

/// What a tooltip speaks of.
pub(super) enum Subject {
    Slice(SliceRef),
    Ribbon { index: usize, at_ns: i64 },
    Counter { index: usize, at_ns: i64 },
}

impl Subject {
    /// The subject under the pointer, when there is something to say.
    pub(super) fn of(hover: &Hover, row: Option<RowKind>) -> Option<Self> {
        let at_ns = hover.time_ns;
        match (hover.slice, row) {
            (Some(slice), _) => Some(Self::Slice(slice)),
            (None, Some(RowKind::Rank(index))) => Some(Self::Ribbon { index, at_ns }),
            (None, Some(RowKind::Counter(index))) => Some(Self::Counter { index, at_ns }),
            _ => None,
        }
    }

    /// Fills the tooltip.
    pub(super) fn ui(&self, ui: &mut Ui, pen: &Pen<'_>) {
        match *self {
            Self::Slice(slice) => slice_ui(ui, pen, slice),
            Self::Ribbon { index, at_ns } => ribbon_ui(ui, pen, index, at_ns),
            Self::Counter { index, at_ns } => {
                let series = &pen.data.trace.counters[index];
                let value = paint::value_at(series, at_ns)
                    .map_or("no sample".to_owned(), |value| number::with_unit(value, &series.unit));
                ui.label(format!("{}  {value}", series.name));
            }
        }
    }
}

fn slice_ui(ui: &mut Ui, pen: &Pen<'_>, slice: SliceRef) {
    let trace = &pen.data.trace;
    let label = trace.lane(slice.lane).slices.label[slice.index as usize];
    heading(ui, pen.theme, pen.fill(label), &trace.label(label).name);
    rows(ui, pen.theme, &facts(pen.data, slice, pen.view.zero_ns));
}

/// From here on a name goes on in the next line: demangled ones are longer than a window is wide.
const HEADING_WIDTH: f32 = 480.0;

fn heading(ui: &mut Ui, theme: &Theme, colour: egui::Color32, text: &str) {
    ui.horizontal_top(|ui| {
        ui.set_max_width(HEADING_WIDTH);
        let (rect, _) = ui.allocate_exact_size(egui::vec2(10.0, 10.0), egui::Sense::hover());
        ui.painter().rect_filled(rect, 2.0, colour);
        ui.add(Label::new(RichText::new(text).color(theme.surfaces.strong)).wrap());
    });
}

fn rows(ui: &mut Ui, theme: &Theme, rows: &[(&'static str, String)]) {
    Grid::new("facts").num_columns(2).spacing([12.0, 2.0]).min_col_width(0.0).show(ui, |ui| {
        for (name, value) in rows {
            ui.label(RichText::new(*name).small().color(theme.surfaces.weak));
            ui.label(RichText::new(value).font(theme.mono()).color(theme.surfaces.text));
            ui.end_row();
        }
    });
}

/// Shares of a rank's SMs in the column under the pointer.
fn ribbon_ui(ui: &mut Ui, pen: &Pen<'_>, index: usize, at_ns: i64) {
    let theme = pen.theme;
    let width = pen.scale.ns_per_point().max(1.0) as i64;
    let ribbon = &pen.data.ribbons[index];
    let column = ribbon.mean_over(Span::new(at_ns, at_ns + width));
    ui.label(
        RichText::new(format!("rank {}", pen.data.ranks[index].rank)).color(theme.surfaces.strong),
    );
    for whole in shares(&column, ribbon.basis()) {
        ui.label(RichText::new(format!("of {}", whole.of)).small().color(theme.surfaces.weak));
        shares_ui(ui, theme, &whole);
    }
}

fn shares_ui(ui: &mut Ui, theme: &Theme, whole: &Shares) {
    let grid = Grid::new(whole.of).num_columns(3).spacing([8.0, 2.0]).min_col_width(0.0);
    grid.show(ui, |ui| {
        for &(kind, tenths) in &whole.rows {
            let (colour, name) = match kind {
                Some(kind) => (theme.kind(kind, weftscope_traces::Split::First), kind.words()),
                None => (theme.surfaces.plot, "idle"),
            };
            let (rect, _) = ui.allocate_exact_size(egui::vec2(10.0, 10.0), egui::Sense::hover());
            ui.painter().rect_filled(rect, 2.0, colour);
            ui.label(RichText::new(name).small().color(theme.surfaces.text));
            let share = format!("{:>3}.{} %", tenths / 10, tenths % 10);
            ui.label(RichText::new(share).font(theme.mono()));
            ui.end_row();
        }
    });
}
