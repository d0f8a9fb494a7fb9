//! A search of the timeline: what is looked for, what was found, and the hit that was gone to last.

use std::{ops::ControlFlow, sync::Arc};

use weftscope_traces::{
    SliceRef, Span,
    analysis::{self, Hits, Query, UnknownKey, WrongWord},
};

use super::TimelineData;

/// Slices that are looked at for hits on the UI thread: a millisecond or two. More are left to a job.
const AT_ONCE: usize = 1 << 19;

/// A search of the view: what does not match is dimmed, and hits are gone to one after another.
#[derive(Clone, Debug, Default)]
pub struct Search {
    /// As typed.
    pub text: String,
    /// `None` when nothing is looked for.
    asked: Option<Asked>,
    /// The hit last gone to.
    current: Option<SliceRef>,
    /// How many hits come before it.
    place: usize,
    /// Steps asked for before the hits were known.
    waiting: i32,
    /// Slices that it looks at are not here: how many there are is not known.
    is_of_more: bool,
}

/// A search in one trace, and what it found, once that is known.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) search: Arc<analysis::Search>,
    pub(super) hits: Option<Arc<Hits>>,
}

impl PartialEq for Asked {
    /// The same, not alike: what is drawn hangs on it, and is compared each frame.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.search, &other.search) && self.hits.is_some() == other.hits.is_some()
    }
}

impl Search {
    /// Looks for `text` in `data`, by the grammar of [`Query`]. Finds the hits at once where there are few slices to look
    /// at; else they come later, see [`unfinished`](Self::unfinished). Costs a look at every label.
    pub fn of(data: &TimelineData, text: String) -> Self {
        if text.trim().is_empty() {
            return Self { text, ..Self::default() };
        }
        let query = Query::parse(&text);
        let search = Arc::new(analysis::Search::placed(&data.trace, query, &data.places));
        if search.is_active() && data.is_partial(search.lanes()) {
            let asked = Some(Asked { search, hits: None });
            return Self { text, asked, is_of_more: true, ..Self::default() };
        }
        let hits = (search.num_slices(&data.trace) <= AT_ONCE).then(|| {
            let go_on = |_| ControlFlow::<std::convert::Infallible>::Continue(());
            let Ok(hits) = Hits::find(Arc::clone(&search), &data.trace, go_on);
            Arc::new(hits)
        });
        Self { text, asked: Some(Asked { search, hits }), ..Self::default() }
    }

    /// True when something is looked for, so that the rest is dimmed.
    pub fn is_active(&self) -> bool {
        self.asked().is_some()
    }

    /// The first word that is not understood.
    pub fn wrong(&self) -> Option<&WrongWord> {
        self.asked.as_ref()?.search.query().wrong()
    }

    /// A word that looks like a filter and is none, once it is known that nothing has it in its name.
    pub fn unknown(&self) -> Option<&UnknownKey> {
        let is_vain = self.count() == Some(0);
        self.asked.as_ref()?.search.query().unknown().filter(|_| is_vain)
    }

    /// How many slices match; `None` while that is not known, or nothing is looked for.
    pub fn count(&self) -> Option<usize> {
        Some(self.hits()?.count())
    }

    /// The number of the hit last gone to, from 1.
    pub fn number(&self) -> Option<usize> {
        self.current.map(|_| self.place + 1)
    }

    /// What it looks at is not all here, so that it finds nothing.
    pub fn is_of_more(&self) -> bool {
        self.is_of_more
    }

    /// The search whose hits are still to be found.
    pub fn unfinished(&self) -> Option<&Arc<analysis::Search>> {
        let asked = self.asked().filter(|_| !self.is_of_more)?;
        asked.hits.is_none().then_some(&asked.search)
    }

    pub(super) fn asked(&self) -> Option<&Asked> {
        self.asked.as_ref().filter(|asked| asked.search.is_active())
    }

    fn hits(&self) -> Option<&Arc<Hits>> {
        self.asked()?.hits.as_ref()
    }

    /// Looks for the same in the next trace of a run; `same` finds a slice there again.
    pub(super) fn retarget(
        &mut self,
        new: &TimelineData,
        same: impl FnOnce(SliceRef) -> Option<SliceRef>,
    ) {
        let before = std::mem::take(self);
        *self = Self::of(new, before.text);
        self.waiting = before.waiting;
        if let (Some(hits), Some(slice)) = (self.hits().cloned(), before.current.and_then(same))
            && hits.search().is_hit(&new.trace, slice)
        {
            self.go_to(&hits, new, slice);
        }
    }

    /// Takes in the hits that a job has found, and gives the steps that waited for them; `None` when something else is
    /// looked for meanwhile.
    pub(super) fn take(&mut self, hits: Arc<Hits>) -> Option<i32> {
        let asked =
            self.asked.as_mut().filter(|asked| Arc::ptr_eq(&asked.search, hits.search()))?;
        asked.hits = Some(hits);
        Some(std::mem::take(&mut self.waiting))
    }

    /// Goes to the next hit (`by` > 0) or the one before, past the last to the first; the first step goes to the first hit
    /// in `window`. Before the hits are known a step waits for them.
    pub(super) fn step(&mut self, data: &TimelineData, window: Span, by: i32) -> Option<SliceRef> {
        let Some(hits) = self.hits().cloned() else {
            // Not more than a hand asks for while it waits.
            self.waiting = (self.waiting + by.signum()).clamp(-8, 8);
            return None;
        };
        let trace = &data.trace;
        let found = match (self.current, by > 0) {
            (Some(current), true) => hits.next(trace, Some(current)),
            (Some(current), false) => hits.prev(trace, Some(current)),
            (None, true) => hits.next_at(trace, window.start_ns),
            (None, false) => {
                hits.next_at(trace, window.end_ns).and_then(|after| hits.prev(trace, Some(after)))
            }
        };
        let wrapped = || if by > 0 { hits.next(trace, None) } else { hits.prev(trace, None) };
        let hit = found.or_else(wrapped)?;
        self.go_to(&hits, data, hit);
        Some(hit)
    }

    fn go_to(&mut self, hits: &Hits, data: &TimelineData, slice: SliceRef) {
        self.current = Some(slice);
        self.place = hits.position(&data.trace, slice);
    }
}
