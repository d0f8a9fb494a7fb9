//! The batch itself: a bar of tokens cut in two, draggable.

use egui::{Align2, CursorIcon, Mesh, Painter, Rect, Role, Sense, Stroke, Ui, pos2, vec2};

use super::widgets::{Cx, draw_as, set_value};
use crate::{
    app::{BatchPicture, CutRequest, Stretch, StretchKind},
    theme::{Theme, number, size},
};

/// Height of the strip.
const HEIGHT: f32 = 44.0;
/// Height of the bar in it.
const BAR: f32 = 18.0;

/// The bar of the batch in view; nothing when the trace does not say what the batch was.
pub(super) fn token_bar_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let Some((picture, editable)) = picture(cx) else { return };
    let (strip, response) = ui.allocate_exact_size(
        vec2(ui.available_width(), HEIGHT),
        if editable { Sense::click_and_drag() } else { Sense::hover() },
    );
    draw_as(&response, Role::Slider, "Token bar");
    let tokens = number::counted(picture.padded_tokens.into(), "token");
    let cut = picture.first_tokens.map_or(tokens.clone(), |first| format!("{first} of {tokens}"));
    let first = picture.first_tokens.unwrap_or(picture.padded_tokens);
    set_value(&response, (first, picture.padded_tokens), &cut);
    let left_top = strip.left_top() + vec2(size::MARGIN, 20.0);
    let bar = Rect::from_min_size(left_top, vec2(strip.width() - 2.0 * size::MARGIN, BAR));
    let scale = Scale { bar, tokens: picture.padded_tokens.max(1) };
    let painter = ui.painter_at(strip);
    paint_bar(&painter, cx.theme, &picture, &scale);
    paint_words(&painter, cx.theme, &picture, &scale);
    paint_cut(&painter, cx.theme, &picture, &scale);
    if let Some(pointer) = response.hover_pos() {
        if editable && picture.first_tokens.is_some() {
            ui.ctx().set_cursor_icon(CursorIcon::ResizeHorizontal);
        }
        let text = describe(&picture, scale.token_at(pointer.x));
        response.clone().on_hover_text_at_pointer(text);
    }
    #[cfg(feature = "live")]
    if editable
        && picture.first_tokens.is_some()
        && (response.dragged() || response.clicked())
        && let Some(pointer) = response.interact_pointer_pos()
    {
        cut_at(cx, scale.token_at(pointer.x), ui.input(|input| input.modifiers.shift));
    }
}

/// The batch in view, and whether it can be cut elsewhere.
fn picture(cx: &Cx<'_>) -> Option<(BatchPicture, bool)> {
    #[cfg(feature = "live")]
    if cx.state.shown == crate::app::Shown::Live {
        let live = cx.state.live.as_ref()?;
        return Some((live.batch_picture(), live.pinned.is_none()));
    }
    cx.state.document()?.batch.clone().map(|picture| (picture, false))
}

#[cfg(feature = "live")]
fn cut_at(cx: &mut Cx<'_>, token: u32, anywhere: bool) {
    use crate::app::live::{KnobEdit, LiveCommand};
    use weftscope_engine::spec::SplitChoice;
    let Some(live) = &cx.state.live else { return };
    let first = if anywhere { token } else { live.snap(token) };
    cx.live(LiveCommand::Turn(KnobEdit::Split(SplitChoice::Fixed(first))));
}

struct Scale {
    bar: Rect,
    tokens: u32,
}

impl Scale {
    fn x_from_token(&self, token: u32) -> f32 {
        self.bar.left() + self.bar.width() * (token as f32 / self.tokens as f32)
    }

    fn token_at(&self, x: f32) -> u32 {
        let share = ((x - self.bar.left()) / self.bar.width().max(1.0)).clamp(0.0, 1.0);
        (share * self.tokens as f32).round() as u32
    }

    fn rect(&self, from: u32, to: u32) -> Rect {
        let x = self.x_from_token(from)..=self.x_from_token(to);
        Rect::from_x_y_ranges(x, self.bar.y_range())
    }
}

fn paint_bar(painter: &Painter, theme: &Theme, picture: &BatchPicture, scale: &Scale) {
    let surfaces = &theme.surfaces;
    let cut = picture.first_tokens.unwrap_or(picture.padded_tokens);
    let mut mesh = Mesh::default();
    let mut borders = Vec::new();
    for stretch in picture.stretches() {
        let pieces =
            [(stretch.from, stretch.to.min(cut), true), (stretch.from.max(cut), stretch.to, false)];
        for (from, to, first) in pieces {
            if from < to && stretch.what != StretchKind::Padding {
                let fill = fill(theme, stretch.what, first);
                mesh.add_colored_rect(scale.rect(from, to), fill);
            }
        }
        borders.push(stretch);
    }
    painter.add(egui::Shape::mesh(mesh));
    for stretch in borders {
        let rect = scale.rect(stretch.from, stretch.to);
        if stretch.what == StretchKind::Padding {
            hatch(painter, rect, Stroke::new(1.0, surfaces.hairline));
        }
        if stretch.from > 0 {
            let line = Stroke::new(1.0, surfaces.panel);
            painter.vline(rect.left(), scale.bar.y_range(), line);
        }
    }
}

