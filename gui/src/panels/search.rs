//! Looking for slices in the timeline, and the grammar of that in a line.

use egui::{Id, Key, Label, Margin, Modifiers, RichText, TextEdit, Ui};
use weftscope_traces::analysis::{Query, UnknownKey};

use super::icon::{Icon, icon_button};
use super::widgets::{Cx, mono, name_widget, weak};
use crate::{
    app::Command,
    files::did_you_mean,
    keys::{is_pressed, plain},
    theme::number,
    timeline::{Search, ViewCommand},
};

/// The strip of the search, when it is open.
pub(super) fn search_ui(ui: &mut Ui, cx: &mut Cx<'_>, search: &Search) {
    if !cx.state.searching {
        return;
    }
    let frame = egui::Frame::new().fill(cx.theme.surfaces.panel).inner_margin(Margin {
        left: 12,
        right: 12,
        top: 2,
        bottom: 6,
    });
    frame.show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.spacing_mut().item_spacing.y = 4.0;
        ui.horizontal(|ui| strip_ui(ui, cx, search));
        help_ui(ui, cx, search);
    });
}

fn strip_ui(ui: &mut Ui, cx: &mut Cx<'_>, search: &Search) {
    let mut text = search.text.clone();
    let edit = TextEdit::singleline(&mut text).hint_text("Find ops").desired_width(240.0);
    let response = ui.add(edit);
    name_widget(&response, "Search");
    if response.changed() {
        cx.send(Command::View(ViewCommand::Search(text)));
    }
    let enter = ui.input(|input| input.key_pressed(Key::Enter));
    if response.lost_focus() && enter {
        let back = ui.input(|input| input.modifiers.contains(Modifiers::SHIFT));
        cx.send(Command::View(ViewCommand::SearchStep(if back { -1 } else { 1 })));
        response.request_focus();
    } else if is_asked_for(ui) {
        response.request_focus();
    }
    let found_ui = ui.label(mono(cx.theme, found(search)));
    if search.is_of_more() {
        found_ui.on_hover_text(OF_MORE);
    }
    if icon_button(ui, Icon::Left, "Previous hit", "Shift+Enter").clicked() {
        cx.send(Command::View(ViewCommand::SearchStep(-1)));
    }
    if icon_button(ui, Icon::Right, "Next hit", "Enter").clicked() {
        cx.send(Command::View(ViewCommand::SearchStep(1)));
    }
    if icon_button(ui, Icon::Cross, "Close search", "Esc").clicked() {
        cx.send(Command::ToggleSearch);
    }
}

/// True in the frame that opens the strip, and when its key is pressed while nothing is typed into: from then on the keys of
/// the timeline are the timeline's again as soon as it is clicked.
fn is_asked_for(ui: &Ui) -> bool {
    let (id, pass) = (Id::unique("search strip"), ui.ctx().cumulative_pass_nr());
    let last = ui.data_mut(|data| data.get_temp(id));
    ui.data_mut(|data| data.insert_temp(id, pass));
    let is_new = last.is_none_or(|last: u64| last + 1 < pass);
    let is_typing = ui.ctx().egui_wants_keyboard_input();
    is_new || (!is_typing && ui.input(|input| is_pressed(input, &plain(Key::Slash))))
}

/// `12 hits`, `3 of 12`; nothing while nothing is looked for.
fn found(search: &Search) -> String {
    match (search.count(), search.number()) {
        (Some(count), None) => number::counted(count as u64, "hit"),
        (Some(count), Some(at)) => {
            format!("{} of {}", number::count(at as u64), number::count(count as u64))
        }
        (None, _) if search.is_of_more() => "needs all of it".to_owned(),
        (None, _) if search.unfinished().is_some() => "searching…".to_owned(),
        (None, _) => String::new(),
    }
}

/// What can be typed, or which word is wrong and what should stand there. One line in either case, so that rows stay
/// where they are while somebody types.
fn help_ui(ui: &mut Ui, cx: &Cx<'_>, search: &Search) {
    let theme = cx.theme;
    let wrong = search.wrong().map(ToString::to_string).or_else(|| {
        let UnknownKey { word, key } = search.unknown()?;
        let near = did_you_mean(key, Query::KEYS);
        let all = if near.is_empty() { format!(": {}", Query::KEYS.join(", ")) } else { near };
        Some(format!("{word} is in no name, and {key} is none of the filters{all}"))
    });
    let text = match wrong {
        Some(wrong) => RichText::new(wrong).color(theme.surfaces.warn),
        None => weak(theme, format!("parts of a name, {}", Query::EXAMPLES.join("  "))),
    };
    let line = Label::new(text.font(theme.small())).truncate();
    ui.add(line).on_hover_text(GRAMMAR);
}

/// What can be done where only a part of a recording is here.
const OF_MORE: &str = "A part of this recording is here, and not all of the rows that this looks at. Ops are: in:stream looks at them alone.";

/// The whole of it.
const GRAMMAR: &str = "\
Words are joined by and; any other word must occur in the name.
layer:3  split:0  phase:A  rank:2
kind:gemm, attention, norm, elementwise, comm, wait, memcpy, host, mark, other
in:sm blocks, in:inside what kernels say in them, in:stream ops, in:host calls, in:all; without it ops and calls
dur>100us  dur<=1.5ms  dur:10us..50us (both included), in ns, us, ms or s";
