//! What is done on a server, and on which.

use super::Runner;
use crate::app::{effect::Effect, live::away::AwayJobs};

/// A server on which plans are run.
pub(super) struct Elsewhere {
    pub(super) link: crate::remote::Link,
    pub(super) jobs: AwayJobs,
}

impl Runner {
    /// What is done on a server, or decides on which; gives back the rest.
    pub(super) fn take_elsewhere(&mut self, effect: Effect) -> Option<Effect> {
        match effect {
            Effect::Connect { attempt, ssh, target, after } => {
                crate::remote::reach(attempt, (ssh, target), after, self.events.clone());
                None
            }
            Effect::Install(attempt, ssh, target) => {
                crate::remote::copy(attempt, (ssh, target), &self.events);
                None
            }
            Effect::UseLink(link) => {
                // What runs here gives way, and what ran there is over; where nothing did, what runs here goes on.
                if link.is_some() || self.elsewhere.is_some() {
                    self.session = None;
                }
                if let Some(before) = self.elsewhere.take() {
                    before.jobs.give_up("the server is not reached any more");
                }
                self.elsewhere = link.map(|link| {
                    let opened = link.clone();
                    let start = Box::new(move || Ok(opened.port()));
                    Elsewhere { link, jobs: AwayJobs::new(start, self.events.clone()) }
                });
                None
            }
            Effect::TakeControl => {
                self.elsewhere.iter().for_each(|elsewhere| elsewhere.link.take_control());
                None
            }
            // Of built-in machines, and judged here: these are simulated here.
            here @ (Effect::Lesson(..) | Effect::Neighbour(..)) => Some(here),
            other => match &mut self.elsewhere {
                Some(elsewhere) => elsewhere.jobs.take_on(other),
                None => Some(other),
            },
        }
    }
}
