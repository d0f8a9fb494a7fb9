//! A program under watch: what it did last, and all of it in the end.

use std::{
    io::Write,
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
};

use weftscope_traces::Trace;

use super::{
    home::in_home,
    host::Holding,
    output::{Output, place_in},
    pace::Pace,
    words::{Left, Views},
};
use crate::{
    files::{SaveOptions, TraceFormat, save_trace},
    jobs::{JobControl, ProgramAsked, View, Wake, Watched, Whom, recorded},
};

/// A program under watch. Dropped, recording stops, the program goes on, and what did not reach the window is written down here.
pub(super) struct Watching {
    news: Arc<Mutex<News>>,
    /// Ends the recording.
    stop: JobControl,
    thread: Option<JoinHandle<()>>,
    /// What is shown.
    pub(super) number: u64,
    /// All that was recorded, once it is.
    pub(super) all: Option<Arc<Trace>>,
    /// How often views go whole, if they do.
    pub(super) pace: Option<Pace>,
    output: Option<Output>,
    /// Where it is written when the window is gone.
    left: PathBuf,
    /// Until then the agent does not end.
    _busy: Holding,
}

/// What the window has not heard of.
#[derive(Default)]
pub(super) struct News {
    newest: Option<View>,
    end: Option<Result<Trace, String>>,
}

impl News {
    /// What it is, which is then heard of; a view of a moment that is divided by `every`.
    pub(super) fn taken(&mut self, every: u64) -> (Option<Trace>, Option<Result<Trace, String>>) {
        let newest = self.newest.take_if(|view| view.moment.is_multiple_of(every));
        (newest.map(|view| view.trace), self.end.take())
    }
}

impl Watching {
    /// Starts or finds it.
    ///
    /// # Errors
    /// In words, when something that this needs is not there.
    pub(super) fn begin(
        (asked, views): (&ProgramAsked, Views),
        wake: Wake,
        busy: Holding,
    ) -> Result<Self, String> {
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
        let watched = Watched::here(asked, (folder, log.clone()))?;
        let output = match asked.whom {
            Whom::Start { .. } => Some(Output::to(log)?),
            Whom::There(_) => None,
        };
        let (news, stop) = (Arc::<Mutex<News>>::default(), JobControl::default());
        let (told, control) = (Arc::clone(&news), stop.clone());
        let watch = move || {
            let lock = || told.lock().unwrap_or_else(PoisonError::into_inner);
            let show = |view| {
                lock().newest = Some(view);
                wake();
            };
            let all = recorded(&watched, &classifier, show, &control);
            lock().end = Some(all);
            wake();
        };
        let thread = thread::Builder::new().name("weftscope-watching".to_owned()).spawn(watch);
        let thread = Some(thread.map_err(|error| format!("no thread to watch it on: {error}"))?);
        let pace = (views == Views::Whole).then(Pace::default);
        Ok(Self { news, stop, thread, number: 0, all: None, pace, output, left, _busy: busy })
    }

    /// What the window has not heard of.
    pub(super) fn news(&self) -> MutexGuard<'_, News> {
        self.news.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What stays here when the connection is lost.
    pub(super) fn left(&self) -> Left {
        let output = self.output.as_ref().map(|output| output.path().display().to_string());
        Left { output, recording: self.left.display().to_string() }
    }

    /// Has recording end; the program goes on.
    pub(super) fn stop(&self) {
        self.stop.cancel();
    }

    /// Ends the recording, and writes it down unless the window has it.
    pub(super) fn leave(mut self, is_all_there: bool) {
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
