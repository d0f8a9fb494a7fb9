//! What an iteration consists of in both, and why it takes another time.

use egui::{Grid, Rect, Sense, Ui, pos2, vec2};
use weftscope_traces::{analysis::CompareReport, words::signed_duration};

use crate::{
    app::{Role, State},
    panels::{
        glossary::Term,
        widgets::{Cx, at_right, heading, mono, weak},
    },
    theme::number,
};

/// Terms, then causes; both add up to the change of the iteration.
pub(super) fn causes_ui(ui: &mut Ui, cx: &Cx<'_>, report: &CompareReport) {
    terms_ui(ui, cx, report);
    if report.causes.is_empty() {
        return;
    }
    heading(ui, cx.theme, "Why");
    let most = report.causes.iter().map(|cause| cause.change_ns.abs()).fold(0.0, f64::max);
    for cause in &report.causes {
        ui.horizontal(|ui| {
            bar(ui, cx, cause.change_ns / most.max(1.0));
            let text = format!("{:>9}", signed_duration(cause.change_ns));
            ui.label(mono(cx.theme, text));
            let words = cause.in_words();
            ui.add(egui::Label::new(weak(cx.theme, &words)).truncate()).on_hover_text(&words);
        });
    }
}

fn terms_ui(ui: &mut Ui, cx: &Cx<'_>, report: &CompareReport) {
    let [old, new] = &report.terms;
    let rows = [
        ("computation", old.compute_ns, new.compute_ns),
        ("exposed communication", old.exposed_comm_ns, new.exposed_comm_ns),
        ("exposed copies", old.exposed_copies_ns, new.exposed_copies_ns),
        ("idle", old.idle_ns, new.idle_ns),
        ("median iteration", old.iteration_ns, new.iteration_ns),
    ];
    let help = |name: &str| match name {
        "exposed communication" => Term::Exposed.tooltip(),
        "idle" => Term::Idle.tooltip(),
        "median iteration" => Term::Iteration.tooltip(),
        _ => String::new(),
    };
    let digits = |ns: f64| number::duration_fixed(ns.round() as i64);
    let [first, second] = heads(cx.state);
    Grid::new("terms").spacing([12.0, 2.0]).show(ui, |ui| {
        for head in ["", first, second, "change"] {
            at_right(ui, weak(cx.theme, head).font(cx.theme.small()));
        }
        ui.end_row();
        for (name, old, new) in rows.into_iter().filter(|(_, old, new)| *old + *new > 0.0) {
            let label = ui.label(weak(cx.theme, name));
            if !help(name).is_empty() {
                label.on_hover_text(help(name));
            }
            at_right(ui, mono(cx.theme, digits(old)));
            at_right(ui, mono(cx.theme, digits(new)));
            at_right(ui, mono(cx.theme, signed_duration(new - old)));
            ui.end_row();
        }
    });
}

/// What the two are called, in the order of a report.
pub(super) fn heads(state: &State) -> [&'static str; 2] {
    match state.comparison.as_ref().map(|comparison| comparison.reference.role) {
        Some(Role::Predicted) => ["recorded", "predicted"],
        _ => ["first", "second"],
    }
}

/// A bar from the middle: to the right what takes longer.
fn bar(ui: &mut Ui, cx: &Cx<'_>, share: f64) {
    let (rect, _) = ui.allocate_exact_size(vec2(72.0, 12.0), Sense::hover());
    let s = &cx.theme.surfaces;
    let middle = rect.center().x;
    let end = middle + share.clamp(-1.0, 1.0) as f32 * rect.width() / 2.0;
    let bar = Rect::from_min_max(
        pos2(middle.min(end), rect.top()),
        pos2(middle.max(end).max(middle.min(end) + 1.0), rect.bottom()),
    );
    let fill = if share > 0.0 { s.warn } else { s.accent };
    ui.painter().rect_filled(bar, 1.0, fill);
    ui.painter().vline(middle, rect.y_range(), egui::Stroke::new(1.0, s.hairline));
}
