//! What is in view and what it is held against, one over the other on one clock.

use egui::{Align, CursorIcon, Id, Layout, Rect, RichText, Sense, Ui, UiBuilder, pos2};

use super::{
    icon::{Icon, icon_button},
    widgets::{Cx, draw_as, mono, weak},
};
use crate::{
    app::{BottomTab, Command, CompareCommand, Comparison, Document, Pane, Predicted, State},
    theme::number,
    timeline::{ViewCommand, ViewState, timeline_ui},
};

/// Height of the line over a timeline.
const LINE: f32 = 24.0;
/// Least height of a timeline.
const LEAST: f32 = 60.0;
/// What two timelines, one over the other, keep of a low window, with the legend under them: each has its ruler, its
/// iterations and two ranks then.
const KEPT: f32 = 376.0;

/// Height that panels below leave to what is in view; 0 where it can do with little.
pub(crate) fn kept_height(state: &State) -> f32 {
    state.comparison.as_ref().filter(|comparison| comparison.is_beside).map_or(0.0, |_| KEPT)
}

/// Both timelines, or only the one in view under its line; says where that one lies.
pub(super) fn pair_ui(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    comparison: &Comparison,
    (document, view): (&std::sync::Arc<Document>, &ViewState),
) -> Rect {
    let whole = ui.available_rect_before_wrap();
    ui.advance_cursor_after_rect(whole);
    let room = (whole.height() - 2.0 * LINE - 2.0 * LEAST).max(0.0);
    let height = LEAST + room * comparison.share;
    let middle = if comparison.is_beside { whole.top() + LINE + height } else { whole.top() };
    let strip = |top: f32, bottom: f32| {
        Rect::from_min_max(pos2(whole.left(), top), pos2(whole.right(), bottom))
    };
    if comparison.is_beside {
        line(ui, cx, strip(whole.top(), whole.top() + LINE), |ui, cx| {
            reference_line_ui(ui, cx, comparison);
        });
        let held = &comparison.reference;
        let at = strip(whole.top() + LINE, middle);
        for command in timeline(ui, cx, at, Pane::Reference, (&held.document, &held.view)) {
            cx.send(Command::Compare(CompareCommand::Look(command)));
        }
        divider_ui(ui, cx, strip(middle - 3.0, middle + 3.0), (comparison.share, room));
    }
    line(ui, cx, strip(middle, middle + LINE), |ui, cx| {
        view_line_ui(ui, cx, comparison, document);
    });
    let at = strip(middle + LINE, whole.bottom());
    for command in timeline(ui, cx, at, Pane::InView, (document, view)) {
        cx.send(Command::View(command));
    }
    at
}

/// A timeline, and what is asked of it. Keys and the wheel are for the one under the pointer; a drag stays with the one it
/// began in.
fn timeline(
    ui: &mut Ui,
    cx: &Cx<'_>,
    rect: Rect,
    pane: Pane,
    (document, view): (&Document, &ViewState),
) -> Vec<ViewCommand> {
    let id = Id::unique("pane under the pointer");
    let (at, is_down) = ui.input(|input| (input.pointer.hover_pos(), input.pointer.any_down()));
    if at.is_some_and(|at| rect.contains(at)) && !is_down {
        ui.data_mut(|data| data.insert_temp(id, pane == Pane::Reference));
    }
    let is_reference = ui.data(|data| data.get_temp(id)).unwrap_or(false);
    let is_active = is_reference == (pane == Pane::Reference);
    let builder = UiBuilder::new().max_rect(rect).id_salt(("pane", pane == Pane::Reference));
    let mut ui = ui.new_child(builder);
    ui.set_clip_rect(rect.intersect(ui.clip_rect()));
    let mut commands = timeline_ui(&mut ui, &document.timeline, view, cx.theme);
    commands.retain(|command| is_active || is_its_own(command));
    commands
}

/// True for what comes of a menu, a card or a bar of the timeline itself, wherever that reaches.
fn is_its_own(command: &ViewCommand) -> bool {
    use ViewCommand as C;
    matches!(
        command,
        C::Hover(_)
            | C::Scroll(_)
            | C::Pin(_)
            | C::Hide(_)
            | C::ShowAllRows
            | C::MoveRow(..)
            | C::OpenMark(_)
            | C::EditMark { .. }
            | C::RemoveMark(_)
            | C::ShowMark(_)
    )
}

fn line(ui: &mut Ui, cx: &mut Cx<'_>, rect: Rect, add: impl FnOnce(&mut Ui, &mut Cx<'_>)) {
    ui.painter().rect_filled(rect, 0.0, cx.theme.surfaces.raised);
    let inside = rect.shrink2(egui::vec2(8.0, 2.0));
    let builder = UiBuilder::new().max_rect(inside).id_salt(("line", rect.top() as i32));
    let mut ui = ui.new_child(builder);
    ui.set_clip_rect(rect.intersect(ui.clip_rect()));
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| add(ui, cx));
}

/// The edge between the two, to be dragged.
fn divider_ui(ui: &Ui, cx: &mut Cx<'_>, rect: Rect, (share, room): (f32, f32)) {
    let response = ui.interact(rect, Id::unique("compare divider"), Sense::drag());
    draw_as(&response, egui::Role::Splitter, "height of the first");
    if response.hovered() || response.dragged() {
        ui.ctx().set_cursor_icon(CursorIcon::ResizeVertical);
    }
    if response.dragged() && room > 0.0 {
        let share = share + response.drag_delta().y / room;
        cx.send(Command::Compare(CompareCommand::Share(share)));
    }
}

