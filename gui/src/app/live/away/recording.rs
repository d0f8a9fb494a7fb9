//! A recording that lies at the other end: read there, looked at here.

use std::{
    env,
    fs::File,
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::{Arc, Weak},
    thread,
    time::Duration,
};

use crossbeam::channel::{Receiver, TryRecvError, bounded};
use weftscope_traces::{Classifier, Preview, container};

use super::{
    Port,
    arrivals::{LOOKS, tell_look},
    following::Following,
    inside::Inside,
    letter::Letter,
    shown::Shown,
    words::{Ask, Tell},
};
use crate::{
    app::{
        Document, Event, JobResult,
        live::LiveEvent,
        part::{Held, Known, Look, explained, received},
        short_name,
    },
    files::open_trace_watched,
    jobs::{EventSender, JobControl},
};

/// What a recording is called between both ends: a channel has one.
const NUMBER: u64 = 0;
/// How often it is looked whether what explains it is there.
const EXPLAINING: Duration = Duration::from_millis(50);

/// A file of ours that is longer is looked at before it is read: that takes a second.
const LONG_BYTES: u64 = 128 << 20;
/// Bytes of ops that are read for the first look.
const FIRST_BYTES: u64 = 192 << 20;

/// The end that holds the file.
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
        self.shown = Some(shown);
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

/// A path there; from `~/` on in the home folder.
fn in_home(path: &str) -> PathBuf {
    match (path.strip_prefix("~/"), env::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(path),
    }
}

/// Shows what was read so far.
pub(crate) type Show<'a> = &'a dyn Fn(Vec<PathBuf>, Arc<Document>);

/// The end that looks: opens a recording of the other end, and goes on bringing what is looked at as long as the window has it.
/// `held` keeps the connection open meanwhile.
pub(crate) fn open_recording(
    (port, held): (Port, impl Send + 'static),
    (path, paths): (&str, Vec<PathBuf>),
    (show, events): (Show<'_>, EventSender),
    control: &JobControl,
) -> JobResult {
    Ask::Open(path.to_owned()).over(&port);
    let mut looking = Looking { port, following: None, look: None };
    let mut is_read = false;
    while !control.is_cancelled() {
        let before = looking.following.is_some();
        match looking.next(path) {
            Ok(None) => {}
            Ok(Some(Told::Progress(permille))) => drop(control.step(u64::from(permille), 1000)),
            Ok(Some(Told::Read)) => is_read = true,
            Ok(Some(Told::Refilled(_, new))) => show(paths.clone(), new),
            Err(cause) => return JobResult::Failed(format!("{}: {cause}", paths_in_words(&paths))),
        }
        let Some(following) = &looking.following else { continue };
        let document = Arc::clone(following.document());
        if is_read {
            let thread = thread::Builder::new().name("weftscope-looking".to_owned());
            let weak = Arc::downgrade(&document);
            let following = thread.spawn(move || {
                looking.go_on(weak, &events);
                drop(held);
            });
            return match following {
                Ok(_) => JobResult::Opened { paths, document },
                Err(error) => JobResult::Failed(format!("no thread to look at it on: {error}")),
            };
        }
        if !before {
            show(paths.clone(), document);
        }
    }
    JobResult::Cancelled
}

fn paths_in_words(paths: &[PathBuf]) -> String {
    paths.first().map_or_else(String::new, |path| path.display().to_string())
}

/// The window's hold on a recording elsewhere.
struct Looking {
    port: Port,
    following: Option<Following>,
    look: Option<Look>,
}

/// What the other end told.
enum Told {
    Progress(u32),
    /// All of it is read there.
    Read,
    Refilled(Arc<Document>, Arc<Document>),
}

impl Looking {
    /// What came next, if anything did within a moment.
    fn next(&mut self, path: &str) -> Result<Option<Told>, String> {
        let look = self.following.as_ref().and_then(Following::look);
        if look.is_some() && look != self.look {
            tell_look(&self.port, look.as_ref());
            self.look = look;
        }
        let Some(letter) = self.port.next_within(LOOKS) else {
            return if self.port.is_over() {
                Err("the connection is lost".to_owned())
            } else {
                Ok(None)
            };
        };
        let (tell, bytes) = Tell::heard(letter);
        Ok(match tell {
            Tell::Progress(permille) => Some(Told::Progress(permille)),
            Tell::Done(Ok(())) => Some(Told::Read),
            Tell::Done(Err(cause)) | Tell::Ended(cause) | Tell::Refused(cause) => {
                return Err(cause);
            }
            Tell::Part(_) if self.following.is_none() => {
                let stem = short_name(path.as_ref());
                let stem = stem.split('.').next().unwrap_or("trace").to_owned();
                let document = received(&bytes, Known { file_stem: stem, explanation: None })?;
                self.following = Some(Following::new(NUMBER, Arc::new(document)));
                Ask::TakenIn.over(&self.port);
                None
            }
            tell => match &mut self.following {
                Some(following) => following
                    .take(&tell, &bytes, &self.port)?
                    .map(|(old, new)| Told::Refilled(old, new)),
                None => None,
            },
        })
    }

    /// Brings what is looked at, until the window has let go of the document (what is left is that which is followed), or all of it
    /// is here.
    fn go_on(mut self, mut document: Weak<Document>, events: &EventSender) {
        while document.strong_count() > 1 {
            match self.next("") {
                Ok(Some(Told::Refilled(old, new))) => {
                    document = Arc::downgrade(&new);
                    let is_all = new.part.is_none() && new.is_explained;
                    let event = LiveEvent::Refilled(old, new);
                    if !events.send(Event::Live(Box::new(event))) || is_all {
                        return;
                    }
                }
                Ok(_) => {}
                // What is here stays; the connection says for itself that it is over.
                Err(cause) => {
                    eprintln!("weftscope: no more of a recording on a server comes: {cause}");
                    return;
                }
            }
        }
    }
}
