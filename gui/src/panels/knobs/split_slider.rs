//! The split point as a slider: where the wave count does not rise, and what each chooser would say.

use egui::{Align2, DragValue, Grid, Rect, Role, Sense, Stroke, Ui, pos2, vec2};
use weftscope_engine::spec::{Chooser, Cutting, SplitChoice};

use super::row::turn;
use crate::{
    app::live::{KnobEdit, Live},
    panels::widgets::{Cx, draw_as, mono, name_widget, set_value, weak},
    theme::{Theme, number},
};

/// Height of the slider, marks and all.
const HEIGHT: f32 = 36.0;

/// The slider and, under it, the number.
pub(super) fn split_slider_ui(ui: &mut Ui, cx: &mut Cx<'_>, live: &Live) {
    let spec = &live.draft.spec;
    let tokens = spec.batch.tokens();
    if spec.knobs.strategy.cutting() == Cutting::Never || tokens < 2 {
        let text = format!("{} does not cut the batch.", spec.knobs.strategy.name());
        ui.label(weak(cx.theme, text).font(cx.theme.small()));
        return;
    }
    let first = live.first_tokens().unwrap_or(tokens / 2).clamp(1, tokens - 1);
    let (rect, response) =
        ui.allocate_exact_size(vec2(ui.available_width(), HEIGHT), Sense::click_and_drag());
    draw_as(&response, Role::Slider, "Split point");
    let words = format!("{first} of {}", number::counted(tokens.into(), "token"));
    set_value(&response, (first, tokens), &words);
    paint(ui, cx, live, rect, first);
    let scale = Scale { rect: rect.shrink2(vec2(6.0, 0.0)), tokens };
    if let Some(pointer) = response.interact_pointer_pos()
        && (response.dragged() || response.clicked())
    {
        choose(cx, live, &scale, pointer.x);
    }
    response.on_hover_ui(|ui| {
        ui.label("Drag to cut the batch elsewhere, with Shift at any token.");
        ui.label("Ticks below: the wave count does not rise there. Letters above, where choosers would cut:");
        answers_ui(ui, cx.theme, live);
    });
    number_ui(ui, cx, first, tokens);
}

/// What each chooser says, beside its letter.
fn answers_ui(ui: &mut Ui, theme: &Theme, live: &Live) {
    Grid::new("choosers").num_columns(3).spacing([12.0, 2.0]).min_col_width(0.0).show(ui, |ui| {
        for (chooser, answer) in live.answers() {
            ui.label(mono(theme, letter(chooser)));
            ui.label(weak(theme, chooser.name()));
            match answer {
                Ok(first) => ui.label(mono(theme, number::count(u64::from(*first)))),
                Err(cause) => ui.label(weak(theme, cause)),
            };
            ui.end_row();
        }
    });
}

fn letter(chooser: Chooser) -> &'static str {
    match chooser {
        Chooser::Half => "½",
        Chooser::Table => "T",
        Chooser::WaveModel => "W",
        Chooser::Simulated => "S",
    }
}

/// Token counts along the slider.
struct Scale {
    rect: Rect,
    tokens: u32,
}

impl Scale {
    fn x_from_tokens(&self, first: u32) -> f32 {
        let share = first as f32 / self.tokens.max(1) as f32;
        self.rect.left() + share.clamp(0.0, 1.0) * self.rect.width()
    }

    fn tokens_from_x(&self, x: f32) -> u32 {
        let share = ((x - self.rect.left()) / self.rect.width().max(1.0)).clamp(0.0, 1.0);
        (share * self.tokens as f32).round() as u32
    }
}

fn choose(cx: &mut Cx<'_>, live: &Live, scale: &Scale, x: f32) {
    let first = live.snap(scale.tokens_from_x(x));
    turn(cx, KnobEdit::Split(SplitChoice::Fixed(first)));
}

fn paint(ui: &Ui, cx: &Cx<'_>, live: &Live, rect: Rect, first: u32) {
    let surfaces = &cx.theme.surfaces;
    let painter = ui.painter();
    let tokens = live.draft.spec.batch.tokens();
    let scale = Scale { rect: rect.shrink2(vec2(6.0, 0.0)), tokens };
    let y = rect.center().y;
    let rail = Stroke::new(4.0, surfaces.control);
    painter.hline(scale.rect.x_range(), y, rail);
    let x = scale.x_from_tokens(first);
    painter.hline(scale.rect.left()..=x, y, Stroke::new(4.0, surfaces.accent_fill));
    if let Some(marks) = live.marks() {
        for (cuts, height, colour) in
            [(&marks.free_on_all_sms, 3.0, surfaces.weak), (&marks.free, 6.0, surfaces.accent)]
        {
            for &cut in cuts {
                let x = scale.x_from_tokens(cut);
                painter.vline(x, y + 6.0..=y + 6.0 + height, Stroke::new(1.0, colour));
            }
        }
        for answer in answers(live, &scale) {
            painter.vline(answer.x, y - 8.0..=y - 3.0, Stroke::new(1.0, surfaces.weak));
            let colour = if answer.is_in_charge { surfaces.accent } else { surfaces.weak };
            let (at, font) = (pos2(answer.x, y - 8.0), cx.theme.small());
            painter.text(at, Align2::CENTER_BOTTOM, answer.letters, font, colour);
        }
    }
    let handle = Rect::from_center_size(pos2(x, y), vec2(6.0, 14.0));
    painter.rect_filled(handle, 2.0, surfaces.accent);
}

/// Where choosers would cut.
struct Answer {
    x: f32,
    /// A letter a chooser: those that lie too close together share a place.
    letters: String,
    /// One of them decides.
    is_in_charge: bool,
}

fn answers(live: &Live, scale: &Scale) -> Vec<Answer> {
    let mut places: Vec<Answer> = Vec::new();
    for (chooser, answer) in live.answers() {
        let Ok(first) = answer else { continue };
        let letter = letter(chooser);
        let is_in_charge = live.draft.spec.knobs.split == SplitChoice::Auto(chooser);
        let x = scale.x_from_tokens(*first);
        match places.iter_mut().find(|place| (place.x - x).abs() < 12.0) {
            Some(place) => {
                place.letters.push_str(letter);
                place.is_in_charge |= is_in_charge;
            }
            None => places.push(Answer { x, letters: letter.to_owned(), is_in_charge }),
        }
    }
    places
}

fn number_ui(ui: &mut Ui, cx: &mut Cx<'_>, first: u32, tokens: u32) {
    ui.horizontal(|ui| {
        let mut value = first;
        let drag = DragValue::new(&mut value).range(1..=tokens - 1).speed(16.0);
        let response = ui.add(drag);
        name_widget(&response, "Tokens in split 0");
        if response.changed() {
            turn(cx, KnobEdit::Split(SplitChoice::Fixed(value)));
        }
        let rest = number::counted((tokens - first).into(), "token");
        ui.label(weak(cx.theme, format!("+ {rest}")));
    });
}
