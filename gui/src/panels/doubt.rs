//! What stands beside predicted times: how far they may be off, and what that makes of differences.

use egui::Ui;
#[cfg(feature = "live")]
use egui::{Color32, RichText};
use weftscope_traces::Doubt;

use super::widgets::weak;
use crate::theme::{Theme, number};

/// How far a predicted time may be off; on hovering, where that is known from. Nothing beside a measured one.
pub(super) fn doubt_ui(ui: &mut Ui, theme: &Theme, doubt: Option<Doubt<'_>>) {
    if let Some(doubt) = doubt {
        ui.label(weak(theme, doubt.sign())).on_hover_text(doubt.sentence());
    }
}

/// `1.33 ms ± 2.6 %`.
pub(super) fn with_doubt(ns: i64, doubt: Option<Doubt<'_>>) -> String {
    let time = number::duration_ns(ns);
    doubt.map_or_else(|| time.clone(), |doubt| format!("{time} {}", doubt.sign()))
}

/// `words`, and behind them what to make of two predicted times that differ by less than predictions are off.
#[cfg(feature = "live")]
pub(super) fn with_covered(
    words: &str,
    doubt: Option<Doubt<'_>>,
    (one_ns, other_ns): (i64, Option<i64>),
) -> String {
    let is_covered = |doubt: &Doubt<'_>| other_ns.is_some_and(|ns| doubt.covers(one_ns, ns));
    match doubt.filter(is_covered) {
        Some(doubt) => format!("{words}\n{}", doubt.covered()),
        None => words.to_owned(),
    }
}

/// A reason in small type; where predicted times stand in it, how far those may be off.
#[cfg(feature = "live")]
pub(super) fn reason_ui(
    ui: &mut Ui,
    theme: &Theme,
    (reason, colour): (&str, Color32),
    doubt: Option<Doubt<'_>>,
) {
    let text = match doubt {
        Some(doubt) => format!("{reason}; times {}", doubt.sign()),
        None => reason.to_owned(),
    };
    let response = ui.label(RichText::new(text).color(colour).font(theme.small()));
    if let Some(doubt) = doubt {
        response.on_hover_text(doubt.sentence());
    }
}
