//! Iteration time over a knob.

use egui::{Align2, Color32, Painter, Pos2, Rect, Shape, Stroke, Ui, pos2};
use weftscope_traces::Meta;

use super::{
    axis,
    sheet::{Sheet, caption_ui, room},
};
use crate::theme::{Theme, number};

/// What a curve shows, whoever ran it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CurveFigure {
    /// Name of the knob, with its unit.
    pub knob: String,
    /// Its values, ascending, and the iteration time of each, ns.
    pub points: Vec<CurveMark>,
    /// Iteration times of others to hold it against, ns.
    pub baselines: Vec<(String, i64)>,
    /// Where the run itself is.
    pub now: Option<f64>,
    /// How far times may be off, as a share of them; `None` where they are measured, or it is not known.
    pub error_share: Option<f64>,
    /// Who simulated its times; `None` where they were measured.
    pub simulated_by: Option<String>,
}

/// A point of a curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CurveMark {
    /// The knob's value.
    pub at: f64,
    /// Iteration time, ns.
    pub time_ns: i64,
}

/// Points left of the plot that times take, right of it names of baselines, under it the knob's name.
const TIMES: f32 = 68.0;
const NAMES: f32 = 96.0;
const KNOB: f32 = 20.0;

impl CurveFigure {
    fn fastest(&self) -> Option<CurveMark> {
        self.points.iter().min_by_key(|point| point.time_ns).copied()
    }

    pub(super) fn show(&self, ui: &mut Ui, meta: &Meta, theme: &Theme) {
        let mut facts = Vec::new();
        if let Some(CurveMark { at, time_ns }) = self.fastest() {
            facts.push(("fastest".to_owned(), number::duration_ns(time_ns)));
            facts.push(("at".to_owned(), number::count(at.round() as u64)));
        }
        let how = if self.simulated_by.is_none() { "measured" } else { "simulated" };
        let note = format!("the curve is {how}, a run without recording a point");
        let sheet = Sheet { meta, what: "Curve", facts, note };
        let legend = |ui: &mut Ui| {
            let mut words = vec![format!("iteration time over {}", self.knob)];
            if let Some(share) = self.error_share {
                words.push(format!("band: ± {}, the expected error", number::percent(share)));
            }
            if self.now.is_some() {
                words.push("upright line: the run".to_owned());
            }
            if !self.baselines.is_empty() {
                words.push("dashed: other strategies, same batch".to_owned());
            }
            caption_ui(ui, theme, &words.join("; "));
        };
        sheet.show(ui, theme, legend, |ui| {
            let rect = room(ui);
            self.paint(ui.painter(), rect, theme);
        });
    }

    /// Least and most time drawn: of the curve, its band, and baselines that lie where it does.
    fn time_range(&self) -> (f64, f64) {
        let times = || self.points.iter().map(|point| point.time_ns as f64);
        let (least, most) = (times().fold(f64::INFINITY, f64::min), times().fold(0.0, f64::max));
        let room = (most - least).max(least / 20.0);
        let near = self.baselines.iter().map(|one| one.1 as f64);
        let near = near.filter(|ns| (least - room..=most + room).contains(ns));
        let (least, most) = near.fold((least, most), |(low, high), ns| (low.min(ns), high.max(ns)));
        let air = (most - least).max(least / 50.0) * 0.12;
        ((least - air).max(0.0), most + air)
    }

    fn paint(&self, painter: &Painter, rect: Rect, theme: &Theme) {
        let s = &theme.surfaces;
        let plot = Rect::from_min_max(
            pos2(rect.left() + TIMES, rect.top() + 6.0),
            pos2(rect.right() - NAMES, rect.bottom() - axis::HEIGHT - KNOB),
        );
        let (first, last) = (self.points.first(), self.points.last());
        let (Some(first), Some(last)) = (first, last) else { return };
        let across = (first.at, last.at.max(first.at + 1.0));
        let times = self.time_range();
        let to_screen = |at: f64, ns: f64| {
            let x = (at - across.0) / (across.1 - across.0);
            let y = (ns - times.0) / (times.1 - times.0);
            pos2(plot.left() + plot.width() * x as f32, plot.bottom() - plot.height() * y as f32)
        };
        axis::grid(painter, theme, plot, across);
        let label =
            |ns: f64, step: f64| number::duration_on_axis(ns.round() as i64, step.round() as i64);
        axis::upright((painter, theme), plot, times, label);
        let inner = painter.with_clip_rect(plot.expand(0.5));
        self.paint_band(&inner, &to_screen, s.weak.gamma_multiply(0.25));
        self.paint_baselines((painter, &inner), plot, (&to_screen, times), theme);
        if let Some(now) = self.now {
            let x = to_screen(now, times.0).x;
            inner.vline(x, plot.y_range(), Stroke::new(1.5, s.accent));
        }
        let points: Vec<Pos2> =
            self.points.iter().map(|point| to_screen(point.at, point.time_ns as f64)).collect();
        inner.add(Shape::line(points.clone(), Stroke::new(1.5, s.strong)));
        for point in &points {
            inner.circle_filled(*point, 2.0, s.strong);
        }
        if let Some(fastest) = self.fastest() {
            let at = to_screen(fastest.at, fastest.time_ns as f64);
            painter.circle(at, 5.0, Color32::TRANSPARENT, Stroke::new(1.5, s.accent));
        }
        let label = |value: f64, step: f64| {
            if step < 1.0 {
                format!("{value:.1}")
            } else {
                number::count(value.round().max(0.0) as u64)
            }
        };
        axis::across((painter, theme), plot, across, label);
        let under = pos2(plot.center().x, rect.bottom() - KNOB / 2.0);
        painter.text(under, Align2::CENTER_CENTER, &self.knob, theme.small(), s.text);
    }

    fn paint_band(&self, painter: &Painter, to_screen: &dyn Fn(f64, f64) -> Pos2, fill: Color32) {
        let Some(share) = self.error_share else { return };
        let edge = |factor: f64| -> Vec<Pos2> {
            self.points.iter().map(|one| to_screen(one.at, one.time_ns as f64 * factor)).collect()
        };
        let (low, high) = (edge(1.0 - share), edge(1.0 + share));
        for (low, high) in low.windows(2).zip(high.windows(2)) {
            let corners = vec![high[0], high[1], low[1], low[0]];
            painter.add(Shape::convex_polygon(corners, fill, Stroke::NONE));
        }
    }

    /// Names stand at the ends of lines, moved apart where two lines lie close.
    fn paint_baselines(
        &self,
        (painter, inner): (&Painter, &Painter),
        plot: Rect,
        (to_screen, times): (&dyn Fn(f64, f64) -> Pos2, (f64, f64)),
        theme: &Theme,
    ) {
        let s = &theme.surfaces;
        let mut lines: Vec<(f32, &str)> = self
            .baselines
            .iter()
            .filter(|one| (times.0..=times.1).contains(&(one.1 as f64)))
            .map(|(name, ns)| (to_screen(0.0, *ns as f64).y, name.as_str()))
            .collect();
        lines.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut free = plot.top() - 8.0;
        for (y, name) in lines {
            let ends = [pos2(plot.left(), y), pos2(plot.right(), y)];
            inner.extend(Shape::dashed_line(&ends, Stroke::new(1.0, s.weak), 6.0, 4.0));
            let at = y.max(free + 12.0);
            free = at;
            let place = pos2(plot.right() + 6.0, at);
            painter.text(place, Align2::LEFT_CENTER, name, theme.small(), s.text);
        }
    }
}
