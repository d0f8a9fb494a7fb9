//! A program that is watched here and looked at at the other end.

#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use weftscope_traces::Trace;

use super::{
    inside::Inside,
    letter::Letter,
    pace::Pace,
    program::Watching,
    shown::Shown,
    words::{Tell, Views},
};
use crate::{app::part::Held, jobs::ProgramAsked};

impl Inside {
    /// Starts or finds a program, and watches it.
    pub(super) fn watch(&mut self, asked: &ProgramAsked, views: Views) -> Result<(), String> {
        if self.host.visit.is_some() {
            return Err("programs are watched over ssh:// alone".to_owned());
        }
        let wake = self.host.beside.clone().ok_or("a page watches no programs")?;
        let watching = Watching::begin((asked, views), wake, self.host.busy.hold())?;
        self.tell(&Tell::Left(watching.left()));
        self.watching = Some(watching);
        Ok(())
    }

    /// Tells what there is to tell of it; gives the time until there may be more.
    pub(super) fn turn_watching(&mut self) -> Option<Duration> {
        if self.is_outstanding {
            return None;
        }
        let Some(watching) = &mut self.watching else { return None };
        if let Some(pace) = &mut watching.pace {
            if self.shown.as_ref().is_some_and(Shown::is_under_way) {
                self.tell_more();
                return None;
            }
            pace.end();
        }
        let every = watching.pace.as_ref().map_or(1, Pace::every);
        let (newest, end) = watching.news().taken(every);
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
        let held = match &mut watching.pace {
            Some(pace) => {
                pace.begin();
                // What explains it is worked out of all that it becomes a part of.
                Held::drawn(trace)
            }
            None => Held::of(trace),
        };
        let (shown, bytes) = Shown::begin(number, held, self.look.as_ref())?;
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
        self.watching.iter().for_each(Watching::stop);
    }
}
