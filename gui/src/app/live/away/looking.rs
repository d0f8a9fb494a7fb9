//! What lies or runs at the other end, looked at here: a recording, or a program under watch.

use std::{
    path::PathBuf,
    sync::{Arc, Weak},
    thread,
};

#[cfg(feature = "gpus")]
use super::words::Views;
use super::{
    Port,
    arrivals::LOOKS,
    following::Following,
    words::{Ask, Left, Tell},
};
use crate::{
    app::{Document, Event, JobResult, live::LiveEvent, part::Known},
    jobs::{EventSender, JobControl},
};

/// Shows what was read so far.
pub(crate) type Show<'a> = &'a dyn Fn(Vec<PathBuf>, Arc<Document>);

/// What is looked at.
pub(crate) struct Looked {
    ask: Ask,
    /// Its files as the window has them; none of a program.
    paths: Vec<PathBuf>,
    /// For file names made from it.
    stem: String,
    /// What failures are of.
    name: String,
    /// Stopped, it comes to an end that is shown.
    has_end: bool,
}

impl Looked {
    /// A recording by its path there.
    pub(crate) fn recording(path: String, paths: Vec<PathBuf>) -> Self {
        let stem = crate::app::short_name(path.as_ref());
        let stem = stem.split('.').next().unwrap_or("trace").to_owned();
        let name = paths.first().map_or_else(String::new, |path| path.display().to_string());
        Self { ask: Ask::Open(path), paths, stem, name, has_end: false }
    }

    /// A program that is watched there; `name` is what failures are of, which say themselves which program.
    #[cfg(feature = "gpus")]
    pub(crate) fn program(asked: crate::jobs::ProgramAsked, name: String) -> Self {
        let (ask, stem) = (Ask::Watch(Box::new(asked), Views::Seen), "run".to_owned());
        Self { ask, paths: Vec::new(), stem, name, has_end: true }
    }
}

/// Looks at it, and goes on bringing what is looked at as long as the window has it. `held` keeps the connection open meanwhile.
pub(crate) fn look_there(
    (port, held): (Port, impl Send + 'static),
    looked: Looked,
    (show, events): (Show<'_>, EventSender),
    control: &JobControl,
) -> JobResult {
    let mut looking = Looking::begin(port, &looked.ask, looked.stem);
    let mut is_stopped = false;
    loop {
        if control.is_cancelled() && !is_stopped {
            if !looked.has_end {
                return JobResult::Cancelled;
            }
            looking.stop();
            is_stopped = true;
        }
        match looking.next() {
            Ok(None) => {}
            Ok(Some(Told::Progress(permille))) => drop(control.step(u64::from(permille), 1000)),
            Ok(Some(Told::Another(document) | Told::Refilled(_, document))) => {
                show(looked.paths.clone(), document);
            }
            Ok(Some(Told::All)) => break,
            Err(cause) => {
                return JobResult::Failed(format!("{}: {}", looked.name, looking.in_words(&cause)));
            }
        }
    }
    let Some(document) = looking.document().map(Arc::clone) else {
        return JobResult::Failed(format!("{}: nothing came of it", looked.name));
    };
    let weak = Arc::downgrade(&document);
    let thread = thread::Builder::new().name("weftscope-looking".to_owned());
    let going_on = thread.spawn(move || {
        looking.go_on(weak, &events);
        drop(held);
    });
    match going_on {
        Ok(_) => JobResult::Opened { paths: looked.paths, document },
        Err(error) => JobResult::Failed(format!("no thread to look at it on: {error}")),
    }
}

/// The window's hold on it.
pub(super) struct Looking {
    port: Port,
    following: Following,
    stem: String,
    /// What stays there when the connection is lost.
    left: Option<Left>,
}

/// What the other end told.
pub(super) enum Told {
    Progress(u32),
    /// What is looked at is another document now.
    Another(Arc<Document>),
    /// There is more of it.
    Refilled(Arc<Document>, Arc<Document>),
    /// No other comes.
    All,
}

impl Looking {
    /// Asks for it; `stem` is for file names made from it.
    pub(super) fn begin(port: Port, ask: &Ask, stem: String) -> Self {
        ask.over(&port);
        Self { port, following: Following::new(), stem, left: None }
    }

    /// Has what goes on there come to its end.
    pub(super) fn stop(&self) {
        Ask::Stop.over(&self.port);
    }

    /// What is looked at, as far as it is here.
    pub(super) fn document(&self) -> Option<&Arc<Document>> {
        self.following.document()
    }

    /// Why nothing more comes, with what stays there where the connection is lost.
    pub(super) fn in_words(&self, cause: &str) -> String {
        match self.left.as_ref().filter(|_| self.port.is_over()) {
            Some(left) => format!("{cause}; {}", left.in_words()),
            None => cause.to_owned(),
        }
    }

    /// Where what was recorded there is kept that does not come.
    #[cfg(feature = "gpus")]
    pub(super) fn kept(&self) -> Option<&str> {
        self.left.as_ref().map(|left| &left.recording[..])
    }

    /// What came next, if anything did within a moment.
    pub(super) fn next(&mut self) -> Result<Option<Told>, String> {
        self.following.tell(&self.port);
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
            Tell::Left(left) => {
                self.left = Some(left);
                None
            }
            Tell::Done(Ok(())) => Some(Told::All),
            Tell::Done(Err(cause)) | Tell::Ended(cause) | Tell::Refused(cause) => {
                return Err(cause);
            }
            Tell::Part(number) if !self.following.is(number) => {
                let known = Known { file_stem: self.stem.clone(), explanation: None };
                let document = Arc::new(self.following.made(number, &bytes, known)?);
                self.following.follow(number, Arc::clone(&document));
                Ask::TakenIn.over(&self.port);
                Some(Told::Another(document))
            }
            tell => self
                .following
                .take(tell, bytes, &self.port)?
                .map(|(old, new)| Told::Refilled(old, new)),
        })
    }

    /// Brings what is looked at, until the window has let go of the document (what is left is that which is followed), or all of it
    /// is here.
    fn go_on(mut self, mut document: Weak<Document>, events: &EventSender) {
        let mut is_all = false;
        while document.strong_count() > 1 {
            match self.next() {
                Ok(Some(Told::Refilled(old, new))) => {
                    document = Arc::downgrade(&new);
                    is_all = new.part.is_none() && new.is_explained;
                    let event = LiveEvent::Refilled(old, new);
                    if !events.send(Event::Live(Box::new(event))) {
                        return;
                    }
                }
                Ok(_) if is_all && !self.following.is_asked() => return,
                Ok(_) => {}
                // What is here stays; the connection says for itself that it is over.
                Err(cause) => {
                    eprintln!("weftscope: no more of what is on a server comes: {cause}");
                    return;
                }
            }
        }
    }
}
