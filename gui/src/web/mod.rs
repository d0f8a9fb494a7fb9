//! The window as a page in a browser: the same program without threads, files and GPUs.

mod browser;
mod worker;

use std::sync::Arc;

use wasm_bindgen::JsCast as _;
use web_sys::HtmlCanvasElement;

use crate::{
    app::{App, SETTINGS_KEY, Start},
    jobs::Wake,
};

pub(crate) use browser::{fragment, set_fragment, set_title, take_in, with_samples};
pub(crate) use worker::start_worker;
pub use worker::weftscope_worker_take;

/// Id of the canvas that the page gives to the program.
const CANVAS: &str = "weftscope";

/// Shows the window in the page's canvas; in a worker, which has no page, it waits for what it is asked.
///
/// # Panics
/// Where the page has no such canvas, which is a fault of the page.
pub fn main() {
    let Some(window) = web_sys::window() else { return };
    let document = window.document().expect("a page");
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
    context.egui_ctx.set_fonts(crate::theme::fonts());
    let stored = context.storage.and_then(|storage| storage.get_string(SETTINGS_KEY));
    let repaint = context.egui_ctx.clone();
    let wake: Wake = Arc::new(move || repaint.request_repaint());
    App::new(Start::opening(Vec::new()), stored.as_deref(), wake)
}
