//! What can be turned of a change that is in force; gives the change as it is then typed.

use egui::{ComboBox, DragValue, Ui};
use weftscope_traces::{
    Kind,
    replay::{Cut, Edit},
};

use crate::{
    app::Document,
    panels::widgets::{Cx, name_widget, weak},
    what_if::machine_names,
};

/// The controls of an edit, if it has any; the text of it when one was turned.
pub(super) fn parameter_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    document: &Document,
    (at, edit): (usize, &Edit),
) -> Option<String> {
    match edit {
        Edit::CommTimes(factor) => factor_ui(ui, *factor).map(|new| format!("comm={new}")),
        Edit::CommSms(sms) => count_ui(ui, *sms, 1024, " SMs").map(|sms| format!("comm-sms={sms}")),
        Edit::Weave(cut) => cut_ui(ui, cx, (at, *cut)),
        Edit::KindTimes(kind, factor) => {
            let kinds = Edit::KINDS.map(Kind::words);
            let chosen = choice_ui(ui, ("kind", at), kind.words(), &kinds)
                .and_then(|words| Edit::KINDS.into_iter().find(|kind| kind.words() == words));
            let turned = factor_ui(ui, *factor);
            let name = chosen.unwrap_or(*kind).name();
            (chosen.is_some() || turned.is_some())
                .then(|| format!("{name}={}", turned.unwrap_or(*factor)))
        }
        Edit::Straggler { rank, late_ns } => straggler_ui(ui, document, (at, *rank, *late_ns)),
        Edit::Machine(change) => {
            let names = machine_names();
            choice_ui(ui, ("machine", at), &change.to.name, &names)
                .map(|name| format!("machine={name}"))
        }
        Edit::Tp { ranks, .. } => {
            count_ui(ui, *ranks, 64, " ranks").map(|ranks| format!("tp={ranks}"))
        }
        Edit::NoComm | Edit::FuseNorm | Edit::NoStraggler | Edit::NoLaunch | Edit::SteadyHost => {
            None
        }
    }
}

fn factor_ui(ui: &mut Ui, factor: f64) -> Option<f64> {
    let mut value = factor;
    let drag = DragValue::new(&mut value)
        .range(0.01..=100.0)
        .speed(0.01)
        .max_decimals(2)
        .suffix("×")
        .update_while_editing(false);
    let response = ui.add(drag).on_hover_text("So many times as long");
    name_widget(&response, "Factor");
    // As it is shown, so that no digits come out of a drag that nobody sees.
    response.changed().then(|| (value * 100.0).round() / 100.0)
}

fn count_ui(ui: &mut Ui, count: u32, most: u32, suffix: &str) -> Option<u32> {
    let mut value = count;
    let drag = DragValue::new(&mut value)
        .range(1..=most)
        .speed(0.1)
        .suffix(suffix)
        .update_while_editing(false);
    let response = ui.add(drag);
    name_widget(&response, suffix.trim());
    response.changed().then_some(value)
}

/// The best cut, found anew, or one of the user's own in percent of the tokens.
fn cut_ui(ui: &mut Ui, cx: &Cx<'_>, (at, cut): (usize, Cut)) -> Option<String> {
    let predicted = cx.state.what_if.predicted.as_ref();
    let found = predicted.and_then(|predicted| {
        let share = predicted.answer.edits.get(at)?.strip_prefix("weave=")?;
        share.parse::<f64>().ok()
    });
    let mut is_best = cut == Cut::Best;
    if ui.checkbox(&mut is_best, "best cut").changed() {
        let share = found.unwrap_or(0.5);
        return Some(if is_best { "weave".to_owned() } else { format!("weave={share}") });
    }
    let Cut::At(share) = cut else {
        if let Some(share) = found {
            ui.label(weak(cx.theme, format!("at {:.0} %", 100.0 * share)));
        }
        return None;
    };
    let mut percent = (100.0 * share).round() as u32;
    let drag = DragValue::new(&mut percent)
        .range(5..=95)
        .speed(0.2)
        .suffix(" %")
        .update_while_editing(false);
    let response = ui.add(drag).on_hover_text("Share of the tokens in the first part");
    name_widget(&response, "Cut");
    response.changed().then(|| format!("weave={}", f64::from(percent) / 100.0))
}

fn straggler_ui(
    ui: &mut Ui,
    document: &Document,
    (at, rank, late_ns): (usize, u32, i64),
) -> Option<String> {
    let ranks: Vec<String> =
        document.timeline.ranks.iter().map(|rows| rows.rank.to_string()).collect();
    let ranks: Vec<&str> = ranks.iter().map(String::as_str).collect();
    ui.label("rank");
    let chosen = choice_ui(ui, ("rank", at), &rank.to_string(), &ranks);
    let mut late_us = late_ns as f64 / 1e3;
    let drag = DragValue::new(&mut late_us)
        .range(0.0..=1e6)
        .speed(1.0)
        .max_decimals(1)
        .suffix(" µs late")
        .update_while_editing(false);
    let response = ui.add(drag);
    name_widget(&response, "Late by");
    let rank = chosen.clone().unwrap_or_else(|| rank.to_string());
    (chosen.is_some() || response.changed())
        .then(|| format!("straggler={rank}:{}ns", (late_us * 1e3).round()))
}

/// One of several; the new one when it was chosen.
fn choice_ui(ui: &mut Ui, id: (&str, usize), chosen: &str, all: &[&str]) -> Option<String> {
    let mut new = None;
    let shown = ComboBox::from_id_salt(id).selected_text(chosen).show_ui(ui, |ui| {
        for &one in all {
            if ui.selectable_label(one == chosen, one).clicked() && one != chosen {
                new = Some(one.to_owned());
            }
        }
    });
    name_widget(&shown.response, id.0);
    new
}
