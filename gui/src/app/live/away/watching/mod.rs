//! A program that is watched here and looked at at the other end: what it did last, again and again, and all of it in the end.

#[cfg(test)]
mod tests;

use std::{
    io::Write,
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::Duration,
};

use weftscope_traces::Trace;

use super::{
    host::Holding,
    inside::Inside,
    letter::Letter,
    output::{Output, place_in},
    recording::in_home,
    shown::Shown,
    words::Tell,
};
use crate::{
    app::part::Held,
    files::{SaveOptions, TraceFormat, save_trace},
    jobs::{JobControl, ProgramAsked, Wake, Whom, recorded},
};

/// A program under watch. Dropped, recording stops, the program goes on, and what did not reach the window is written down here.
pub(super) struct Watching {
    news: Arc<Mutex<News>>,
    /// Ends the recording.
    stop: JobControl,
    thread: Option<JoinHandle<()>>,
    /// What is shown.
    number: u64,
    /// All that was recorded, once it is.
    all: Option<Arc<Trace>>,
    output: Option<Output>,
    /// Where it is written when the window is gone.
    left: PathBuf,
    /// Until then the agent does not end.
    _busy: Holding,
}

/// What the window has not heard of.
#[derive(Default)]
struct News {
    newest: Option<Trace>,
    end: Option<Result<Trace, String>>,
}

impl News {
    fn taken(&mut self) -> (Option<Trace>, Option<Result<Trace, String>>) {
        (self.newest.take(), self.end.take())
    }
}

impl Inside {
    /// Starts or finds a program, and watches it.
    pub(super) fn watch(&mut self, asked: &ProgramAsked) -> Result<(), String> {
        if self.host.visit.is_some() {
            return Err("programs are watched over ssh:// alone".to_owned());
        }
        let wake = self.host.beside.clone().ok_or("a page watches no programs")?;
        let watching = Watching::begin(asked, wake, self.host.busy.hold())?;
        self.tell(&Tell::Left(watching.left_in_words()));
        self.watching = Some(watching);
        Ok(())
    }

    /// Tells what there is to tell of it; gives the time until there may be more.
    pub(super) fn turn_watching(&mut self) -> Option<Duration> {
        if self.is_outstanding {
            return None;
        }
        let Some(watching) = &mut self.watching else { return None };
        let (newest, end) = watching.news().taken();
        match (newest, end) {
            (_, Some(Ok(trace))) => {
                let trace = Arc::new(trace);
                watching.all = Some(Arc::clone(&trace));
                let shown = self.show_next(trace);
                self.tell(&Tell::Done(shown));
            }
            (_, Some(Err(cause))) => self.tell(&Tell::Done(Err(cause))),
            (Some(trace), None) => {
                if let Err(cause) = self.show_next(Arc::new(trace)) {
                    self.tell(&Tell::Refused(cause));
                }
            }
            // Of what is over in a moment only what is looked at is worth sending.
            (None, None) if watching.all.is_none() => self.tell_seen(),
            (None, None) => self.tell_more(),
        }
        None
    }

    fn show_next(&mut self, trace: Arc<Trace>) -> Result<(), String> {
        let Some(watching) = &mut self.watching else { return Ok(()) };
        watching.number += 1;
        let number = watching.number;
        let (shown, bytes) = Shown::begin(number, Held::of(trace), self.look.as_ref())?;
        self.show(shown);
        self.is_outstanding = true;
        (self.post)(Letter::with(&Tell::Part(number), bytes));
        Ok(())
    }

    /// Whether all that was recorded of the program is at the other end.
    fn is_all_there(&self) -> bool {
        self.shown.as_ref().is_some_and(Shown::is_all_sent)
    }

    /// The window is gone, or wants nothing more: what it has not is written down.
    pub(super) fn leave_watching(&mut self) {
        let is_all_there = self.is_all_there();
        if let Some(watching) = self.watching.take() {
            watching.leave(is_all_there);
        }
    }

    /// Has recording end; the program goes on.
    pub(super) fn stop_watching(&self) {
        self.watching.iter().for_each(|watching| watching.stop.cancel());
    }
}

impl Watching {
    fn begin(asked: &ProgramAsked, wake: Wake, busy: Holding) -> Result<Self, String> {
        let folder = match &asked.whom {
            Whom::Start { folder: Some(folder), .. } => Some(in_home(folder)),
            _ => None,
        };
        if let Some(missing) = folder.as_deref().filter(|folder| !folder.is_dir()) {
            return Err(format!("{}: there is no such folder there", missing.display()));
        }
        let left = place_in(folder.as_deref());
        let classifier = asked.rules.classifier()?;
        let log = left.with_extension("log");
        let watched = asked.here((folder, log.clone()))?;
        let output = match asked.whom {
            Whom::Start { .. } => Some(Output::to(log)?),
            Whom::There(_) => None,
        };
        let (news, stop) = (Arc::<Mutex<News>>::default(), JobControl::default());
        let (told, control) = (Arc::clone(&news), stop.clone());
        let watch = move || {
            let lock = || told.lock().unwrap_or_else(PoisonError::into_inner);
            let show = |trace| {
                lock().newest = Some(trace);
                wake();
            };
            let all = recorded(&watched, &classifier, show, &control);
            lock().end = Some(all);
            wake();
        };
        let thread = thread::Builder::new().name("weftscope-watching".to_owned()).spawn(watch);
        let thread = Some(thread.map_err(|error| format!("no thread to watch it on: {error}"))?);
        Ok(Self { news, stop, thread, number: 0, all: None, output, left, _busy: busy })
    }

    fn news(&self) -> MutexGuard<'_, News> {
        self.news.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What stays here when the connection is lost.
    fn left_in_words(&self) -> String {
        let left = self.left.display();
        match &self.output {
            Some(output) => format!(
                "the program goes on there and says what it says into {}; what was recorded until then is written to {left}",
                output.path().display()
            ),
            None => format!(
                "the program goes on there; what was recorded until then is written to {left}"
            ),
        }
    }

    /// Ends the recording, and writes it down unless the window has it.
    fn leave(mut self, is_all_there: bool) {
        self.stop.cancel();
        // One that failed has nothing to write.
        self.thread.take().map(JoinHandle::join);
        let end = self.news().end.take();
        let is_known = self.all.is_some();
        let all = self.all.take().or_else(|| end?.ok().map(Arc::new));
        let Some(trace) = all.filter(|_| !(is_known && is_all_there)) else { return };
        match write(&trace, &self.left) {
            Ok(()) => tell(&format!("what was recorded is in {}", self.left.display())),
            Err(cause) => tell(&format!("what was recorded is lost: {cause}")),
        }
    }
}

fn write(trace: &Trace, path: &Path) -> Result<(), String> {
    let options = SaveOptions { own_names: false, rank: None };
    let go_on = &mut |_, _| ControlFlow::Continue(());
    save_trace(trace, path, (TraceFormat::Weft, options), go_on).map_err(|error| error.to_string())
}

/// Says it on standard error, which may be gone with the window.
fn tell(words: &str) {
    drop(writeln!(std::io::stderr(), "weftscope: {words}"));
}
