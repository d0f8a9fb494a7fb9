//! What is said of the rank that is looked at, and who stands out.

use egui::{Grid, RichText, Sense, Ui};
use weftscope_traces::words;

use super::super::widgets::{Cx, at_right, heading, mono, sentence, weak};
use crate::{
    app::{ClusterCommand, ClusterView, Command},
    cluster::Measure,
    theme::number,
};

/// Ranks that are named as those with most.
const NAMED: usize = 8;

/// Beside the map.
pub(super) fn facts_ui(ui: &mut Ui, cx: &mut Cx<'_>, view: &ClusterView) {
    rank_ui(ui, cx, view);
    groups_ui(ui, cx, view);
    most_ui(ui, cx, view);
    ui.add_space(crate::theme::size::GAP);
    let help = "Click: look at a rank. Two clicks: look into an iteration. Wheel: fewer ranks or more. Drag: other ranks.";
    ui.label(weak(cx.theme, help).font(cx.theme.small()));
}

fn rank_ui(ui: &mut Ui, cx: &mut Cx<'_>, view: &ClusterView) {
    let Some((at, rank)) = view.selected.and_then(|at| Some((at, view.cluster.ranks.get(at)?)))
    else {
        heading(ui, cx.theme, "No rank is looked at");
        return;
    };
    heading(ui, cx.theme, &format!("Rank {}", rank.of.rank));
    let server = rank.of.server.as_deref().unwrap_or("server not known");
    ui.label(weak(cx.theme, server));
    Grid::new("rank").num_columns(2).show(ui, |ui| {
        let rows = rank.rows.iter().flatten();
        let lens: Vec<i64> = rows.map(|row| row.end_ns - row.start_ns).collect();
        let mean_ns = lens.iter().sum::<i64>() / (lens.len() as i64).max(1);
        ui.label("an iteration, mean");
        at_right(ui, mono(cx.theme, number::duration_ns(mean_ns)));
        ui.end_row();
        for measure in Measure::ALL {
            ui.label(measure.name()).on_hover_text(measure.about());
            let value = view.cluster.mean(at, measure);
            at_right(ui, mono(cx.theme, value.map_or("–".to_owned(), share)));
            ui.end_row();
        }
    });
    let open = ui.add_enabled(rank.of.recording.is_some(), egui::Button::new("Open its recording"));
    let open = match &rank.of.recording {
        Some(path) => open.on_hover_text(format!("{server}: {path}")),
        None => open.on_disabled_hover_text("Its digest names none"),
    };
    if open.clicked() {
        cx.send(Command::Cluster(ClusterCommand::Open(at)));
    }
}

/// The groups of the rank that is looked at; a click marks the ranks of one.
fn groups_ui(ui: &mut Ui, cx: &mut Cx<'_>, view: &ClusterView) {
    let (Some(rank), Some(groups)) = (view.selected, &view.groups) else { return };
    let own = groups.of_rank(rank);
    heading(ui, cx.theme, if own.is_empty() { "In no group that is known" } else { "Its groups" });
    for &at in own {
        let (group, is_marked) = (&groups.all[at], view.marked == Some(at));
        let name = groups.family_of(at).map_or(group.kind.name(), |family| &family.name);
        let ranks = words::ranks(&group.ranks);
        let text = format!("{name}: {ranks}");
        let colour = if is_marked { cx.theme.surfaces.accent } else { cx.theme.surfaces.text };
        // Its own tooltip would stand beside the one below, which has all of it.
        let label = egui::Label::new(RichText::new(text).color(colour)).truncate();
        let label = label.show_tooltip_when_elided(false).sense(Sense::click());
        let label = ui.add(label);
        let count = number::counted(group.ranks.len() as u64, "rank");
        let about = format!("{}, {count}: {}\n{ranks}", group.kind.about(), group.why.words());
        if label.on_hover_text(about).clicked() {
            let marked = (!is_marked).then_some(at);
            cx.send(Command::Cluster(ClusterCommand::Mark(marked)));
        }
    }
}

/// The ranks with most of what is shown, by their means; a click looks at one.
fn most_ui(ui: &mut Ui, cx: &mut Cx<'_>, view: &ClusterView) {
    heading(ui, cx.theme, view.measure.most());
    Grid::new("most").num_columns(2).show(ui, |ui| {
        for &at in view.most_first.iter().take(NAMED) {
            let Some(value) = view.cluster.mean(at, view.measure) else { continue };
            let of = &view.cluster.ranks[at].of;
            let selected = view.selected == Some(at);
            let colour = if selected { cx.theme.surfaces.accent } else { cx.theme.surfaces.text };
            let server = of.server.as_deref().map_or_else(String::new, |it| format!(" · {it}"));
            let text = RichText::new(format!("rank {}{server}", of.rank)).color(colour);
            let name = ui.add(egui::Label::new(text).extend().sense(Sense::click()));
            if name.clicked() {
                cx.send(Command::Cluster(ClusterCommand::Select(Some(at))));
            }
            at_right(ui, mono(cx.theme, share(value)));
            ui.end_row();
        }
    });
    if view.measure == Measure::Waiting {
        let text =
            "Who waits least is whom the others wait for: see slower, or the end of this order.";
        sentence(ui, cx.theme, text);
    }
}

/// A share in words.
pub(super) fn share(value: f64) -> String {
    number::percent(value)
}
