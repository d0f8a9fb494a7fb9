//! What is selected, in two lines over the lower edge of the timeline, while the details are not on screen.

use egui::{
    Align, Area, Color32, Frame, Id, Layout, Margin, Order, Rect, RichText, Ui, pos2, vec2,
};

use super::{
    bottom::shown_tab,
    icon::{Icon, icon_button},
    widgets::{Cx, mono, weak},
};
use crate::{
    app::{BottomTab, Command, Document, Overlay, PanelId, State},
    theme::number,
    timeline::{Selection, ViewCommand, ViewState, facts, selected_y},
};

const WIDTH: f32 = 420.0;
const HEIGHT: f32 = 52.0;
const MARGIN: f32 = 12.0;

/// The card over the timeline in `whole`, away from the row that is selected.
pub(super) fn selection_card_ui(
    ui: &Ui,
    cx: &mut Cx<'_>,
    (document, view): (&Document, &ViewState),
    whole: Rect,
) {
    // What explains it says what it is.
    let is_explained = cx.state.overlay == Overlay::Explanation;
    if view.selection == Selection::None || is_explained || details_are_shown(cx.state) {
        return;
    }
    let rect = place(whole, selected_y(&document.timeline, view, whole));
    let area = Area::new(Id::unique("selection card"))
        .order(Order::Middle)
        .movable(false)
        .constrain(false)
        .fixed_pos(rect.min);
    area.show(ui.ctx(), |ui| {
        let s = &cx.theme.surfaces;
        let frame = Frame::new()
            .fill(s.raised)
            .stroke(egui::Stroke::new(1.0, s.hairline))
            .corner_radius(4.0)
            .inner_margin(Margin::symmetric(8, 4));
        frame.show(ui, |ui| {
            ui.set_width((rect.width() - 18.0).max(0.0));
            match &view.selection {
                Selection::None => {}
                Selection::Slice(slice) => {
                    let name = &document.trace.label_of(*slice).name;
                    let colour = document.timeline.fill(cx.theme, *slice);
                    title_ui(ui, cx, Some(colour), name);
                    let facts = facts(&document.timeline, *slice, view.zero_ns);
                    let words = facts.iter().filter(|(name, _)| ON_CARD.contains(name));
                    line_ui(ui, cx, words.map(|(name, value)| fact(name, value)).collect());
                }
                Selection::Range(range) => {
                    title_ui(ui, cx, None, &number::duration_ns(range.span.len_ns()));
                    let rows = match range.tracks.len() {
                        1 => "1 row".to_owned(),
                        n => format!("{n} rows"),
                    };
                    let from =
                        format!("from {}", number::time_at(range.span.start_ns - view.zero_ns, 1));
                    line_ui(ui, cx, vec![rows, from]);
                }
            }
        });
    });
}

/// The details stand in the bottom panel already.
fn details_are_shown(state: &State) -> bool {
    state.settings.layout.is_open(PanelId::Bottom) && shown_tab(state) == BottomTab::Details
}

/// Low on the right; high when that would lie on what is selected.
fn place(whole: Rect, selected: Option<egui::Rangef>) -> Rect {
    let width = WIDTH.min(whole.width() - 2.0 * MARGIN);
    let left = whole.right() - MARGIN - width;
    let low = whole.bottom() - MARGIN - HEIGHT;
    let rect = Rect::from_min_size(pos2(left, low), vec2(width, HEIGHT));
    let covers = selected.is_some_and(|y| y.max > rect.top() - MARGIN && y.min < rect.bottom());
    if covers { rect.translate(vec2(0.0, whole.top() + MARGIN - low)) } else { rect }
}

/// Facts worth a word on the card.
const ON_CARD: [&str; 8] = ["duration", "kind", "rank", "SM", "stream", "layer", "phase", "split"];

fn fact(name: &str, value: &str) -> String {
    match name {
        "duration" | "kind" => value.to_owned(),
        // `stream 17`, `comm stream`.
        _ if value.split(' ').any(|word| word == name) => value.to_owned(),
        _ => format!("{name} {value}"),
    }
}

fn title_ui(ui: &mut Ui, cx: &mut Cx<'_>, colour: Option<Color32>, name: &str) {
    ui.horizontal(|ui| {
        if let Some(colour) = colour {
            let (swatch, _) = ui.allocate_exact_size(vec2(12.0, 12.0), egui::Sense::hover());
            ui.painter().rect_filled(swatch, 0.0, colour);
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if icon_button(ui, Icon::Cross, "Clear selection", "Esc").clicked() {
                cx.send(Command::View(ViewCommand::ClearSelection));
            }
            if ui.small_button("Details").on_hover_text("All that is known of it").clicked() {
                cx.send(Command::ShowBottom(BottomTab::Details));
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let text = RichText::new(name).color(cx.theme.surfaces.strong).strong();
                ui.add(egui::Label::new(text).truncate());
            });
        });
    });
}

fn line_ui(ui: &mut Ui, cx: &Cx<'_>, words: Vec<String>) {
    ui.horizontal(|ui| {
        let mut words = words.into_iter();
        if let Some(first) = words.next() {
            ui.label(mono(cx.theme, first));
        }
        let rest = words.collect::<Vec<_>>().join(" · ");
        ui.add(egui::Label::new(weak(cx.theme, rest)).truncate());
    });
}
