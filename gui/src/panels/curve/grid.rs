//! Time over CTAs on both sides, or over the cut and CTAs, as a heat map.

use egui::{Align2, Color32, CursorIcon, Rect, Sense, Stroke, StrokeKind, Ui, pos2, vec2};
use weftscope_profiler::sweep::{Setting, SweepAxis};

use super::at_in_words;
use crate::{
    app::live::{CurvePoint, Live, LiveCommand},
    panels::{
        doubt::with_doubt,
        widgets::{Cx, draw_as},
    },
    theme::{Theme, number},
};

/// Room for the numbers below and at the side, and for the name of an axis.
const BELOW: f32 = 24.0;
const SIDE: f32 = 38.0;
const NAME: f32 = 18.0;
/// What a number of an axis takes, with the gap to the next.
const WIDEST: f32 = 36.0;
const HIGHEST: f32 = 11.0;

pub(super) fn grid_ui(ui: &mut Ui, cx: &mut Cx<'_>, live: &Live) {
    let axis = live.curve.axis;
    let grid = Grid::of(axis, &axis.points(&live.draft.spec));
    let (rect, response) = ui.allocate_exact_size(ui.available_size(), Sense::click());
    draw_as(&response, egui::Role::Button, "Iteration times as a heat map");
    let cells =
        Rect::from_min_max(rect.min + vec2(NAME + SIDE, 2.0), rect.max - vec2(2.0, NAME + BELOW));
    if grid.columns.is_empty() || !cells.is_positive() {
        return;
    }
    grid.draw(ui, cx.theme, (rect, cells), live);
    let Some(under) = response.hover_pos().and_then(|at| grid.at(cells, at)) else { return };
    let known = live.curve.points.iter().find(|point| point.at == under);
    let text = format!(
        "{}\n{}",
        at_in_words(under),
        known.map_or_else(
            || "not run".to_owned(),
            |known| with_doubt(known.time_ns, live.curve.doubt())
        ),
    );
    let clicked = response.clicked();
    response.on_hover_cursor(CursorIcon::PointingHand).on_hover_text_at_pointer(text);
    if clicked {
        cx.live(LiveCommand::GoToPoint(under));
    }
}

/// What lies along and up, ascending.
struct Grid {
    axis: SweepAxis,
    columns: Vec<u32>,
    rows: Vec<Row>,
}

/// CTAs under attention, where they are not what lies along, and under the MLP.
type Row = (Option<u32>, Option<u32>);

impl Grid {
    fn of(axis: SweepAxis, points: &[Setting]) -> Self {
        let mut columns: Vec<u32> = points.iter().filter_map(|&at| axis.along(at)).collect();
        let mut rows: Vec<Row> = points.iter().map(|&at| row(axis, at)).collect();
        columns.sort_unstable();
        columns.dedup();
        rows.sort_unstable();
        rows.dedup();
        Self { axis, columns, rows }
    }

    /// Where a setting lies; larger values are further right and further up.
    fn cell(&self, cells: Rect, at: Setting) -> Option<Rect> {
        let along = self.axis.along(at)?;
        let column = self.columns.iter().position(|&column| column == along)?;
        let row = self.rows.iter().position(|&of| of == row(self.axis, at))?;
        let size = self.size(cells);
        let min =
            pos2(cells.left() + column as f32 * size.x, cells.bottom() - (row + 1) as f32 * size.y);
        Some(Rect::from_min_size(min, size).shrink(0.5))
    }

    fn size(&self, cells: Rect) -> egui::Vec2 {
        vec2(cells.width() / self.columns.len() as f32, cells.height() / self.rows.len() as f32)
    }

    fn at(&self, cells: Rect, position: egui::Pos2) -> Option<Setting> {
        let size = self.size(cells);
        let column = ((position.x - cells.left()) / size.x).floor();
        let row = ((cells.bottom() - position.y) / size.y).floor();
        if column < 0.0 || row < 0.0 {
            return None;
        }
        let along = *self.columns.get(column as usize)?;
        let (attn_ctas, mlp_ctas) = *self.rows.get(row as usize)?;
        Some(match self.axis {
            SweepAxis::SplitAndCtas => Setting { first_tokens: Some(along), attn_ctas, mlp_ctas },
            _ => Setting { first_tokens: None, attn_ctas: Some(along), mlp_ctas },
        })
    }

