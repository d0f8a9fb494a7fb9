//! The dialog in which the desktop, or the browser, lets the user choose files.

use std::path::PathBuf;

use super::{event::Event, path_question::PathPurpose};
use crate::jobs::EventSender;

/// Shows the desktop's dialog on a thread of its own: it blocks until it is answered.
#[cfg(not(target_arch = "wasm32"))]
pub(super) fn browse(purpose: PathPurpose, suggested: PathBuf, events: &EventSender) {
    use std::time::Instant;

    let events = events.clone();
    let started = std::thread::Builder::new().name("file dialog".to_owned()).spawn(move || {
        let asked = Instant::now();
        let paths = pick(purpose, &suggested);
        if !paths.is_empty() {
            events.send(Event::Picked(purpose, paths));
        } else if asked.elapsed() < SOONEST {
            events.send(Event::NoDialog);
        }
    });
    // Without a thread there is no dialog; the path field that asked for it is still there.
    drop(started);
}

/// Shows the browser's dialog. What is chosen comes as bytes, which are held under its name; where to write is the browser's to
/// ask.
#[cfg(target_arch = "wasm32")]
pub(super) fn browse(purpose: PathPurpose, suggested: PathBuf, events: &EventSender) {
    let events = events.clone();
    if matches!(purpose, PathPurpose::Export(_)) {
        events.send(Event::Picked(purpose, vec![suggested]));
        return;
    }
    wasm_bindgen_futures::spawn_local(async move {
        let dialog = rfd::AsyncFileDialog::new().add_filter("files", &endings());
        let mut paths = Vec::new();
        for file in dialog.pick_files().await.unwrap_or_default() {
            let path = PathBuf::from(file.file_name());
            crate::files::hold(path.clone(), file.read().await);
            paths.push(path);
        }
        if !paths.is_empty() {
            events.send(Event::Picked(purpose, paths));
        }
    });
}

/// Nobody closes a dialog so soon: one that is answered before was never shown. Whether it was is not told otherwise.
#[cfg(not(target_arch = "wasm32"))]
const SOONEST: std::time::Duration = std::time::Duration::from_millis(250);

/// True where the desktop's dialog can be asked for: it is reached over the session bus.
pub(crate) fn has_file_dialog() -> bool {
    // A browser has one always.
    !cfg!(target_os = "linux") || std::env::var_os("DBUS_SESSION_BUS_ADDRESS").is_some()
}

/// Endings of the files that can be opened, as a dialog compares them: what follows the last dot.
fn endings() -> Vec<&'static str> {
    let all = weftscope_traces::FORMATS.iter().flat_map(|format| format.endings);
    let mut endings: Vec<_> = all.filter_map(|ending| ending.rsplit('.').next()).collect();
    // Every format may be packed.
    endings.push("gz");
    endings.sort_unstable();
    endings.dedup();
    endings
}

#[cfg(not(target_arch = "wasm32"))]
fn pick(purpose: PathPurpose, suggested: &std::path::Path) -> Vec<PathBuf> {
    match purpose {
        PathPurpose::Open | PathPurpose::Reference => rfd::FileDialog::new()
            .set_title(match purpose {
                PathPurpose::Reference => "Compare with",
                _ => "Open traces",
            })
            .add_filter("traces", &endings())
            .pick_files()
            .unwrap_or_default(),
        #[cfg(feature = "live")]
        PathPurpose::Requests => rfd::FileDialog::new()
            .set_title("Requests to serve")
            .add_filter("tables", &["csv"])
            .pick_file()
            .into_iter()
            .collect(),
        // No dialog shows servers.
        #[cfg(feature = "live")]
        PathPurpose::Server => Vec::new(),
        PathPurpose::Export(_) => rfd::FileDialog::new()
            .set_title("Write to")
            .set_file_name(super::document::short_name(suggested))
            .save_file()
            .into_iter()
            .collect(),
    }
}
