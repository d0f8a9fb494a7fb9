//! The ribbon of every rank over time, and under it what of the time is hidden, exposed or idle.

use std::sync::Arc;

use egui::{Align2, Painter, Rangef, Rect, Stroke, StrokeKind, Ui, pos2};
use weftscope_traces::{
    Kind, Span, Split, Trace,
    analysis::{AccountClass, AccountSpan, Config, Ops, account_spans},
    lod::{Ribbon, RibbonBasis},
};

use super::{
    FigureError, axis,
    class::ClassMesh,
    sheet::{Sheet, caption_ui, classes_ui, kinds_ui, room},
};
use crate::{
    theme::{Theme, number},
    timeline::{Meshes, TimeScale, TimelineData, hatch_texture, ribbon_parts},
};

/// Points of a rank's stack and of the strip under it, where no height was asked for.
const STACK: f32 = 44.0;
const STRIP: f32 = 14.0;
/// Points between stack and strip, and between ranks.
const GAP: f32 = 3.0;
const BETWEEN: f32 = 12.0;
/// Points that names take on the left, figures on the right, everything else above and below.
const NAMES: f32 = 58.0;
const FIGURES: f32 = 64.0;
const REST: f32 = 156.0;

/// What is drawn.
pub(super) struct RibbonFigure {
    data: TimelineData,
    strips: Vec<RankStrip>,
    window: Span,
}

/// What a rank's strip is made of, cut to the window.
struct RankStrip {
    rank: u32,
    spans: Vec<AccountSpan>,
}

impl RankStrip {
    /// Nanoseconds of a class.
    fn sum_ns(&self, class: AccountClass) -> i64 {
        self.spans.iter().filter(|one| one.class == class).map(|one| one.span.len_ns()).sum()
    }

    /// The share of communication with computation beside it; `None` without communication.
    fn hidden(&self) -> Option<f64> {
        let hidden = self.sum_ns(AccountClass::Overlap);
        let comm = hidden + self.sum_ns(AccountClass::ExposedComm);
        (comm > 0).then(|| hidden as f64 / comm as f64)
    }
}

impl RibbonFigure {
    /// Of all ranks, in a window or from the first start to the last end.
    pub(super) fn of(trace: &Arc<Trace>, window: Option<Span>) -> Result<Self, FigureError> {
        let ops = Ops::of(trace, &Config::default());
        let data = TimelineData::indexed(Arc::clone(trace));
        let all: Vec<_> = ops.ranks.iter().map(|rank| (rank.rank, account_spans(rank))).collect();
        let spans = || all.iter().flat_map(|(_, spans)| spans).map(|one| one.span);
        let whole = spans().reduce(Span::hull).ok_or(FigureError::NoKernels)?;
        let window = window.unwrap_or(whole);
        let cut = |one: &AccountSpan| {
            let span = one.span.intersect(window);
            (!span.is_empty()).then_some(AccountSpan { span, class: one.class })
        };
        let strip = |(rank, spans): (u32, Vec<AccountSpan>)| {
            let spans = spans.iter().filter_map(cut).collect();
            RankStrip { rank, spans }
        };
        let has_ribbon = |strip: &RankStrip| data.ranks.iter().any(|rows| rows.rank == strip.rank);
        let strips: Vec<RankStrip> = all.into_iter().map(strip).filter(has_ribbon).collect();
        if strips.iter().all(|strip| strip.spans.is_empty()) {
            return Err(FigureError::NothingInWindow);
        }
        Ok(Self { data, strips, window })
    }

    /// Points it takes.
    pub(super) fn height(&self) -> f32 {
        REST + self.strips.len() as f32 * (STACK + GAP + STRIP + BETWEEN)
    }

    /// Points under which stacks could not be told from lines.
    pub(super) fn least_height(&self) -> f32 {
        REST + self.strips.len() as f32 * 0.4 * (STACK + GAP + STRIP + BETWEEN)
    }

    pub(super) fn show(&self, ui: &mut Ui, theme: &Theme) {
        let sheet = Sheet {
            meta: &self.data.trace.meta,
            what: "Ribbon",
            facts: self.facts(),
            note: String::new(),
        };
        let legend = |ui: &mut Ui| {
            caption_ui(ui, theme, self.what_stacks());
            kinds_ui(ui, theme, &self.kinds());
            ui.end_row();
            caption_ui(ui, theme, "strip, of time: ");
            classes_ui(ui, theme, &self.classes());
        };
        sheet.show(ui, theme, legend, |ui| {
            let rect = room(ui);
            self.paint(&ui.painter().with_clip_rect(ui.clip_rect()), rect, theme);
        });
    }

