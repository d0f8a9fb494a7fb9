//! The window as a page in a browser: the same program without threads, files and GPUs.

use std::{path::PathBuf, sync::Arc};

use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{HtmlCanvasElement, Response};

use crate::{
    app::{App, Event, SETTINGS_KEY, Start},
    files::{Sample, hold, is_held},
    jobs::{Asked, EventSender, Wake},
};

/// Id of the canvas that the page gives to the program.
const CANVAS: &str = "weftscope";

/// Shows the window in the page's canvas.
///
/// # Panics
/// Where the page has no such canvas, which is a fault of the page.
pub fn main() {
    let document = web_sys::window().and_then(|window| window.document()).expect("a page");
    let canvas = document.get_element_by_id(CANVAS).expect("the page's canvas");
    let canvas: HtmlCanvasElement = canvas.dyn_into().expect("a canvas");
    wasm_bindgen_futures::spawn_local(async move {
        let started = eframe::WebRunner::new()
            .start(
                canvas,
                eframe::WebOptions::default(),
                Box::new(|context| Ok(Box::new(app(context)))),
            )
            .await;
        let text = match started {
            Ok(()) => String::new(),
            Err(error) => format!("Weftscope cannot run here: {error:?}"),
        };
        if let Some(loading) = document.get_element_by_id("loading") {
            loading.set_text_content(Some(&text));
        }
    });
}

fn app(context: &eframe::CreationContext<'_>) -> App {
    let stored = context.storage.and_then(|storage| storage.get_string(SETTINGS_KEY));
    let repaint = context.egui_ctx.clone();
    let wake: Wake = Arc::new(move || repaint.request_repaint());
    App::new(Start::opening(Vec::new()), stored.as_deref(), wake)
}

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
