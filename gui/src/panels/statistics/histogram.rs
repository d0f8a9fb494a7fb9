//! How many ops take how long, as bars that can be clicked.

use egui::{Align2, CursorIcon, Painter, Rect, Sense, Stroke, StrokeKind, Ui, pos2, vec2};
use weftscope_traces::{
    SliceRef, Split,
    analysis::{Histogram, KernelStats},
};

use super::{go_to, selected_op};
use crate::{
    app::Document,
    panels::widgets::{Cx, draw_as, heading},
    theme::{Theme, number},
};

const HEIGHT: f32 = 124.0;
/// Room for the numbers under the bars, and for the highest count over them.
const UNDER: f32 = 16.0;
const OVER: f32 = 14.0;

/// The histogram. A click on a bar goes to the earliest of its ops, the next click to the one after it.
pub(super) fn histogram_ui(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    document: &Document,
    kernel: &KernelStats,
) {
    let histogram = &kernel.histogram;
    let scale = if histogram.is_log { ", logarithmic" } else { "" };
    heading(ui, cx.theme, &format!("Durations{scale}"));
    let (rect, response) =
        ui.allocate_exact_size(vec2(ui.available_width(), HEIGHT), Sense::click());
    draw_as(&response, egui::Role::Button, "Histogram of durations");
    let bars = Bars::of(rect, histogram);
    let selected = selected_op(cx, document);
    let under = response.hover_pos().and_then(|at| bars.at(at.x));
    let holds = |bin: usize| selected.filter(|op| kernel.ops_in_bin(bin).contains(op)).is_some();
    let marked = (0..histogram.counts.len()).find(|&bin| holds(bin));
    bars.draw(ui.painter(), cx.theme, kernel, [under, marked]);
    let Some(bin) = under else { return };
    let clicked = response.clicked();
    let text = bin_in_words(histogram, bin);
    response.on_hover_cursor(CursorIcon::PointingHand).on_hover_text_at_pointer(text);
    if clicked && let Some(op) = next_of(document, kernel.ops_in_bin(bin), selected) {
        go_to(cx, op);
    }
}

fn bin_in_words(histogram: &Histogram, bin: usize) -> String {
    let edges = [bin, bin + 1].map(|edge| histogram.edges_ns[edge]);
    let [from, to] = edges.map(|ns| number::duration_on_axis(ns, edges[1] - edges[0]));
    let ops = number::counted(histogram.counts[bin] as u64, "op");
    format!("{ops} from {from} to under {to}\nA click goes from one to the next")
}

/// The op after the selected one, else the earliest.
fn next_of(document: &Document, ops: &[SliceRef], selected: Option<SliceRef>) -> Option<SliceRef> {
    // Of the live run they may be of the iteration before.
    let here = || ops.iter().copied().filter(|&op| document.timeline.has(op));
    let order = |op: SliceRef| (document.trace.span_of(op).start_ns, op);
    let from = selected.filter(|op| ops.contains(op)).map(order);
    let after = here().filter(|&op| from.is_some_and(|from| order(op) > from));
    after.min_by_key(|&op| order(op)).or_else(|| here().min_by_key(|&op| order(op)))
}

/// Where the bars stand.
struct Bars {
    whole: Rect,
    count: usize,
    most: usize,
}

impl Bars {
    fn of(rect: Rect, histogram: &Histogram) -> Self {
        let whole = Rect::from_min_max(rect.min + vec2(0.0, OVER), rect.max - vec2(0.0, UNDER));
        let most = histogram.counts.iter().copied().max().unwrap_or_default();
        Self { whole, count: histogram.counts.len(), most }
    }

    fn width(&self) -> f32 {
        self.whole.width() / self.count.max(1) as f32
    }

    /// The bin at `x`, however low its bar.
    fn at(&self, x: f32) -> Option<usize> {
        let bin = ((x - self.whole.left()) / self.width()).floor();
        (bin >= 0.0 && bin < self.count as f32).then_some(bin as usize)
    }

    /// One op can be seen beside ten thousand.
    fn bar(&self, bin: usize, count: usize) -> Rect {
        let share = count as f32 / self.most.max(1) as f32;
        let height = if count == 0 { 0.0 } else { (share * self.whole.height()).max(2.0) };
        let left = self.whole.left() + bin as f32 * self.width();
        let min = pos2(left, self.whole.bottom() - height);
        let gap = if self.width() > 4.0 { 1.0 } else { 0.0 };
        Rect::from_min_max(min, pos2(left + self.width() - gap, self.whole.bottom()))
    }

    fn draw(
        &self,
        painter: &Painter,
        theme: &Theme,
        kernel: &KernelStats,
        [under, marked]: [Option<usize>; 2],
    ) {
        let (histogram, surfaces) = (&kernel.histogram, &theme.surfaces);
        painter.rect_filled(self.whole, 0.0, surfaces.plot);
        let fill = theme.kind(kernel.key.kind, Split::Whole);
        for (bin, &count) in histogram.counts.iter().enumerate() {
            let bar = self.bar(bin, count);
            if under == Some(bin) {
                painter.rect_filled(bar.with_min_y(self.whole.top()), 0.0, surfaces.control_hover);
            }
            painter.rect_filled(bar, 0.0, fill);
            if marked == Some(bin) {
                let stroke = Stroke::new(2.0, surfaces.accent);
                painter.rect_stroke(bar, 0.0, stroke, StrokeKind::Inside);
            }
        }
        self.numbers(painter, theme, histogram);
    }

    fn numbers(&self, painter: &Painter, theme: &Theme, histogram: &Histogram) {
        let ink = theme.surfaces.weak;
        let most = number::counted(self.most as u64, "op");
        let over = self.whole.left_top() - vec2(0.0, 1.0);
        painter.text(over, Align2::LEFT_BOTTOM, most, theme.small(), ink);
        let [Some(&first), Some(&last)] = [histogram.edges_ns.first(), histogram.edges_ns.last()]
        else {
            return;
        };
        let low = self.whole.bottom() + 2.0;
        let text = |ns| number::duration_on_axis(ns, (last - first) / 2);
        let ends = [
            (self.whole.left(), Align2::LEFT_TOP, first),
            (self.whole.right(), Align2::RIGHT_TOP, last),
        ];
        for (x, align, ns) in ends {
            painter.text(pos2(x, low), align, text(ns), theme.small(), ink);
        }
        let middle = self.count / 2;
        if self.count >= 4 && self.whole.width() > 200.0 {
            let x = self.whole.left() + middle as f32 * self.width();
            let middle = text(histogram.edges_ns[middle]);
            painter.text(pos2(x, low), Align2::CENTER_TOP, middle, theme.small(), ink);
        }
    }
}