    /// What the height of a stack is a share of.
    fn what_stacks(&self) -> &'static str {
        let of_sms = |ribbon: &Ribbon| matches!(ribbon.basis(), RibbonBasis::Sms { .. });
        if self.data.ribbons.iter().all(of_sms) { "stack, of SMs: " } else { "stack, of streams: " }
    }

    fn kinds(&self) -> Vec<(Kind, bool)> {
        let labels = &self.data.trace.labels;
        let on_gpu = |kind: &Kind| !matches!(kind, Kind::Mark | Kind::Host);
        let kinds = Kind::ALL.into_iter().filter(on_gpu);
        let used = kinds.filter(|&kind| labels.iter().any(|label| label.kind == kind));
        let halves =
            |kind| labels.iter().any(|label| label.kind == kind && label.split == Split::Second);
        used.map(|kind| (kind, halves(kind))).collect()
    }

    fn classes(&self) -> Vec<AccountClass> {
        let has = |class: &AccountClass| {
            let mut spans = self.strips.iter().flat_map(|strip| &strip.spans);
            spans.any(|one| one.class == *class)
        };
        AccountClass::ALL.into_iter().filter(has).collect()
    }

    /// The mean of ranks, of what is drawn.
    fn facts(&self) -> Vec<(String, String)> {
        let sum = |class| self.strips.iter().map(|strip| strip.sum_ns(class)).sum::<i64>();
        let (hidden, exposed) = (sum(AccountClass::Overlap), sum(AccountClass::ExposedComm));
        let comm = hidden + exposed;
        let mut facts = vec![("shown".to_owned(), number::duration_ns(self.window.len_ns()))];
        if comm == 0 {
            facts.push(("communication".to_owned(), "none".to_owned()));
            return facts;
        }
        let ranks = self.strips.len().max(1) as i64;
        let of = if ranks > 1 { "communication, mean of ranks" } else { "communication" };
        facts.push((of.to_owned(), number::duration_ns(comm / ranks)));
        facts.push(("hidden".to_owned(), number::percent(hidden as f64 / comm as f64)));
        facts.push(("exposed".to_owned(), number::duration_ns(exposed / ranks)));
        facts
    }

    fn paint(&self, painter: &Painter, rect: Rect, theme: &Theme) {
        let s = &theme.surfaces;
        let plot = Rect::from_min_max(
            pos2(rect.left() + NAMES, rect.top() + 2.0),
            pos2(rect.right() - FIGURES, rect.bottom() - axis::HEIGHT),
        );
        let zero = self.data.zero_ns(None);
        let range = [self.window.start_ns, self.window.end_ns].map(|ns| (ns - zero) as f64);
        let range = (range[0], range[1]);
        axis::grid(painter, theme, plot, range);
        let each = plot.height() / self.strips.len().max(1) as f32;
        let scale = TimeScale::new(self.window, plot.left(), plot.width());
        for (at, strip) in self.strips.iter().enumerate() {
            let top = plot.top() + each * at as f32;
            let y = Rangef::new(top, top + each - BETWEEN.min(each * 0.2));
            let thick = STRIP.min(y.span() * 0.3);
            let stack = Rangef::new(y.min, y.max - thick - GAP);
            let strip_y = Rangef::new(y.max - thick, y.max);
            self.stack(painter, strip.rank, Rect::from_x_y_ranges(plot.x_range(), stack), theme);
            draw_strip(
                painter,
                (strip, &scale),
                Rect::from_x_y_ranges(plot.x_range(), strip_y),
                theme,
            );
            let name = format!("rank {}", strip.rank);
            let middle = stack.center();
            painter.text(
                pos2(rect.left(), middle),
                Align2::LEFT_CENTER,
                name,
                theme.body(),
                s.strong,
            );
            let right = pos2(rect.right(), strip_y.center());
            if let Some(hidden) = strip.hidden() {
                let text = number::percent(hidden);
                painter.text(right, Align2::RIGHT_CENTER, text, theme.mono(), s.strong);
                let above = pos2(rect.right(), strip_y.min - GAP - 7.0);
                painter.text(above, Align2::RIGHT_CENTER, "hidden", theme.small(), s.weak);
            }
        }
        let label =
            |ns: f64, step: f64| number::time_at(ns.round() as i64, (step.round() as i64).max(1));
        axis::across((painter, theme), plot, range, label);
    }

    fn stack(&self, painter: &Painter, rank: u32, rect: Rect, theme: &Theme) {
        painter.rect_filled(rect, 0.0, theme.surfaces.plot);
        let at = self.data.ranks.iter().position(|rows| rows.rank == rank);
        if let Some(ribbon) = at.and_then(|at| self.data.ribbons.get(at)) {
            let hatching = hatch_texture(painter.ctx());
            let mut meshes = Meshes::with_room(0, hatching, 1.0, Default::default());
            ribbon_parts(ribbon, self.window, rect, |part, band| {
                meshes.add(part, band.kind, theme.kind(band.kind, band.split));
            });
            for mesh in meshes.finish() {
                painter.add(egui::Shape::Mesh(mesh));
            }
        }
        let edge = Stroke::new(0.5, theme.surfaces.weak);
        painter.rect_stroke(rect, 0.0, edge, StrokeKind::Outside);
    }
}