    fn draw(&self, ui: &Ui, theme: &Theme, (rect, cells): (Rect, Rect), live: &Live) {
        let (painter, surfaces) = (ui.painter(), &theme.surfaces);
        let size = self.size(cells);
        let fastest = live.curve.fastest();
        let shade = Shade::of(&live.curve.points, theme);
        for point in &live.curve.points {
            let Some(cell) = self.cell(cells, point.at) else { continue };
            let fill = shade.of_time(point.time_ns);
            painter.rect_filled(cell, 1.0, fill);
            if size.x > 52.0 && size.y > 14.0 {
                let text = number::duration_ns(point.time_ns);
                let ink = theme.text_on(fill);
                painter.text(cell.center(), Align2::CENTER_CENTER, text, theme.small(), ink);
            }
        }
        let mark = |at: Option<Setting>, colour: Color32| {
            if let Some(cell) = at.and_then(|at| self.cell(cells, at)) {
                painter.rect_stroke(cell, 1.0, Stroke::new(2.0, colour), StrokeKind::Inside);
            }
        };
        mark(fastest.map(|point| point.at), surfaces.strong);
        mark(live.current(live.curve.axis), surfaces.accent);
        // As many numbers as there is room for.
        let every = |room: f32, cell: f32| (room / cell).ceil().max(1.0) as usize;
        for (index, column) in self.columns.iter().enumerate().step_by(every(WIDEST, size.x)) {
            let at = pos2(cells.left() + (index as f32 + 0.5) * size.x, cells.bottom() + 4.0);
            painter.text(at, Align2::CENTER_TOP, column.to_string(), theme.small(), surfaces.weak);
        }
        for (index, row) in self.rows.iter().enumerate().step_by(every(HIGHEST, size.y)) {
            let at = pos2(cells.left() - 6.0, cells.bottom() - (index as f32 + 0.5) * size.y);
            painter.text(at, Align2::RIGHT_CENTER, row_text(*row), theme.small(), surfaces.weak);
        }
        let [along, up] = match self.axis {
            SweepAxis::SplitAndCtas => ["tokens in split 0", "CTAs: attention, MLP"],
            _ => ["CTAs under attention", "CTAs under the MLP"],
        };
        let bottom = pos2(cells.center().x, rect.bottom());
        painter.text(bottom, Align2::CENTER_BOTTOM, along, theme.small(), surfaces.weak);
        let galley = painter.layout_no_wrap(up.to_owned(), theme.small(), surfaces.weak);
        let left = pos2(rect.left(), cells.center().y + galley.size().x / 2.0);
        let turned = egui::epaint::TextShape::new(left, galley, surfaces.weak);
        painter.add(turned.with_angle(-std::f32::consts::FRAC_PI_2));
    }
}

fn row(axis: SweepAxis, at: Setting) -> Row {
    (at.attn_ctas.filter(|_| axis == SweepAxis::SplitAndCtas), at.mlp_ctas)
}

fn row_text((attn, mlp): Row) -> String {
    let texts = [attn, mlp].into_iter().flatten().map(|ctas| ctas.to_string());
    texts.collect::<Vec<_>>().join(", ")
}

/// From the fastest to the slowest point: the grey of captions to the background. Colour is for kinds and for what is chosen.
struct Shade {
    least: i64,
    most: i64,
    fast: Color32,
    slow: Color32,
}

impl Shade {
    fn of(points: &[CurvePoint], theme: &Theme) -> Self {
        let times = || points.iter().map(|point| point.time_ns);
        let (least, most) = (times().min().unwrap_or(0), times().max().unwrap_or(0));
        Self { least, most, fast: theme.surfaces.weak, slow: theme.surfaces.plot }
    }

    fn of_time(&self, ns: i64) -> Color32 {
        let range = (self.most - self.least).max(1) as f32;
        self.fast.lerp_to_gamma(self.slow, (ns - self.least) as f32 / range)
    }
}
