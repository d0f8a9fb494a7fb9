//! What lies or runs at the other end, looked at here: a recording, or a program under watch.

use std::{
    path::PathBuf,
    sync::{Arc, Weak},
    thread,
};

use super::{
    Port,
    arrivals::LOOKS,
    following::Following,
    shown::MOST_WHOLE,
    words::{Ask, Tell},
};
use crate::{
    app::{Document, Event, JobResult, live::LiveEvent, part::Known},
    jobs::{EventSender, JobControl},
    theme::number,
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
        let (ask, stem) = (Ask::Watch(Box::new(asked)), "run".to_owned());
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
    looked.ask.over(&port);
    let following = Following::new();
    let mut looking = Looking { port, following, stem: looked.stem, left: None };
    let mut is_stopped = false;
    loop {
        if control.is_cancelled() && !is_stopped {
            if !looked.has_end {
                return JobResult::Cancelled;
            }
            Ask::Stop.over(&looking.port);
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
                // It says what becomes of what goes on without a window.
                let left = looking.left.filter(|_| looking.port.is_over());
                let left = left.map_or_else(String::new, |left| format!("; {left}"));
                return JobResult::Failed(format!("{}: {cause}{left}", looked.name));
            }
        }
    }
    let Some(document) = looking.following.document().map(Arc::clone) else {
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

/// All of a recording there, which is not looked at until it is here.
///
/// # Errors
/// In words; also where it is so long that only parts of it come.
pub(crate) fn whole_there(
    port: Port,
    path: &str,
    control: &JobControl,
) -> Result<Arc<Document>, String> {
    Ask::Open(path.to_owned()).over(&port);
    let (following, stem) = (Following::new(), "recording".to_owned());
    let mut looking = Looking { port, following, stem, left: None };
    let mut is_read = false;
    while !control.is_cancelled() {
        match looking.next()? {
            Some(Told::Progress(permille)) => drop(control.step(u64::from(permille), 1000)),
            Some(Told::All) => is_read = true,
            Some(Told::Another(_) | Told::Refilled(..)) | None => {}
        }
        let Some(document) = looking.following.document().filter(|_| is_read) else { continue };
        match &document.part {
            None => return Ok(Arc::clone(document)),
            Some(part) if part.slices > MOST_WHOLE as u64 => {
                return Err(format!(
                    "it has {} slices, of which a part at a time comes: open it alone, or copy it here",
                    number::count(part.slices)
                ));
            }
            Some(_) => {}
        }
    }
    Err("stopped".to_owned())
}

/// The window's hold on it.
struct Looking {
    port: Port,
    following: Following,
    stem: String,
    /// What stays there when the connection is lost, in words.
    left: Option<String>,
}

/// What the other end told.
enum Told {
    Progress(u32),
    /// What is looked at is another document now.
    Another(Arc<Document>),
    /// There is more of it.
    Refilled(Arc<Document>, Arc<Document>),
    /// No other comes.
    All,
}

impl Looking {
    /// What came next, if anything did within a moment.
    fn next(&mut self) -> Result<Option<Told>, String> {
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
            Tell::Left(words) => {
                self.left = Some(words);
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
