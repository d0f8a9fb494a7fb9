//! Time over the CTAs under attention and under the MLP, as a heat map.

use egui::{Align2, Color32, CursorIcon, Rect, Sense, Stroke, StrokeKind, Ui, pos2, vec2};
use weftscope_profiler::sweep::Setting;

use crate::{
    app::live::{CurvePoint, Live, LiveCommand},
    panels::{doubt::with_doubt, widgets::Cx},
    theme::{Theme, number},
};

/// Room for the numbers of an axis, and for its name.
const NUMBERS: f32 = 24.0;
const NAME: f32 = 18.0;

pub(super) fn grid_ui(ui: &mut Ui, cx: &mut Cx<'_>, live: &Live) {
    let grid = Grid::of(&live.curve.axis.points(&live.draft.spec));
    let (rect, response) = ui.allocate_exact_size(ui.available_size(), Sense::click());
    let cells = Rect::from_min_max(
        rect.min + vec2(NAME + NUMBERS, 2.0),
        rect.max - vec2(2.0, NAME + NUMBERS),
    );
    if grid.xs.is_empty() || !cells.is_positive() {
        return;
    }
    grid.draw(ui, cx.theme, (rect, cells), live);
    let Some(under) = response.hover_pos().and_then(|at| grid.at(cells, at)) else { return };
    let known = live.curve.points.iter().find(|point| point.at == under);
    let text = format!(
        "{} CTAs under attention, {} under the MLP\n{}",
        under.x,
        under.y.unwrap_or(0),
        known.map_or_else(
            || "not run".to_owned(),
            |known| with_doubt(known.time_ns, live.curve.doubt())
        ),
    );
    let clicked = response.clicked();
    response.on_hover_cursor(CursorIcon::PointingHand).on_hover_text_at_pointer(text);
    if clicked {
        cx.live(LiveCommand::GoToPoint(live.curve.axis, under));
    }
}

/// The values of both axes, ascending.
struct Grid {
    xs: Vec<u32>,
    ys: Vec<u32>,
}

impl Grid {
    fn of(points: &[Setting]) -> Self {
        let sorted = |mut values: Vec<u32>| {
            values.sort_unstable();
            values.dedup();
            values
        };
        let xs = points.iter().map(|at| at.x).collect();
        let ys = points.iter().filter_map(|at| at.y).collect();
        Self { xs: sorted(xs), ys: sorted(ys) }
    }

    /// Where a setting lies; larger values are further right and further up.
    fn cell(&self, cells: Rect, at: Setting) -> Option<Rect> {
        let column = self.xs.iter().position(|&x| x == at.x)?;
        let row = self.ys.iter().position(|&y| Some(y) == at.y)?;
        let size = self.size(cells);
        let min =
            pos2(cells.left() + column as f32 * size.x, cells.bottom() - (row + 1) as f32 * size.y);
        Some(Rect::from_min_size(min, size).shrink(0.5))
    }

    fn size(&self, cells: Rect) -> egui::Vec2 {
        vec2(cells.width() / self.xs.len() as f32, cells.height() / self.ys.len() as f32)
    }

    fn at(&self, cells: Rect, position: egui::Pos2) -> Option<Setting> {
        let size = self.size(cells);
        let column = ((position.x - cells.left()) / size.x).floor();
        let row = ((cells.bottom() - position.y) / size.y).floor();
        let value = |values: &[u32], index: f32| {
            if index < 0.0 { None } else { values.get(index as usize).copied() }
        };
        Some(Setting { x: value(&self.xs, column)?, y: Some(value(&self.ys, row)?) })
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
        for (index, x) in self.xs.iter().enumerate() {
            let at = pos2(cells.left() + (index as f32 + 0.5) * size.x, cells.bottom() + 4.0);
            painter.text(at, Align2::CENTER_TOP, x.to_string(), theme.small(), surfaces.weak);
        }
        for (index, y) in self.ys.iter().enumerate() {
            let at = pos2(cells.left() - 6.0, cells.bottom() - (index as f32 + 0.5) * size.y);
            painter.text(at, Align2::RIGHT_CENTER, y.to_string(), theme.small(), surfaces.weak);
        }
        let bottom = pos2(cells.center().x, rect.bottom());
        painter.text(
            bottom,
            Align2::CENTER_BOTTOM,
            "CTAs under attention",
            theme.small(),
            surfaces.weak,
        );
        let galley =
            painter.layout_no_wrap("CTAs under the MLP".to_owned(), theme.small(), surfaces.weak);
        let left = pos2(rect.left(), cells.center().y + galley.size().x / 2.0);
        let turned = egui::epaint::TextShape::new(left, galley, surfaces.weak);
        painter.add(turned.with_angle(-std::f32::consts::FRAC_PI_2));
    }
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
