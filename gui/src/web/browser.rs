//! What the window asks of the browser around it: files, the address, the title of its tab.

use std::path::PathBuf;

use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::Response;

use crate::{
    app::Event,
    files::{Sample, hold, is_held},
    jobs::{Asked, EventSender},
};

/// Reads files that were dropped on the page, and opens them as one document when all are there.
pub(crate) fn take_in(dropped: Vec<egui::DroppedFileHandle>, events: EventSender) {
    wasm_bindgen_futures::spawn_local(async move {
        let mut paths = Vec::with_capacity(dropped.len());
        for file in dropped {
            let name = PathBuf::from(file.path());
            match file.bytes_async().await {
                Ok(bytes) => hold(name.clone(), bytes),
                // Opening says that it is not there; the browser says why.
                Err(error) => web_sys::console::error_1(&error.into()),
            }
            paths.push(name);
        }
        events.send(Event::Dropped(paths));
    });
}

/// What the page's address says behind its `#`.
pub(crate) fn fragment() -> String {
    let hash = web_sys::window().and_then(|window| window.location().hash().ok());
    hash.unwrap_or_default().trim_start_matches('#').to_owned()
}

/// Has the address say so, without a step in the browser's history.
pub(crate) fn set_fragment(fragment: &str) {
    let Some(window) = web_sys::window() else { return };
    // An empty one would leave the old in place.
    let fragment = format!("#{fragment}");
    let history = window.history();
    // In a frame without an address of its own there is none to keep.
    let _kept = history
        .and_then(|history| history.replace_state_with_url(&JsValue::NULL, "", Some(&fragment)));
}

/// Has the browser's tab say so.
pub(crate) fn set_title(title: &str) {
    if let Some(document) = web_sys::window().and_then(|window| window.document()) {
        document.set_title(title);
    }
}

/// Opens once the samples that are asked for are there: they lie in the folder `samples` beside the page.
pub(crate) fn with_samples(asked: &Asked, open: impl FnOnce() + 'static) {
    let Asked::Paths(paths) = asked else { return open() };
    let sample = |path: &PathBuf| {
        Sample::of_path(path).ok().flatten().map(|sample| (sample.name, path.clone()))
    };
    let missing: Vec<_> = paths.iter().filter(|path| !is_held(path)).filter_map(sample).collect();
    wasm_bindgen_futures::spawn_local(async move {
        for (name, path) in missing {
            match loaded(&format!("samples/{name}.weft")).await {
                Ok(bytes) => hold(path, bytes),
                Err(error) => web_sys::console::error_1(&error),
            }
        }
        open();
    });
}

/// A file beside the page.
async fn loaded(url: &str) -> Result<Vec<u8>, JsValue> {
    let window = web_sys::window().ok_or_else(|| JsValue::from_str("there is no window"))?;
    let answer = JsFuture::from(window.fetch_with_str(url)).await?;
    let answer: Response = answer.dyn_into()?;
    if !answer.ok() {
        return Err(JsValue::from_str(&format!("{url}: {}", answer.status())));
    }
    let bytes = JsFuture::from(answer.array_buffer()?).await?;
    Ok(js_sys::Uint8Array::new(&bytes).to_vec())
}