/// As many stretches as can be told apart are drawn as they are. Of more, those of each point of width lie over one another,
/// each as high as its share: areas stay true.
fn draw_strip(
    painter: &Painter,
    (strip, scale): (&RankStrip, &TimeScale),
    rect: Rect,
    theme: &Theme,
) {
    painter.rect_filled(rect, 0.0, theme.surfaces.plot);
    let mut mesh = ClassMesh::new(painter);
    if strip.spans.len() as f32 <= 4.0 * rect.width() {
        for one in &strip.spans {
            let [left, right] =
                [one.span.start_ns, one.span.end_ns].map(|ns| scale.x_from_time(ns));
            let part = Rect::from_x_y_ranges(left..=right, rect.y_range());
            mesh.add(theme, part, one.class);
        }
    } else {
        columns(strip, scale, rect, |part, class| mesh.add(theme, part, class));
    }
    mesh.paint(painter);
    let edge = Stroke::new(0.5, theme.surfaces.weak);
    painter.rect_stroke(rect, 0.0, edge, StrokeKind::Outside);
}

/// A column a point: the shares of classes in it, from the bottom up.
fn columns(
    strip: &RankStrip,
    scale: &TimeScale,
    rect: Rect,
    mut add: impl FnMut(Rect, AccountClass),
) {
    let window = scale.window();
    let num = rect.width().floor().max(1.0) as i64;
    let edge = |at: i64| {
        window.start_ns + (i128::from(window.len_ns()) * i128::from(at) / i128::from(num)) as i64
    };
    let mut next = 0;
    for at in 0..num {
        let column = Span::new(edge(at), edge(at + 1));
        let mut sums = [0_i64; AccountClass::ALL.len()];
        while let Some(one) = strip.spans.get(next) {
            sums[one.class as usize] += one.span.intersect(column).len_ns();
            if one.span.end_ns > column.end_ns {
                break;
            }
            next += 1;
        }
        let width = rect.width() / num as f32;
        let left = rect.left() + width * at as f32;
        let mut bottom = rect.bottom();
        for class in AccountClass::ALL {
            let share = sums[class as usize] as f64 / column.len_ns().max(1) as f64;
            let top = bottom - rect.height() * share as f32;
            add(Rect::from_x_y_ranges(left..=left + width, top..=bottom), class);
            bottom = top;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Column by column or stretch by stretch: the area of a class is its time.
    #[test]
    fn areas_of_columns_are_times() {
        let classes = AccountClass::ALL;
        let mut at = 1000;
        let spans: Vec<AccountSpan> = (0..900_usize)
            .map(|index| {
                let len = 1 + (index as i64 * 7919) % 41;
                at += len;
                AccountSpan { span: Span::new(at - len, at), class: classes[index % 5] }
            })
            .collect();
        let window = Span::new(1000, at);
        let strip = RankStrip { rank: 0, spans };
        let rect = Rect::from_min_size(pos2(10.0, 20.0), egui::vec2(100.0, 10.0));
        let mut areas = [0.0; 5];
        let scale = TimeScale::new(window, rect.left(), rect.width());
        columns(&strip, &scale, rect, |part, class| {
            areas[class as usize] += f64::from(part.area());
        });
        for class in classes {
            let want = 1000.0 * strip.sum_ns(class) as f64 / window.len_ns() as f64;
            let is = areas[class as usize];
            assert!((is - want).abs() < 0.5, "{class:?}: {is} of {want}");
        }
    }
}
