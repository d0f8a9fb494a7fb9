//! The ranks of a job in the centre: ranks by iterations, or by time within one, as a heat map.

mod facts;
mod heat_map;
mod scale;

use egui::{Rect, RichText, Ui, UiBuilder, pos2};

use super::widgets::{Cx, badge, strong};
use crate::{
    app::{ClusterCommand, ClusterView, Command},
    cluster::{Measure, Order},
    theme::{number, size},
};

/// Width of what is said of the rank that is looked at.
const FACTS: f32 = 236.0;

/// All of it.
pub(crate) fn cluster_ui(ui: &mut Ui, cx: &mut Cx<'_>, view: &ClusterView) {
    let room = ui.available_rect_before_wrap().shrink(size::GAP);
    ui.scope_builder(UiBuilder::new().max_rect(room), |ui| {
        head_ui(ui, cx, view);
        ui.add_space(size::GRID);
        choice_ui(ui, cx, view);
        ui.add_space(size::GRID);
        let rest = ui.available_rect_before_wrap();
        let edge = (rest.right() - FACTS).max(rest.left() + FACTS);
        let map = Rect::from_min_max(rest.min, pos2(edge - size::GAP, rest.bottom()));
        let facts = Rect::from_min_max(pos2(edge, rest.top()), rest.max);
        heat_map::heat_map_ui(ui, cx, (view, map));
        ui.scope_builder(UiBuilder::new().max_rect(facts), |ui| facts::facts_ui(ui, cx, view));
    });
}

fn head_ui(ui: &mut Ui, cx: &mut Cx<'_>, view: &ClusterView) {
    let cluster = &view.cluster;
    ui.horizontal(|ui| {
        ui.label(strong(cx.theme, format!("Job {}", cluster.job)));
        let mut parts = vec![number::counted(cluster.ranks.len() as u64, "rank")];
        parts.extend(cluster.num_servers().map(|it| number::counted(it as u64, "server")));
        parts.push(number::counted(cluster.iterations.len() as u64, "iteration"));
        if !cluster.unread.is_empty() {
            let unread = number::counted(cluster.unread.len() as u64, "rank");
            parts.push(format!("{unread} not read"));
        }
        ui.label(RichText::new(parts.join(" · ")).color(cx.theme.surfaces.weak));
        let provenance = provenance(view);
        badge(ui, cx.theme, &provenance.to_uppercase(), cx.theme.surfaces.accent_fill);
    });
}

/// Where the times come from, where all ranks say the same.
fn provenance(view: &ClusterView) -> &str {
    let mut all = view.cluster.ranks.iter().map(|rank| rank.of.provenance.as_str());
    match all.next() {
        Some(first) if all.all(|it| it == first) => first,
        Some(_) => "mixed",
        None => "unknown",
    }
}

fn choice_ui(ui: &mut Ui, cx: &mut Cx<'_>, view: &ClusterView) {
    ui.horizontal(|ui| {
        for measure in Measure::ALL {
            let button = ui.selectable_label(view.measure == measure, measure.name());
            if button.on_hover_text(measure.about()).clicked() {
                cx.send(Command::Cluster(ClusterCommand::Measure(measure)));
            }
        }
        ui.separator();
        for order in Order::ALL {
            let button = ui.selectable_label(view.order == order, order.name());
            if button.on_hover_text(order.about()).clicked() {
                cx.send(Command::Cluster(ClusterCommand::Order(order)));
            }
        }
        groups_ui(ui, cx, view);
        if view.rows.len() < view.ordered.len() {
            ui.separator();
            if ui.button("All ranks").clicked() {
                cx.send(Command::Cluster(ClusterCommand::Rows(0..view.ordered.len())));
            }
        }
        let Some((column, within)) = &view.within else { return };
        ui.separator();
        if ui.button("All iterations").clicked() {
            cx.send(Command::Cluster(ClusterCommand::Within(None)));
        }
        let name = iteration(view, *column);
        let text = match within {
            Some(within) => format!(
                "{name}, {}: each rank from its own start",
                number::duration_ns(within.len_ns)
            ),
            None => format!("reading {name}…"),
        };
        ui.label(RichText::new(text).color(cx.theme.surfaces.weak));
    });
}

/// Orders by groups, as far as these are read.
fn groups_ui(ui: &mut Ui, cx: &mut Cx<'_>, view: &ClusterView) {
    let by_group = match view.order {
        Order::Group(family) => Some(family),
        _ => None,
    };
    let families = view.groups.as_deref().map_or(&[][..], |groups| &groups.families);
    let named = by_group.and_then(|family| families.get(family));
    let text = named.map_or("by group".to_owned(), |family| format!("by {}", family.name));
    let can_order = families.iter().any(|family| family.groups.len() > 1);
    let hint = match &view.groups {
        None => "Groups are being read",
        Some(groups) if groups.families.is_empty() => "No op of these digests says its group",
        Some(_) if !can_order => "All ranks are in one group",
        Some(_) => Order::Group(0).about(),
    };
    let button = egui::Button::selectable(by_group.is_some(), text);
    ui.add_enabled_ui(can_order, |ui| {
        let menu = egui::containers::menu::MenuButton::from_button(button).ui(ui, |ui| {
            // One group of all is no order.
            let several = families.iter().enumerate().filter(|(_, family)| family.groups.len() > 1);
            for (at, family) in several {
                let count = number::counted(family.groups.len() as u64, "group");
                let text = format!("{}: {count}", family.name);
                if ui.selectable_label(by_group == Some(at), text).clicked() {
                    cx.send(Command::Cluster(ClusterCommand::Order(Order::Group(at))));
                    ui.close();
                }
            }
        });
        menu.0.on_hover_text(hint).on_disabled_hover_text(hint);
    });
}

/// Name of a column.
fn iteration(view: &ClusterView, column: usize) -> String {
    match view.cluster.iterations.get(column) {
        Some(Some(number)) => format!("iteration {number}"),
        _ => "all of the recording".to_owned(),
    }
}
