//! Workers as browsers have them, and both ends of the way to one.
//!
//! A worker runs this same program, which the page has compiled, in memory of its own; `worker.js` beside the page starts it.

use std::{cell::RefCell, time::Duration};

use crossbeam::channel::{Sender, bounded};
use js_sys::{Array, Reflect, Uint8Array};
use wasm_bindgen::{JsCast as _, JsValue, closure::Closure, prelude::wasm_bindgen};
use web_sys::{DedicatedWorkerGlobalScope, MessageEvent, WorkerOptions, WorkerType};

use crate::{
    app::live::away::{Host, Inside, Letter, Port, Tell},
    jobs::{JobControl, Wake},
};

/// Where the page keeps the compiled program.
const MODULE: &str = "weftscope_module";
/// Letters that may wait for a frame: a thousand of progress and some news of a job, an iteration of a run.
const MOST_LETTERS: usize = 1 << 14;

/// Starts a worker, whose letters have a frame asked for with `wake`.
///
/// # Errors
/// In words, when the browser starts none.
pub(crate) fn start_worker(wake: Wake) -> Result<Port, String> {
    let failed = |error: JsValue| format!("the browser starts no worker to simulate in: {error:?}");
    let options = WorkerOptions::new();
    options.set_type(WorkerType::Module);
    let worker = web_sys::Worker::new_with_options("./worker.js", &options).map_err(failed)?;
    let module = Reflect::get(&js_sys::global(), &MODULE.into()).map_err(failed)?;
    worker.post_message(&module).map_err(failed)?;
    let (sender, inbox) = bounded(MOST_LETTERS);
    let held = Held::new(worker, sender, wake);
    Ok(Port::new(Box::new(move |letter| held.post(letter)), inbox))
}

/// A worker with what hears it. Dropped, it ends in the middle of whatever it does.
struct Held {
    worker: web_sys::Worker,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_error: Closure<dyn FnMut(web_sys::ErrorEvent)>,
}

impl Held {
    fn new(worker: web_sys::Worker, sender: Sender<Letter>, wake: Wake) -> Self {
        let deliver = move |letter| {
            if sender.try_send(letter).is_err() {
                web_sys::console::error_1(&"a letter of the worker was lost: too many wait".into());
            }
            wake();
        };
        let arrive = deliver.clone();
        let on_message = Closure::<dyn FnMut(_)>::new(move |event: MessageEvent| {
            arrive(unpacked(&event.data()))
        });
        let on_error = Closure::<dyn FnMut(_)>::new(move |event: web_sys::ErrorEvent| {
            let cause = format!("the worker that simulates has failed: {}", event.message());
            deliver(Letter::of(&Tell::Ended(cause)));
        });
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        Self { worker, _on_message: on_message, _on_error: on_error }
    }

    fn post(&self, letter: Letter) {
        let (message, buffers) = packed(&letter);
        if let Err(error) = self.worker.post_message_with_transfer(&message, &buffers) {
            web_sys::console::error_1(&error);
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.worker.set_onmessage(None);
        self.worker.terminate();
    }
}

/// A letter as browsers carry it, and what of it changes hands without a copy.
fn packed(letter: &Letter) -> (Array, Array) {
    let bytes = Uint8Array::from(letter.bytes.as_slice());
    (Array::of2(&letter.head.as_str().into(), &bytes), Array::of1(&bytes.buffer()))
}

fn unpacked(data: &JsValue) -> Letter {
    let data: &Array = data.unchecked_ref();
    let head = data.get(0).as_string().unwrap_or_default();
    Letter { head, bytes: Uint8Array::new(&data.get(1)).to_vec() }
}

thread_local! {
    static INSIDE: RefCell<Option<Worker>> = const { RefCell::new(None) };
}

/// A worker by itself.
struct Worker {
    inside: Inside,
    /// Runs [`turn`] later; it is waited for.
    later: Closure<dyn FnMut()>,
    timer: Option<i32>,
}

/// Takes in what the page asks; `worker.js` calls it.
#[wasm_bindgen]
pub fn weftscope_worker_take(message: &JsValue) {
    let letter = unpacked(message);
    INSIDE.with_borrow_mut(|worker| {
        let worker = worker.get_or_insert_with(|| Worker {
            inside: Inside::new(post, Host::default(), JobControl::default()),
            later: Closure::new(turn),
            timer: None,
        });
        worker.inside.take(&letter);
        worker.turn();
    });
}

fn turn() {
    INSIDE.with_borrow_mut(|worker| {
        if let Some(worker) = worker {
            worker.timer = None;
            worker.turn();
        }
    });
}

impl Worker {
    /// Between two turns the worker hears what it is asked.
    fn turn(&mut self) {
        let Some(scope) = scope() else { return };
        if let Some(timer) = self.timer.take() {
            scope.clear_timeout_with_handle(timer);
        }
        if let Some(wait) = self.inside.turn() {
            let wait = i32::try_from(wait.min(Duration::from_secs(60)).as_millis()).unwrap_or(0);
            let timer = scope.set_timeout_with_callback_and_timeout_and_arguments_0(
                self.later.as_ref().unchecked_ref(),
                wait,
            );
            self.timer = timer.ok();
        }
    }
}

fn scope() -> Option<DedicatedWorkerGlobalScope> {
    js_sys::global().dyn_into().ok()
}

fn post(letter: Letter) {
    let (message, buffers) = packed(&letter);
    let posted = scope().map(|scope| scope.post_message_with_transfer(&message, &buffers));
    if let Some(Err(error)) = posted {
        web_sys::console::error_1(&error);
    }
}
