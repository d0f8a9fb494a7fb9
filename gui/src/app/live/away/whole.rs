//! What lies or runs at the other end and is not looked at there: all of it is brought here, to be put together with what comes from
//! other servers.

use std::sync::Arc;

#[cfg(feature = "gpus")]
use weftscope_traces::Trace;

#[cfg(feature = "gpus")]
use super::words::Views;
use super::{
    Port,
    looking::{Looking, Told},
    shown::MOST_WHOLE,
    words::Ask,
};
use crate::{app::Document, jobs::JobControl, theme::number};

/// All of a recording there.
///
/// # Errors
/// In words; also where it is so long that only parts of it come.
pub(crate) fn whole_there(
    port: Port,
    path: &str,
    control: &JobControl,
) -> Result<Arc<Document>, String> {
    let ask = Ask::Open(path.to_owned());
    let mut looking = Looking::begin(port, &ask, "recording".to_owned());
    let mut is_read = false;
    while !control.is_cancelled() {
        match looking.next()? {
            Some(Told::Progress(permille)) => drop(control.step(u64::from(permille), 1000)),
            Some(Told::All) => is_read = true,
            Some(Told::Another(_) | Told::Refilled(..)) | None => {}
        }
        let Some(document) = looking.document().filter(|_| is_read) else { continue };
        if is_whole(document, "open it alone, or copy it here")? {
            return Ok(Arc::clone(document));
        }
    }
    Err("stopped".to_owned())
}

/// Watches a program there, or a part of one, and shows each view once all of it is here; gives all that was recorded. Stopping ends the
/// recording, which is waited for.
///
/// # Errors
/// In words; also where so much was recorded that only parts of it come.
#[cfg(feature = "gpus")]
pub(crate) fn watch_whole(
    port: Port,
    asked: crate::jobs::ProgramAsked,
    show: &dyn Fn(Arc<Trace>),
    control: &JobControl,
) -> Result<Arc<Trace>, String> {
    let ask = Ask::Watch(Box::new(asked), Views::Whole);
    let mut looking = Looking::begin(port, &ask, "run".to_owned());
    let (mut is_stopped, mut is_over, mut shown) = (false, false, None::<Arc<Trace>>);
    loop {
        if control.is_cancelled() && !is_stopped {
            looking.stop();
            is_stopped = true;
        }
        match looking.next() {
            Ok(Some(Told::All)) => is_over = true,
            Ok(Some(_)) => {}
            Ok(None) => continue,
            Err(cause) => return Err(looking.in_words(&cause)),
        }
        let Some(document) = looking.document() else { continue };
        if is_over {
            // What does not come is written down there once this lets go of it.
            let kept = looking.kept().unwrap_or("a file");
            if is_whole(document, &format!("it is kept there, in {kept}"))? {
                return Ok(Arc::clone(&document.trace));
            }
        } else if document.part.is_none()
            && !shown.as_ref().is_some_and(|shown| Arc::ptr_eq(shown, &document.trace))
        {
            shown = Some(Arc::clone(&document.trace));
            show(Arc::clone(&document.trace));
        }
    }
}

/// Whether all of it is here.
///
/// # Errors
/// In words, with what to do instead, where it never will be.
fn is_whole(document: &Document, instead: &str) -> Result<bool, String> {
    match &document.part {
        None => Ok(true),
        Some(part) if part.slices > MOST_WHOLE as u64 => Err(format!(
            "it has {} slices, of which a part at a time comes: {instead}",
            number::count(part.slices)
        )),
        Some(_) => Ok(false),
    }
}
