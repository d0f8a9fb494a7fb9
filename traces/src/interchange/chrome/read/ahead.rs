//! The text in stretches of about a megabyte, read ahead while earlier ones are still being taken in.
//!
//! Each is cut where an event seems to begin. Nothing depends on that guess: what was read of a stretch is used only by
//! a reader that stands exactly at its beginning, between two events; whoever stands elsewhere gets the text.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::mem;
use std::num::NonZero;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Scope;

use super::resync::{Landing, landing};
use super::stretch::Stretch;

/// Bytes of a stretch.
pub(super) const STRETCH_BYTES: usize = 1 << 20;

/// A text to read, and where the answer goes.
struct Job {
    text: Vec<u8>,
    at_byte: u64,
    done: SyncSender<(Vec<u8>, Stretch)>,
}

/// A stretch that was read from the file.
enum Next {
    Text(Vec<u8>),
    /// With someone who reads it.
    Given(Receiver<(Vec<u8>, Stretch)>),
    Failed(io::Error),
}

/// Threads that read stretches, of as many as were allowed.
pub(super) struct Helpers<'scope, 'env> {
    scope: &'scope Scope<'scope, 'env>,
    num: usize,
    jobs: Option<SyncSender<Job>>,
}

impl<'scope, 'env> Helpers<'scope, 'env> {
    /// As many as there are threads; with one, the reader itself reads.
    pub(super) fn new(scope: &'scope Scope<'scope, 'env>, threads: NonZero<usize>) -> Self {
        let num = if threads.get() > 1 { threads.get() } else { 0 };
        Self { scope, num, jobs: None }
    }

    /// Hands a text over; gives it back when there is nobody.
    fn give(&mut self, text: Vec<u8>, at_byte: u64) -> Next {
        if self.num == 0 {
            return Next::Text(text);
        }
        let jobs = self.jobs.get_or_insert_with(|| {
            let (jobs, taken) = sync_channel::<Job>(2 * self.num);
            let taken = Arc::new(Mutex::new(taken));
            for _ in 0..self.num {
                let taken = Arc::clone(&taken);
                self.scope.spawn(move || work(&taken));
            }
            jobs
        });
        let (done, answer) = sync_channel(1);
        match jobs.send(Job { text, at_byte, done }) {
            Ok(()) => Next::Given(answer),
            Err(unsent) => Next::Text(unsent.0.text),
        }
    }
}

/// Reads stretch after stretch until nobody has one more.
fn work(jobs: &Mutex<Receiver<Job>>) {
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Job { text, at_byte, done }) = job else { return };
        let stretch = Stretch::read(&text, at_byte);
        // Nobody waits any more when reading was cancelled.
        _ = done.send((text, stretch));
    }
}

/// The text of a file, stretch by stretch.
pub(super) struct Ahead<'scope, 'env, R> {
    input: R,
    stretch_bytes: usize,
    helpers: Helpers<'scope, 'env>,
    /// Stretches hold events that are to be read by themselves.
    is_on: bool,
    next: VecDeque<Next>,
    /// Text behind the last cut.
    rest: Vec<u8>,
    /// Where `rest` begins in the text.
    at_byte: u64,
    is_over: bool,
    /// The stretch whose text is being given out, and how much of it is gone.
    now: Vec<u8>,
    gone: usize,
    /// Where the next stretch of `next` begins in the text.
    next_at_byte: u64,
}

impl<'scope, 'env, R: Read> Ahead<'scope, 'env, R> {
    pub(super) fn new(input: R, stretch_bytes: usize, helpers: Helpers<'scope, 'env>) -> Self {
        Self {
            input,
            stretch_bytes,
            helpers,
            is_on: false,
            next: VecDeque::new(),
            rest: Vec::new(),
            at_byte: 0,
            is_over: false,
            now: Vec::new(),
            gone: 0,
            next_at_byte: 0,
        }
    }

    /// From here on stretches are read by themselves.
    pub(super) fn switch_on(&mut self) {
        self.is_on = true;
    }

    /// The next stretch with what was read of it, to a reader that has all text before it; what was not taken of it is
    /// text to come.
    pub(super) fn stretch(&mut self) -> io::Result<Option<(Stretch, &[u8])>> {
        if !self.is_on || self.gone < self.now.len() {
            return Ok(None);
        }
        let at_byte = self.next_at_byte;
        let Some(stretch) = self.step()? else { return Ok(None) };
        let stretch = stretch.unwrap_or_else(|| Stretch::read(&self.now, at_byte));
        self.gone = stretch.taken;
        Ok(Some((stretch, &self.now[..self.gone])))
    }

    /// Makes the next stretch the present one; gives what was read of it. `None` at the end.
    fn step(&mut self) -> io::Result<Option<Option<Stretch>>> {
        self.fill();
        let (text, stretch) = match self.next.pop_front() {
            None => return Ok(None),
            Some(Next::Failed(error)) => return Err(error),
            Some(Next::Text(text)) => (text, None),
            Some(Next::Given(answer)) => {
                let (text, stretch) =
                    answer.recv().map_err(|_| io::Error::other("a reading thread ended early"))?;
                (text, Some(stretch))
            }
        };
        self.next_at_byte += text.len() as u64;
        (self.now, self.gone) = (text, 0);
        Ok(Some(stretch))
    }

    /// Reads stretches ahead, one if nobody helps.
    fn fill(&mut self) {
        let wanted = if self.is_on { (2 * self.helpers.num).max(1) } else { 1 };
        while self.next.len() < wanted && !self.is_over {
            let (text, failed) = self.cut();
            if !text.is_empty() {
                let at_byte = self.at_byte;
                self.at_byte += text.len() as u64;
                let given =
                    if self.is_on { self.helpers.give(text, at_byte) } else { Next::Text(text) };
                self.next.push_back(given);
            }
            // What was read before is good.
            self.next.extend(failed.map(Next::Failed));
        }
    }

    /// The next stretch of text, and why it is the last when something failed.
    fn cut(&mut self) -> (Vec<u8>, Option<io::Error>) {
        let mut text = mem::take(&mut self.rest);
        let wanted = self.stretch_bytes.saturating_sub(text.len()).max(1);
        text.reserve_exact(wanted);
        let read = self.input.by_ref().take(wanted as u64).read_to_end(&mut text);
        self.is_over = !matches!(read, Ok(read) if read == wanted);
        if !self.is_over {
            let at = last_event(&text);
            self.rest = text.split_off(at);
        }
        (text, read.err())
    }
}

/// Where the last event of a text seems to begin; the text's end without one.
fn last_event(text: &[u8]) -> usize {
    let is_blank = |byte: &u8| byte.is_ascii_whitespace();
    memchr::memrchr_iter(b'{', text)
        .find(|&at| {
            let before = text[..at].iter().rfind(|byte| !is_blank(byte));
            before == Some(&b',') && landing(b',', &text[at..]) == Some(Landing::Event)
        })
        .unwrap_or(text.len())
}

impl<R: Read> Read for Ahead<'_, '_, R> {
    /// Gives text of one stretch at a time, so that a reader can stand at the end of each.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.gone == self.now.len() && self.step()?.is_none() {
            return Ok(0);
        }
        let n = (&self.now[self.gone..]).read(buffer)?;
        self.gone += n;
        Ok(n)
    }
}
