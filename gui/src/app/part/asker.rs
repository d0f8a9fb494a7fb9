//! The way from jobs of the window to the end that holds all of a document.

use std::{collections::HashMap, io, time::Duration};

use crossbeam::channel::{Receiver, RecvTimeoutError, Sender, TrySendError, bounded};
use serde::de::DeserializeOwned;

use super::Question;
use crate::{app::Unanswered, jobs::JobControl};

/// How often a job that waits for an answer looks whether it is still wanted.
const LOOK: Duration = Duration::from_millis(20);
/// Questions that may wait to be asked.
const MOST_ASKED: usize = 64;
/// Pieces of an answer that may wait to be taken in.
const MOST_WAITING: usize = 1 << 12;

/// A part of an answer.
pub(crate) enum Answer {
    /// A piece, and whether it is the last.
    Piece(Vec<u8>, bool),
    /// There is none, in words; `None`: what it is about is not there any more.
    None(Option<String>),
}

/// Asks about one document; clones ask the same.
#[derive(Clone)]
pub(crate) struct Asker {
    number: u64,
    asked: Sender<Asked>,
}

struct Asked {
    number: u64,
    question: Question,
    answers: Sender<Answer>,
}

impl Asker {
    /// The answer that is JSON.
    ///
    /// # Errors
    /// [`Unanswered`]
    pub(crate) fn answer<T: DeserializeOwned>(
        &self,
        question: Question,
        control: &JobControl,
    ) -> Result<T, Unanswered> {
        let mut bytes = Vec::new();
        self.ask(question, control, &mut bytes)?;
        serde_json::from_slice(&bytes).map_err(|error| {
            Unanswered::Failed(format!("what came as an answer is not understood: {error}"))
        })
    }

    /// Writes the answer as it comes.
    ///
    /// # Errors
    /// [`Unanswered`]
    pub(crate) fn ask(
        &self,
        question: Question,
        control: &JobControl,
        out: &mut dyn io::Write,
    ) -> Result<(), Unanswered> {
        let lost = || Unanswered::Failed("the connection to where it lies is lost".to_owned());
        let (answers, inbox) = bounded(MOST_WAITING);
        let asked = Asked { number: self.number, question, answers };
        self.asked.try_send(asked).map_err(|error| match error {
            TrySendError::Full(_) => Unanswered::Failed("too much is asked at once".to_owned()),
            TrySendError::Disconnected(_) => lost(),
        })?;
        loop {
            if control.is_cancelled() {
                return Err(Unanswered::Stopped);
            }
            match inbox.recv_timeout(LOOK) {
                Ok(Answer::Piece(bytes, is_last)) => {
                    out.write_all(&bytes).map_err(|error| Unanswered::Failed(error.to_string()))?;
                    if is_last {
                        return Ok(());
                    }
                }
                Ok(Answer::None(why)) => {
                    return Err(why.map_or(Unanswered::Gone, Unanswered::Failed));
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(lost()),
            }
        }
    }
}

/// Questions of the window's jobs on their way, and who waits for what.
pub(crate) struct Asking {
    way: (Sender<Asked>, Receiver<Asked>),
    given: u64,
    waiting: HashMap<u64, Sender<Answer>>,
}

impl Asking {
    /// Nobody has asked.
    pub(crate) fn new() -> Self {
        Self { way: bounded(MOST_ASKED), given: 0, waiting: HashMap::new() }
    }

    /// Asks about the document that the other end calls so.
    pub(crate) fn asker(&self, number: u64) -> Asker {
        Asker { number, asked: self.way.0.clone() }
    }

    /// The next question: its own number, that of the document, and what is asked.
    pub(crate) fn next(&mut self) -> Option<(u64, u64, Question)> {
        let Asked { number, question, answers } = self.way.1.try_recv().ok()?;
        self.given += 1;
        self.waiting.insert(self.given, answers);
        Some((self.given, number, question))
    }

    /// Hands on an answer; false where nobody waits for it any more.
    pub(crate) fn take(&mut self, question: u64, answer: Answer) -> bool {
        let is_last = matches!(answer, Answer::None(_) | Answer::Piece(_, true));
        // A job that is stopped has let go of its end.
        let is_taken =
            self.waiting.get(&question).is_some_and(|waiting| waiting.try_send(answer).is_ok());
        if is_last || !is_taken {
            self.waiting.remove(&question);
        }
        is_taken || is_last
    }

    /// Somebody waits for an answer, or has asked.
    pub(crate) fn is_under_way(&self) -> bool {
        !self.waiting.is_empty() || !self.way.1.is_empty()
    }
}
