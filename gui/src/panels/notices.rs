//! Messages to the user: a strip at the lower right, newest below. What went well goes by itself after a while, what is odd or
//! did not happen stays until it is dismissed.

use egui::{Align2, Area, Color32, Frame, Id, Margin, Order, Response, Ui, vec2};

use super::icon::{Icon, icon_button, paint_icon};
use super::widgets::{Cx, weak};
use crate::app::{Command, NoticeId, Severity};

/// Widest notice.
const WIDTH: f32 = 420.0;
/// Seconds for which something finished is said; the pointer on it holds it.
const DONE_S: f64 = 6.0;

/// The notices, over everything else.
pub(crate) fn notices_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let state = cx.state;
    if state.notices.iter().next().is_none() {
        return;
    }
    let area = Area::new(Id::unique("notices"))
        .order(Order::Foreground)
        .anchor(Align2::RIGHT_BOTTOM, vec2(-12.0, -12.0));
    area.show(ui.ctx(), |ui| {
        ui.set_max_width(WIDTH);
        if state.notices.dropped() > 0 {
            let text = format!("{} older notices not shown", state.notices.dropped());
            ui.label(weak(cx.theme, text).font(cx.theme.small()));
        }
        for notice in state.notices.iter() {
            let (icon, colour) = look(cx, notice.severity);
            let frame = Frame::new()
                .fill(cx.theme.surfaces.raised)
                .stroke(egui::Stroke::new(1.0, cx.theme.surfaces.hairline))
                .corner_radius(4.0)
                .inner_margin(Margin::symmetric(8, 6));
            let shown = frame.show(ui, |ui| {
                ui.horizontal_top(|ui| {
                    let (rect, _) = ui.allocate_exact_size(vec2(14.0, 14.0), egui::Sense::hover());
                    paint_icon(ui.painter(), rect.shrink(1.0), icon, colour);
                    let width = WIDTH - 72.0;
                    ui.scope(|ui| {
                        ui.set_max_width(width);
                        ui.add(egui::Label::new(&notice.text).wrap());
                    });
                    if icon_button(ui, Icon::Cross, "Dismiss", "Take this off the screen").clicked()
                    {
                        cx.send(Command::Dismiss(notice.id));
                    }
                });
            });
            if notice.severity == Severity::Done && is_over(ui, notice.id, &shown.response) {
                cx.send(Command::Dismiss(notice.id));
            }
        }
    });
}

/// True once a notice has been on the screen for long enough without the pointer on it.
fn is_over(ui: &Ui, notice: NoticeId, shown: &Response) -> bool {
    let id = Id::unique(("notice since", notice));
    let now_s = ui.input(|input| input.time);
    let since_s: f64 = ui.data_mut(|data| {
        let since_s = data.get_temp_mut_or(id, now_s);
        if shown.contains_pointer() {
            *since_s = now_s;
        }
        *since_s
    });
    let left_s = since_s + DONE_S - now_s;
    if left_s > 0.0 {
        ui.ctx().request_repaint_after_secs(left_s as f32);
    }
    left_s <= 0.0
}

fn look(cx: &Cx<'_>, severity: Severity) -> (Icon, Color32) {
    let surfaces = &cx.theme.surfaces;
    match severity {
        Severity::Done => (Icon::Tick, surfaces.weak),
        Severity::Warning => (Icon::Warning, surfaces.warn),
        Severity::Error => (Icon::Warning, surfaces.error),
    }
}
