//! Everything around the timeline. Each panel reads the state and says what the user asked for.
//!
//! To add a panel that folds: its variant and facts (side, size, command, keys) in `gui/src/app/panel.rs`, its drawing in
//! a file of its own here, and its arms of [`panel_ui`] and [`has_content`] below. Menu, palette, keys, key sheet and
//! stored layout follow. A tab of the bottom panel is a variant of [`BottomTab`] and an arm of [`tab_ui`] instead.

mod bottom;
mod centre;
#[cfg(not(target_arch = "wasm32"))]
mod cluster;
mod compare;
#[cfg(feature = "live")]
mod curve;
mod details;
mod diagnostics;
mod doubt;
mod empty;
mod explained;
mod frame_times;
mod glossary;
mod glossed;
mod handle;
mod help;
mod icon;
mod jobs;
#[cfg(feature = "live")]
mod knobs;
mod legend;
#[cfg(feature = "live")]
mod lessons;
mod marks;
mod menu;
#[cfg(feature = "live")]
mod neighbours;
mod notices;
mod pair;
mod palette;
mod path;
mod row_filter;
mod search;
mod selection_card;
#[cfg(all(feature = "live", not(target_arch = "wasm32")))]
mod server;
#[cfg(feature = "live")]
mod serving;
mod sql;
mod statistics;
mod table;
mod tables;
mod token_bar;
mod top_bar;
mod what_if;
mod why;
mod widgets;

pub(crate) use centre::centre_ui;
pub(crate) use diagnostics::strip_ui;
pub(crate) use explained::explained_ui;
pub(crate) use frame_times::{FrameTimes, frame_times_ui};
pub(crate) use glossary::glossary_ui;
pub(crate) use handle::{bottom_handle_ui, narrow_handle_ui, side_handle_ui};
pub(crate) use help::help_ui;
pub(crate) use jobs::jobs_ui;
#[cfg(feature = "gpus")]
pub(crate) use lessons::{GUESS, Slide, slide_ui};
pub(crate) use notices::notices_ui;
pub(crate) use pair::kept_height;
pub(crate) use palette::palette_ui;
pub(crate) use path::path_ui;
pub(crate) use top_bar::top_bar_ui;
pub(crate) use widgets::{Cx, name_region};

use egui::Ui;

use crate::app::{BottomTab, PanelId, State};

/// Draws the inside of a panel.
pub(crate) fn panel_ui(panel: PanelId, ui: &mut Ui, cx: &mut Cx<'_>) {
    name_region(ui, panel.facts().name);
    match panel {
        #[cfg(feature = "live")]
        PanelId::Knobs => knobs::knobs_ui(ui, cx),
        #[cfg(feature = "live")]
        PanelId::Lessons => lessons::lessons_ui(ui, cx),
        PanelId::WhatIf => what_if::what_if_ui(ui, cx),
        PanelId::Why => why::why_ui(ui, cx),
        PanelId::Bottom => bottom::bottom_ui(ui, cx),
        PanelId::Legend => legend::legend_ui(ui, cx),
    }
}

/// True when a panel has something to show; else it is not there, open or not.
pub(crate) fn has_content(panel: PanelId, state: &State) -> bool {
    match panel {
        #[cfg(feature = "live")]
        PanelId::Knobs => knobs::has_content(state),
        #[cfg(feature = "live")]
        PanelId::Lessons => lessons::has_content(state),
        PanelId::WhatIf => what_if::has_content(state),
        PanelId::Why => why::has_content(state),
        PanelId::Bottom => bottom::has_content(state),
        PanelId::Legend => legend::has_content(state),
    }
}

/// Draws the inside of a tab of the bottom panel.
fn tab_ui(tab: BottomTab, ui: &mut Ui, cx: &mut Cx<'_>) {
    match tab {
        BottomTab::Details => details::details_ui(ui, cx),
        BottomTab::Statistics => statistics::statistics_ui(ui, cx),
        #[cfg(feature = "live")]
        BottomTab::Curve => curve::curve_ui(ui, cx),
        #[cfg(feature = "live")]
        BottomTab::Serving => serving::serving_ui(ui, cx),
        #[cfg(feature = "live")]
        BottomTab::Neighbours => neighbours::neighbours_ui(ui, cx),
        // Chosen in a build that can run, remembered here.
        #[cfg(not(feature = "live"))]
        BottomTab::Curve | BottomTab::Serving | BottomTab::Neighbours => {}
        BottomTab::Differences => compare::differences_ui(ui, cx),
        BottomTab::Sql => sql::sql_ui(ui, cx),
        BottomTab::Marks => marks::marks_ui(ui, cx),
        BottomTab::Diagnostics => diagnostics::diagnostics_ui(ui, cx),
    }
}