/// What the other is held against.
fn reference_line_ui(ui: &mut Ui, cx: &mut Cx<'_>, comparison: &Comparison) {
    let held = &comparison.reference;
    let tooltip = "Stop comparing (Shift+B)";
    if icon_button(ui, Icon::Cross, "Stop comparing", tooltip).clicked() {
        cx.send(Command::Compare(CompareCommand::Release));
    }
    let ([place, _], [which, _]) = (held.role.places(), held.role.names());
    let ns = comparison.report.as_ref().map(|report| report.iteration_ns[place]);
    let about = (&*held.document, held.iteration, Pane::Reference);
    about_ui(ui, cx, (which, &held.name), about, ns);
}

/// What is in view, what differs, and how both are shown.
fn view_line_ui(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    comparison: &Comparison,
    document: &std::sync::Arc<Document>,
) {
    if !comparison.is_beside
        && icon_button(ui, Icon::Cross, "Stop comparing", "Stop comparing (Shift+B)").clicked()
    {
        cx.send(Command::Compare(CompareCommand::Release));
    }
    let differences = ui.selectable_label(false, "Differences");
    if differences.on_hover_text("What differs, by cause and by op").clicked() {
        cx.send(Command::ShowBottom(BottomTab::Differences));
    }
    let role = comparison.reference.role;
    let [held, shown] = role.names().map(str::to_lowercase);
    for (is_on, name, tooltip, command) in [
        (
            comparison.has_ghost,
            "Ghost",
            format!("The {held} as outlines in the {shown}"),
            CompareCommand::ToggleGhost,
        ),
        (
            comparison.is_beside,
            "Beside",
            format!("The {held} over the {shown}"),
            CompareCommand::ToggleBeside,
        ),
    ] {
        if ui.selectable_label(is_on, name).on_hover_text(tooltip).clicked() {
            cx.send(Command::Compare(command));
        }
    }
    let report = comparison.report_of(document);
    let ([_, place], [_, which]) = (role.places(), role.names());
    let ns = report.map(|report| report.iteration_ns[place]);
    let about = (&**document, comparison.iteration_of(document), Pane::InView);
    about_ui(ui, cx, (which, "in view"), about, ns);
}

/// Which of the two, its name, its iteration and how long that takes; laid out from the right, the name takes what is left, and
/// where too little is left for which of the two it is, words that hovering says too are left out.
fn about_ui(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    (which, name): (&str, &str),
    (document, iteration, pane): (&Document, Option<usize>, Pane),
    ns: Option<i64>,
) {
    ui.add_space(8.0);
    let time = ns.map_or_else(|| "…".to_owned(), number::duration_fixed);
    let strong = cx.theme.surfaces.strong;
    let kept = width(ui, cx, which);
    let (sign, sentence) = doubt_of(cx, document).unzip();
    let of_time = width(ui, cx, &time) * MONO;
    let sign = sign.filter(|sign| width(ui, cx, sign) + of_time + kept <= ui.available_width());
    let mut about = "Median iteration on all ranks".to_owned();
    match (sign, sentence) {
        (Some(sign), Some(sentence)) => {
            ui.label(weak(cx.theme, sign)).on_hover_text(sentence);
        }
        (None, Some(sentence)) => about = format!("{about}. {sentence}"),
        _ => {}
    }
    ui.label(mono(cx.theme, time).color(strong)).on_hover_text(about);
    iteration_ui(ui, cx, (document, iteration, pane), kept);
    let origin = document.trace.meta.provenance.badge().to_lowercase();
    if width(ui, cx, &origin) + kept <= ui.available_width() {
        ui.label(weak(cx.theme, origin));
    }
    ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
        ui.label(RichText::new(which).color(strong).strong());
        let label = egui::Label::new(weak(cx.theme, name)).truncate();
        ui.add(label).on_hover_text(&document.title);
    });
}

/// Signs of one width are wider than those of words by this share at most.
const MONO: f32 = 1.3;

/// How far the document's times may be off, as a sign and as a sentence; nothing of what was measured.
fn doubt_of(cx: &Cx<'_>, document: &Document) -> Option<(String, String)> {
    let predicted = cx.state.what_if.predicted.as_deref();
    match predicted.filter(|predicted| std::ptr::eq(&*predicted.document, document)) {
        Some(Predicted { answer, .. }) => Some((answer.error_sign(), answer.error_in_words())),
        None => document.trace.meta.doubt().map(|doubt| (doubt.sign(), doubt.sentence())),
    }
}

/// Points that a word takes in a line, with the gap beside it.
fn width(ui: &Ui, cx: &Cx<'_>, text: &str) -> f32 {
    let galley =
        ui.painter().layout_no_wrap(text.to_owned(), cx.theme.body(), cx.theme.surfaces.text);
    galley.size().x + ui.spacing().item_spacing.x
}

/// Which iteration is compared, where there are several; without its number where that leaves less than `kept` points.
fn iteration_ui(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    (document, iteration, pane): (&Document, Option<usize>, Pane),
    kept: f32,
) {
    let count = document.timeline.iterations().len();
    if count < 2 {
        return;
    }
    let turn = |by| Command::Compare(CompareCommand::Iteration(pane, by));
    let text = match iteration {
        Some(index) => format!("iteration {} of {count}", index + 1),
        None => format!("all {count} iterations"),
    };
    let buttons = 2.0 * (20.0 + ui.spacing().item_spacing.x);
    let has_room = width(ui, cx, &text) + buttons + kept <= ui.available_width();
    let next = format!("Compare the next iteration; now {text}");
    if icon_button(ui, Icon::Right, "Next iteration", &next).clicked() {
        cx.send(turn(1));
    }
    if has_room {
        ui.label(weak(cx.theme, &text));
    }
    let before = format!("Compare the iteration before; now {text}");
    if icon_button(ui, Icon::Left, "Iteration before", &before).clicked() {
        cx.send(turn(-1));
    }
}
