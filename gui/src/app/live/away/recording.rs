//! A recording that lies here and is looked at at the other end.

use std::{fs::File, ops::ControlFlow, path::Path, sync::Arc, thread, time::Duration};

use crossbeam::channel::{Receiver, TryRecvError, bounded};
use weftscope_traces::{Classifier, Preview, container};

use super::{home::in_home, inside::Inside, letter::Letter, shown::Shown, words::Tell};
use crate::{
    app::part::{Held, explained},
    files::open_trace_watched,
};

/// What a recording is called between both ends: a channel has one.
const NUMBER: u64 = 0;
/// How often it is looked whether what explains it is there.
const EXPLAINING: Duration = Duration::from_millis(50);

/// A file of ours that is longer is looked at before it is read: that takes a second.
const LONG_BYTES: u64 = 128 << 20;
/// Bytes of ops that are read for the first look.
const FIRST_BYTES: u64 = 192 << 20;

impl Inside {
    /// Reads a recording and tells a first part of it. What explains it comes later.
    pub(super) fn open(&mut self, path: &str) -> Result<(), String> {
        if self.host.visit.is_some() {
            return Err("recordings are opened over ssh:// alone".to_owned());
        }
        let path = in_home(path);
        self.first_look(&path);
        let post = Arc::clone(&self.post);
        let preview = Preview::new(move |trace| {
            if let Ok((_, bytes)) = Held::drawn(Arc::new(trace)).part(None) {
                post(Letter::with(&Tell::Part(NUMBER), bytes));
            }
        });
        let post = Arc::clone(&self.post);
        let control =
            self.over.telling(move |permille| post(Letter::of(&Tell::Progress(permille))));
        let mut hook = |done: u64, total: u64| match control.step(done.min(total), total.max(1)) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        };
        let classifier = Classifier::default();
        let (trace, place) = open_trace_watched(&path, &classifier, Some(preview), &mut hook)
            .map_err(|error| error.to_string())?;
        let trace = Arc::new(trace);
        if let Some(place) = place {
            place.keep(&trace);
        }
        let held = Held::drawn(Arc::clone(&trace));
        let (shown, bytes) = Shown::begin(NUMBER, held, self.look.as_ref())?;
        self.show(shown);
        self.is_outstanding = true;
        (self.post)(Letter::with(&Tell::Part(NUMBER), bytes));
        let (tell, told) = bounded(1);
        let wake = self.host.beside.clone();
        let explaining = thread::Builder::new().name("weftscope-explain".to_owned());
        let explaining = explaining.spawn(move || {
            // A window that is gone does not hear it.
            drop(tell.send(explained(&trace)));
            if let Some(wake) = wake {
                wake();
            }
        });
        explaining.map_err(|error| format!("no thread to explain it on: {error}"))?;
        self.explaining = Some(told);
        Ok(())
    }

    /// Of a file of ours that takes long to read, what is quickly found; nothing where that fails: who reads all of it says why.
    fn first_look(&self, path: &Path) {
        let Ok(file) = File::open(path) else { return };
        if file.metadata().is_ok_and(|meta| meta.len() < LONG_BYTES) {
            return;
        }
        let Ok(trace) = container::first_look(file, FIRST_BYTES) else { return };
        if let Ok((_, bytes)) = Held::drawn(Arc::new(trace)).part(None) {
            (self.post)(Letter::with(&Tell::Part(NUMBER), bytes));
        }
    }

    /// Tells what there is to tell of a recording; gives the time until there may be more.
    pub(super) fn turn_recording(&mut self) -> Option<Duration> {
        if self.is_outstanding {
            return None;
        }
        match self.explaining.as_ref().map(Receiver::try_recv) {
            Some(Ok(explanation)) => {
                self.explaining = None;
                if let Some(shown) = &mut self.shown {
                    let look = self.look.clone();
                    match shown.explained(explanation, look.as_ref()) {
                        Ok(letter) => {
                            self.is_outstanding = true;
                            (self.post)(letter);
                        }
                        Err(cause) => self.tell(&Tell::Refused(cause)),
                    }
                }
            }
            Some(Err(TryRecvError::Disconnected)) => {
                self.explaining = None;
                self.tell(&Tell::Refused("explaining the recording failed there".to_owned()));
            }
            Some(Err(TryRecvError::Empty)) => {
                // All of it is sent once it is explained; what is looked at meanwhile comes at once.
                self.tell_seen();
                return Some(EXPLAINING);
            }
            None => self.tell_more(),
        }
        None
    }
}
