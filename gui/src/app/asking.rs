//! Questions that are worked out off the thread of the window: the same is asked once, one at a time, and of those that
//! come up meanwhile the newest.

use std::sync::{Arc, Weak};

use crate::jobs::{JobKind, JobStatus};

/// What becomes of an answer under way when something else is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Older {
    /// It comes first: what changes all the time would else never be answered.
    Ends,
    /// It is stopped.
    Stops,
}

/// What was asked last.
#[derive(Debug)]
pub(crate) struct Asking<Q> {
    asked: Option<Q>,
}

impl<Q> Default for Asking<Q> {
    fn default() -> Self {
        Self { asked: None }
    }
}

impl<Q: Clone + PartialEq> Asking<Q> {
    /// The question that a job is to begin with now; called once a frame with what is to be known, if anything is.
    pub(crate) fn next(
        &mut self,
        wanted: Option<Q>,
        older: Older,
        (jobs, kind): (&[JobStatus], JobKind),
    ) -> Option<Q> {
        let is_asked = self.asked == wanted;
        if let Some(job) = jobs.iter().find(|job| job.kind == kind) {
            if older == Older::Stops && !is_asked {
                job.cancel();
            }
            return None;
        }
        if is_asked {
            return None;
        }
        self.asked = wanted;
        self.asked.clone()
    }

    /// True of the question that was asked last.
    pub(crate) fn is_asked(&self, question: &Q) -> bool {
        self.asked.as_ref() == Some(question)
    }

    /// Whatever was asked may be asked again.
    pub(crate) fn forget(&mut self) {
        self.asked = None;
    }
}

/// Something shared, the same where it is one thing, however alike another may be; keeps nothing alive.
#[derive(Debug)]
pub(crate) struct Same<T>(Weak<T>);

impl<T> Same<T> {
    pub(crate) fn of(thing: &Arc<T>) -> Self {
        Self(Arc::downgrade(thing))
    }
}

impl<T> Clone for Same<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> PartialEq for Same<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0.ptr_eq(&other.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::JobId;

    #[test]
    fn questions_are_asked_once_and_one_at_a_time() {
        let job = JobStatus::new(JobId(1), JobKind::Search, "", 0.0);
        let (idle, busy) = (&[][..], std::slice::from_ref(&job));
        let kind = JobKind::Search;
        let mut asking = Asking::default();
        assert_eq!(asking.next(Some(1), Older::Ends, (idle, kind)), Some(1));
        assert_eq!(asking.next(Some(1), Older::Ends, (idle, kind)), None, "asked already");
        assert_eq!(asking.next(Some(2), Older::Ends, (busy, kind)), None, "one at a time");
        assert!(!job.is_cancelled() && asking.is_asked(&1));
        assert_eq!(asking.next(Some(3), Older::Ends, (idle, kind)), Some(3), "the newest");
        assert_eq!(asking.next(Some(3), Older::Stops, (busy, kind)), None);
        assert!(!job.is_cancelled(), "it is what is wanted");
        assert_eq!(asking.next(Some(4), Older::Stops, (busy, kind)), None);
        assert!(job.is_cancelled());
        let other = &[JobStatus::new(JobId(2), JobKind::Export, "", 0.0)];
        assert_eq!(asking.next(Some(4), Older::Stops, (other, kind)), Some(4), "another's job");
        assert_eq!(asking.next(None, Older::Stops, (idle, kind)), None);
        assert_eq!(asking.next(Some(4), Older::Stops, (idle, kind)), Some(4), "wanted anew");
        asking.forget();
        assert_eq!(asking.next(Some(4), Older::Stops, (idle, kind)), Some(4));
    }
}
