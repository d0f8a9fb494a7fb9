//! A question for a path: a field that always works, the desktop's dialog where there is one.

use std::path::Path;

use egui::{Align2, Id, Key, RichText, TextEdit, Ui, Window, vec2};

use super::widgets::{Cx, heading, name_widget, weak};
use crate::app::{Command, Overlay, PathPurpose, PathQuestion, has_file_dialog};

/// The question, when one is asked.
pub(crate) fn path_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let state = cx.state;
    let Overlay::Path(question) = &state.overlay else { return };
    let title = match question.purpose {
        PathPurpose::Open => "Open a trace".to_owned(),
        PathPurpose::Reference => "Compare with".to_owned(),
        #[cfg(feature = "live")]
        PathPurpose::Requests => "Requests of a CSV file".to_owned(),
        #[cfg(all(feature = "live", not(target_arch = "wasm32")))]
        PathPurpose::Server => "Run on a server".to_owned(),
        PathPurpose::Export(format) => format!("Write .{}", format.extension()),
    };
    let mut open = true;
    let window = Window::new(title)
        .id(Id::unique("path"))
        .open(&mut open)
        .collapsible(false)
        .resizable(false)
        .anchor(Align2::CENTER_TOP, vec2(0.0, 64.0))
        .fixed_size(vec2(520.0, 320.0));
    window.show(ui.ctx(), |ui| {
        question_ui(ui, cx, question);
        if matches!(question.purpose, PathPurpose::Open | PathPurpose::Reference) {
            recent_ui(ui, cx, question.purpose);
        }
    });
    if !open {
        cx.send(Command::Escape);
    }
}

fn question_ui(ui: &mut Ui, cx: &mut Cx<'_>, question: &PathQuestion) {
    let mut text = question.text.clone();
    let edit = TextEdit::singleline(&mut text)
        .id(Id::unique("path text"))
        .hint_text(match question.purpose {
            PathPurpose::Open | PathPurpose::Reference => "paths of files or of a folder of ranks",
            #[cfg(all(feature = "live", not(target_arch = "wasm32")))]
            PathPurpose::Server => "ssh://user@host:port, or the link of weftscope serve",
            _ => "path of the file",
        })
        .font(cx.theme.mono())
        .desired_width(f32::INFINITY);
    let response = ui.add(edit);
    name_widget(&response, "Path");
    // Enter leaves the field; a click elsewhere in the dialog should too.
    let accepted = response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
    if !response.has_focus()
        && !response.lost_focus()
        && ui.memory(|memory| memory.focused().is_none())
    {
        response.request_focus();
    }
    if response.changed() {
        cx.send(Command::PathInput(text.clone()));
    }
    let replaces = question.exists.as_deref() == Some(Path::new(text.trim()));
    if replaces {
        let text = RichText::new("This file exists already.").color(cx.theme.surfaces.warn);
        ui.label(text);
    }
    #[cfg(all(feature = "live", not(target_arch = "wasm32")))]
    let is_server = question.purpose == PathPurpose::Server;
    #[cfg(not(all(feature = "live", not(target_arch = "wasm32"))))]
    let is_server = false;
    if is_server {
        let words = "By the system's ssh: names, keys, agents and jump hosts are those of your own configuration, \
             and nothing listens anywhere. weftscope has to be installed there.";
        ui.label(weak(cx.theme, words));
    }
    ui.horizontal(|ui| {
        let verb = match question.purpose {
            PathPurpose::Open => "Open",
            PathPurpose::Reference => "Compare",
            #[cfg(feature = "live")]
            PathPurpose::Requests => "Take it",
            #[cfg(all(feature = "live", not(target_arch = "wasm32")))]
            PathPurpose::Server => "Connect",
            PathPurpose::Export(_) if replaces => "Replace it",
            PathPurpose::Export(_) => "Write",
        };
        let browse = "Browse…";
        let ready = !text.trim().is_empty();
        if ui.add_enabled(ready, egui::Button::new(verb)).clicked() || (accepted && ready) {
            cx.send(Command::PathAccept);
        }
        if is_server {
            return;
        }
        let has_dialog = has_file_dialog();
        let button = ui.add_enabled(has_dialog, egui::Button::new(browse));
        if button
            .on_disabled_hover_text("This desktop offers no file dialog: no session bus")
            .clicked()
        {
            cx.send(Command::Browse(question.purpose));
        }
        if question.purpose == PathPurpose::Open {
            ui.label(weak(cx.theme, "or drop files on the window"));
        }
    });
}

fn recent_ui(ui: &mut Ui, cx: &mut Cx<'_>, purpose: PathPurpose) {
    let recent = &cx.state.settings.recent;
    if recent.is_empty() {
        return;
    }
    heading(ui, cx.theme, "Recent");
    for recent in recent {
        let button = egui::Button::new(recent.place()).truncate().frame_when_inactive(false);
        if ui.add(button).clicked() {
            cx.send(match purpose {
                PathPurpose::Reference => Command::OpenReference(recent.paths()),
                _ => Command::Open(recent.paths()),
            });
        }
    }
    if ui.button("Forget these").clicked() {
        cx.send(Command::ForgetRecent);
    }
}
