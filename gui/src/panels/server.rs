//! The server on which the live run is, in the window's foot: how far away it is, and what goes over the connection.

use std::time::Duration;

use egui::{Id, RichText, Ui};

use super::widgets::Cx;
use crate::{
    app::{
        Command,
        live::{LiveCommand, Remote, RemoteStatus},
    },
    remote::Traffic,
    theme::number,
};

/// Time over which bytes a second are counted, s.
const WINDOW_S: f64 = 1.0;

/// One piece of the line; nothing where the run is on this computer.
pub(super) fn server_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let live = cx.state.live.as_ref();
    let Some(remote) = live.and_then(|live| live.remote.as_ref()) else { return };
    let s = &cx.theme.surfaces;
    let (text, colour, about) = match &remote.status {
        RemoteStatus::Connecting(None) => {
            (format!("reaching {}…", remote.name()), s.weak, remote.target.to_string())
        }
        RemoteStatus::Connecting(Some(cause)) => {
            (format!("{} is lost, trying again…", remote.name()), s.warn, cause.clone())
        }
        RemoteStatus::Failed(cause) => {
            (format!("{} is not reached", remote.name()), s.error, cause.clone())
        }
        RemoteStatus::Missing(cause) => {
            (format!("{} has no weftscope", remote.name()), s.error, cause.clone())
        }
        RemoteStatus::Copying => {
            let about = "This program, to ~/.local/bin there".to_owned();
            (format!("copying weftscope to {}…", remote.name()), s.weak, about)
        }
        RemoteStatus::Connected { traffic, .. } => {
            // The picture moves on by itself; that the line does too costs a frame a second.
            ui.ctx().request_repaint_after(Duration::from_secs_f64(WINDOW_S));
            let rate = received_a_second(ui, traffic);
            (words(remote, traffic, rate), s.weak, long_words(remote, traffic))
        }
    };
    ui.label(RichText::new(text).font(cx.theme.small()).color(colour)).on_hover_text(about);
    if let Some(role) = remote.role()
        && role.windows > 1
    {
        let words = match (role.controls, role.is_controlled) {
            (true, _) => "controlling",
            (false, true) => "watching",
            (false, false) => "watching, nobody controls",
        };
        let windows = number::counted(u64::from(role.windows), "window");
        let about = "Several windows see this run. One controls it; the others watch, and their knobs follow what runs.";
        let text = RichText::new(format!("{words}, {windows}")).font(cx.theme.small());
        ui.label(text.color(s.weak)).on_hover_text(about);
    }
    if remote.is_watching() && ui.small_button("Take control").clicked() {
        cx.send(Command::Live(LiveCommand::TakeControl));
    }
    if let RemoteStatus::Missing(_) = remote.status {
        let about = "Puts this program into ~/.local/bin there, where the platform is the same as here, and runs it";
        if ui.small_button("Copy this one there").on_hover_text(about).clicked() {
            cx.send(Command::Live(LiveCommand::Install));
        }
    }
    if matches!(remote.status, RemoteStatus::Failed(_) | RemoteStatus::Missing(_)) {
        if ui.small_button("Try again").clicked() {
            cx.send(Command::Live(LiveCommand::Connect(remote.ssh.clone(), remote.target.clone())));
        }
        if ui.small_button("Run here").clicked() {
            cx.send(Command::Live(LiveCommand::Leave));
        }
    }
    ui.separator();
}

fn words(remote: &Remote, traffic: &Traffic, rate: Option<f64>) -> String {
    let mut parts = vec![remote.name().to_owned()];
    if let Some(trip) = traffic.round_trip() {
        parts.push(number::duration_ns(i64::try_from(trip.as_nanos()).unwrap_or(i64::MAX)));
    }
    parts.extend(rate.map(number::bandwidth));
    let lost = traffic.lost_letters();
    if lost > 0 {
        parts.push(format!("{} lost", number::counted(lost, "message")));
    }
    if remote.gaps.0 > 0 {
        let (times, s) = remote.gaps;
        parts.push(format!("lost {}, {s:.1} s unseen", number::counted(u64::from(times), "time")));
    }
    parts.join(" · ")
}

fn long_words(remote: &Remote, traffic: &Traffic) -> String {
    let trip = traffic.round_trip().map_or_else(
        || "not known yet".to_owned(),
        |trip| number::duration_ns(i64::try_from(trip.as_nanos()).unwrap_or(i64::MAX)),
    );
    let host = match &remote.status {
        RemoteStatus::Connected { host, .. } if !host.is_empty() => host.as_str(),
        _ => "a computer without a name",
    };
    format!(
        "{}, which calls itself {host}\nRound trip {trip}\nReceived {}, sent {}\nMessages lost for want of room: {}",
        remote.target,
        number::bytes(traffic.received_bytes() as f64),
        number::bytes(traffic.sent_bytes() as f64),
        number::count(traffic.lost_letters()),
    )
}

/// Bytes received in the last second or so; `None` until one is over.
fn received_a_second(ui: &Ui, traffic: &Traffic) -> Option<f64> {
    /// Since when, how many then, and what came of the window before.
    type Counted = (f64, u64, Option<f64>);
    let (id, now_s) = (Id::unique("received a second"), ui.input(|input| input.time));
    let bytes = traffic.received_bytes();
    ui.data_mut(|data| {
        let counted = data.get_temp_mut_or_insert_with::<Counted>(id, || (now_s, bytes, None));
        // Another connection counts from 0.
        if bytes < counted.1 {
            *counted = (now_s, bytes, None);
        }
        let over_s = now_s - counted.0;
        if over_s >= WINDOW_S {
            *counted = (now_s, bytes, Some((bytes - counted.1) as f64 / over_s));
        }
        counted.2
    })
}