/// Tokens have no kind: greys, a step apart for the two splits, and text colour for decode steps.
fn fill(theme: &Theme, what: StretchKind, first: bool) -> egui::Color32 {
    let surfaces = &theme.surfaces;
    let base = match what {
        StretchKind::Decode(_) => surfaces.text,
        _ => surfaces.weak,
    };
    Theme::mix(surfaces.panel, base, if first { 0.62 } else { 0.34 })
}

fn hatch(painter: &Painter, rect: Rect, stroke: Stroke) {
    let painter = painter.with_clip_rect(rect.intersect(painter.clip_rect()));
    let mut x = rect.left() - rect.height();
    while x < rect.right() {
        painter.line_segment([pos2(x, rect.bottom()), pos2(x + rect.height(), rect.top())], stroke);
        x += 5.0;
    }
    painter.rect_stroke(rect, 0.0, stroke, egui::StrokeKind::Inside);
}

/// The numbers above the bar, left-bound to their split; left out where there is no room.
fn paint_words(painter: &Painter, theme: &Theme, picture: &BatchPicture, scale: &Scale) {
    let tokens = picture.tokens();
    let padding = picture.padded_tokens.saturating_sub(tokens);
    let pad = if padding > 0 { format!(" + {padding} padding") } else { String::new() };
    let colour = theme.surfaces.weak;
    let write = |from: u32, to: u32, text: String| {
        let galley = painter.layout_no_wrap(text, theme.small(), colour);
        let room = scale.rect(from, to);
        if galley.size().x + 16.0 <= room.width() {
            painter.galley(pos2(room.left() + 8.0, scale.bar.top() - 17.0), galley, colour);
        }
    };
    match picture.first_tokens {
        Some(first) => {
            write(0, first, format!("split 0: {}", number::counted(first.into(), "token")));
            let second = tokens.saturating_sub(first);
            let text = format!("split 1: {}{pad}", number::counted(second.into(), "token"));
            write(first, picture.padded_tokens, text);
        }
        None => {
            let text = format!("{}{pad}, not cut", number::counted(tokens.into(), "token"));
            write(0, picture.padded_tokens, text);
        }
    }
}

fn paint_cut(painter: &Painter, theme: &Theme, picture: &BatchPicture, scale: &Scale) {
    let Some(first) = picture.first_tokens else { return };
    let (x, accent) = (scale.x_from_token(first), theme.surfaces.accent);
    let y = scale.bar.y_range().expand(4.0);
    painter.vline(x, y, Stroke::new(2.0, accent));
    painter.circle_filled(pos2(x, scale.bar.top() - 5.0), 4.0, accent);
    if let Some(cut) = picture.cut_request() {
        // The cut goes through a request: an open bracket over what belongs together.
        let CutRequest { request, tokens_before, tokens_after } = cut;
        let text = format!("request {request} is cut {tokens_before} | {tokens_after}");
        let room = scale.bar.right() - x;
        let (align, at) =
            if room > 160.0 { (Align2::LEFT_CENTER, 6.0) } else { (Align2::RIGHT_CENTER, -6.0) };
        let ink = theme.surfaces.strong;
        painter.text(pos2(x + at, scale.bar.center().y), align, text, theme.small(), ink);
    }
}

/// What lies at a token, in words.
fn describe(picture: &BatchPicture, token: u32) -> String {
    let stretch: Option<Stretch> =
        picture.stretches().into_iter().find(|stretch| stretch.from <= token && token < stretch.to);
    let place = match picture.first_tokens {
        None => "not cut",
        Some(first) if token < first => "in split 0",
        Some(_) => "in split 1",
    };
    let at = format!("token {token}, {place}");
    match stretch.map(|stretch| stretch.what) {
        None => at,
        Some(StretchKind::Padding) => format!("{at}\npadding: rows computed for nothing"),
        Some(StretchKind::Decode(count)) => format!("{at}\n{count} decode steps, one token each"),
        Some(StretchKind::Prefill(index)) => {
            let request = picture.requests[index as usize];
            let cached = match request.cached_tokens {
                0 => String::new(),
                cached => format!(" on {cached} cached ones"),
            };
            format!("{at}\nrequest {index}: {} new tokens{cached}", request.new_tokens)
        }
    }
}
