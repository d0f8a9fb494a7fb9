//! What is drawn of iterations over time: as many columns as there are points, however many iterations there are.

use egui::{Color32, Rect, Role, Sense, Ui, pos2, vec2};
use egui_plot::{FilledArea, Line, PlotPoints, PlotUi, VLine};

use crate::{
    app::live::{Level, ServedRun},
    panels::widgets::draw_as,
    theme::{Theme, size},
};

/// Tokens have no kind: greys as in the bar of the batch.
fn decode_fill(theme: &Theme) -> Color32 {
    Theme::mix(theme.surfaces.panel, theme.surfaces.text, 0.62)
}

fn prefill_fill(theme: &Theme) -> Color32 {
    Theme::mix(theme.surfaces.panel, theme.surfaces.weak, 0.5)
}

/// What is which, in one piece: no name goes to the next line without its patch.
pub(super) fn legend_ui(ui: &mut Ui, theme: &Theme) {
    let ink = theme.surfaces.weak;
    let entries = [
        ("decode", decode_fill(theme), PATCH),
        ("prefill", prefill_fill(theme), PATCH),
        ("KV cache in use", theme.surfaces.accent, 2.0),
    ];
    let entries = entries.map(|(name, fill, height)| {
        (ui.painter().layout_no_wrap(name.to_owned(), theme.body(), ink), fill, height)
    });
    let width: f32 = entries.iter().map(|(name, ..)| name.size().x + PATCH + 2.0 * size::GAP).sum();
    let room = vec2(width, ui.spacing().interact_size.y);
    let (rect, response) = ui.allocate_exact_size(room, Sense::hover());
    draw_as(&response, Role::Label, "decode, prefill, KV cache in use");
    let mut x = rect.left();
    for (name, fill, height) in entries {
        let centre = pos2(x + PATCH / 2.0, rect.center().y);
        ui.painter().rect_filled(Rect::from_center_size(centre, vec2(PATCH, height)), 0.0, fill);
        x += PATCH + size::GAP;
        let (top, width) = (rect.center().y - name.size().y / 2.0, name.size().x);
        ui.painter().galley(pos2(x, top), name, ink);
        x += width + size::GAP;
    }
}

/// Points of a patch of colour.
const PATCH: f32 = 10.0;

/// Tokens of iterations: decode steps, and prompts on top.
pub(super) fn draw_tokens(
    plot: &mut PlotUi<'_>,
    theme: &Theme,
    shown: &ServedRun,
    opened: Option<usize>,
) {
    let (xs, levels) = columns(plot, shown);
    let of = |level: fn(&Level) -> f64| -> Vec<f64> { levels.iter().map(level).collect() };
    let (none, decode) = (of(|_| 0.0), of(|level| level.decode_tokens));
    let all = of(|level| level.decode_tokens + level.prefill_tokens);
    let prefill = FilledArea::new("prefill", &xs, &decode, &all);
    plot.add(prefill.fill_color(prefill_fill(theme)).allow_hover(false));
    let decode = FilledArea::new("decode", &xs, &none, &decode);
    plot.add(decode.fill_color(decode_fill(theme)).allow_hover(false));
    let bounds = plot.plot_bounds();
    let most = (plot.response().rect.width() / APART).max(0.0) as usize;
    for start_ns in shown.profile.starts(bounds.min()[0], bounds.max()[0], most) {
        let line = VLine::new("start", start_ns as f64).color(theme.surfaces.panel).width(1.0);
        plot.vline(line.allow_hover(false));
    }
    mark_opened(plot, theme, shown, opened);
}

/// Points from one iteration to the next from which on they are told apart.
const APART: f32 = 6.0;

/// The share of the cache of keys and values in use.
pub(super) fn draw_cache(
    plot: &mut PlotUi<'_>,
    theme: &Theme,
    shown: &ServedRun,
    opened: Option<usize>,
) {
    let (xs, levels) = columns(plot, shown);
    let blocks = f64::from(shown.served.kv.blocks.count.max(1));
    let points = xs.iter().zip(&levels).map(|(&x, level)| [x, level.kv_blocks / blocks]);
    let line = Line::new("cache", PlotPoints::from_iter(points));
    plot.line(line.color(theme.surfaces.accent).width(1.5).allow_hover(false));
    mark_opened(plot, theme, shown, opened);
}

/// Where the iteration that was opened last begins.
fn mark_opened(plot: &mut PlotUi<'_>, theme: &Theme, shown: &ServedRun, opened: Option<usize>) {
    let Some(iteration) = opened.and_then(|number| shown.served.iterations.get(number)) else {
        return;
    };
    let at = VLine::new("opened", iteration.start_ns as f64);
    plot.vline(at.color(theme.surfaces.strong).width(1.0).allow_hover(false));
}

/// Most columns: no screen is wider.
const MOST_COLUMNS: f32 = 8192.0;

/// The middle of each column in view, and the mean over it.
fn columns(plot: &PlotUi<'_>, shown: &ServedRun) -> (Vec<f64>, Vec<Level>) {
    let (bounds, end_ns) = (plot.plot_bounds(), shown.profile.end_ns() as f64);
    let (from_ns, to_ns) = (bounds.min()[0].max(0.0), bounds.max()[0].min(end_ns));
    let is_known = bounds.is_valid() && from_ns < to_ns;
    let (from_ns, to_ns) = if is_known { (from_ns, to_ns) } else { (0.0, end_ns) };
    let count = plot.response().rect.width().ceil().clamp(2.0, MOST_COLUMNS);
    let step_ns = (to_ns - from_ns) / f64::from(count);
    let starts = (0..count as u32).map(|column| from_ns + f64::from(column) * step_ns);
    let mean = |start_ns: f64| {
        (start_ns + step_ns / 2.0, shown.profile.mean(start_ns, start_ns + step_ns))
    };
    starts.map(mean).unzip()
}
