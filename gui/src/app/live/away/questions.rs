//! Questions that need all of a document, answered where that lies: each on a thread of its own, so that what is looked at goes on coming.

use std::{sync::Arc, thread};

use super::{inside::Inside, letter::Letter, shown::Shown, words::Tell};
use crate::{
    app::{
        Queries, Unanswered,
        part::{InPieces, Question},
    },
    jobs::JobControl,
};

/// Questions that are worked on at once: a window asks one of a kind at a time.
const MOST_AT_ONCE: usize = 8;
/// Iterations before the last that can be asked about.
const MOST_GONE_BY: usize = 3;

impl Inside {
    /// Works on the answer of a question about what is shown.
    pub(super) fn answer(&mut self, question: u64, number: u64, asked: Question) {
        let shown = self.shown.as_ref().map(Shown::queries).into_iter().chain(self.gone_by.clone());
        let Some((_, queries)) = shown.into_iter().find(|(shown, _)| *shown == number) else {
            return self.tell(&Tell::NoAnswer(question, None));
        };
        if let Err(why) = self.begin_answer(question, queries, asked) {
            self.tell(&Tell::NoAnswer(question, Some(why)));
        }
    }

    /// Shows something else, and answers questions about what was shown before for a while: they may be on their way.
    pub(super) fn show(&mut self, shown: Shown) {
        if let Some(before) = self.shown.replace(shown) {
            self.gone_by.truncate(MOST_GONE_BY - 1);
            self.gone_by.push_front(before.queries());
        }
    }

    fn begin_answer(
        &mut self,
        question: u64,
        queries: Arc<Queries>,
        asked: Question,
    ) -> Result<(), String> {
        if self.questions.count() >= MOST_AT_ONCE {
            return Err("too much is asked at once".to_owned());
        }
        let (control, post) = (JobControl::default(), Arc::clone(&self.post));
        let wanted = control.clone();
        let work = move || {
            let mut out = InPieces::new(|piece| {
                post(Letter::with(&Tell::Answer(question, false), piece));
            });
            let answered = asked.answer(&queries, &wanted, &mut out);
            let last = out.last();
            match answered {
                Ok(()) => post(Letter::with(&Tell::Answer(question, true), last)),
                Err(Unanswered::Failed(why)) => {
                    post(Letter::of(&Tell::NoAnswer(question, Some(why))));
                }
                Err(Unanswered::Gone) => post(Letter::of(&Tell::NoAnswer(question, None))),
                Err(Unanswered::Stopped) => {}
            }
        };
        thread::Builder::new()
            .name("weftscope-answer".to_owned())
            .spawn(work)
            .map_err(|error| format!("no thread to answer on: {error}"))?;
        self.questions.begin(question, control);
        Ok(())
    }

    /// Nobody waits for this answer.
    pub(super) fn forget(&mut self, question: u64) {
        self.questions.end(question);
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, ops::ControlFlow, thread::JoinHandle, time::Duration};

    use weftscope_traces::{Span, TrackId, analysis, container, tables::TableFormat};

    use super::super::{
        Host, Port,
        following::Following,
        tests::on_a_thread,
        words::{Ask, Tell},
    };
    use super::*;
    use crate::{
        app::{
            SqlAnswer, SqlFailure,
            part::{Asker, Known},
            rows,
        },
        files::{SAMPLES, TraceFormat},
    };

    /// A recording at the other end, of which a first part is here; nothing more is taken in.
    struct There {
        port: Port,
        following: Following,
        asker: Asker,
    }

    impl There {
        fn open(path: &str) -> Self {
            let port = on_a_thread(|wake| Host::with_threads(Default::default(), None, wake));
            Ask::Open(path.to_owned()).over(&port);
            let following = Following::new();
            loop {
                let Some(letter) = port.next_within(Duration::from_secs(60)) else {
                    panic!("none")
                };
                let (Tell::Part(number), bytes) = Tell::heard(letter) else { continue };
                let known = Known { file_stem: "it".to_owned(), explanation: None };
                let document = following.made(number, &bytes, known).unwrap();
                assert!(document.part.is_some(), "a part is here");
                let asker = document.asker().unwrap().clone();
                return Self { port, following, asker };
            }
        }

        /// Carries letters until a job has its answer.
        fn answered<T>(&mut self, job: JoinHandle<T>) -> T {
            while !job.is_finished() {
                self.following.tell(&self.port);
                if let Some(letter) = self.port.next_within(Duration::from_millis(2)) {
                    let (tell, bytes) = Tell::heard(letter);
                    self.following.take(tell, bytes, &self.port).unwrap();
                }
            }
            job.join().unwrap()
        }

        fn ask(&mut self, question: Question) -> Result<Vec<u8>, Unanswered> {
            let asker = self.asker.clone();
            let job = move || {
                let mut bytes = Vec::new();
                asker.ask(question, &JobControl::default(), &mut bytes).map(|()| bytes)
            };
            let job = thread::Builder::new().spawn(job).unwrap();
            self.answered(job)
        }
    }

    /// What is answered there is what all of the recording answers here, byte by byte where it is a file.
    #[test]
    fn what_needs_all_of_a_recording_is_answered_where_it_lies() {
        let sample = SAMPLES.iter().find(|sample| sample.name == "h200x2-tokenweave").unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("it.weft");
        fs::write(&path, sample.bytes).unwrap();
        let mut there = There::open(path.to_str().unwrap());
        let read = container::read(sample.bytes, &mut |_| ControlFlow::Continue(())).unwrap();
        let here = Queries::of(Arc::new(read));

        let (window, tracks) = (Span::new(0, 2_000_000), vec![TrackId(0)]);
        let bytes = there.ask(Question::Range(window, tracks.clone())).unwrap();
        let range = analysis::Selection { window, tracks };
        let expected = analysis::selection(here.trace(), &range);
        assert!(expected.count > 0);
        assert_eq!(serde_json::from_slice::<analysis::SelectionReport>(&bytes).unwrap(), expected);

        let control = JobControl::default();
        let ask = |there: &mut There, query: &str| {
            let bytes = there.ask(Question::Rows(query.to_owned())).unwrap();
            serde_json::from_slice::<Result<SqlAnswer, SqlFailure>>(&bytes).unwrap()
        };
        let query =
            "select name, count(*) as n, sum(dur) as ns from slice group by name order by name";
        let mut answer = ask(&mut there, query).unwrap();
        let expected = rows(&here, query, &control).unwrap().unwrap();
        answer.took_s = expected.took_s;
        assert!(answer == expected && expected.rows.len() > 3);
        let wrong = "select nme from slice";
        assert_eq!(ask(&mut there, wrong), rows(&here, wrong, &control).unwrap());

        for question in [
            Question::RowsFile(
                "select a.ts, b.dur, a.name from slice a, slice b where b.id < 30".to_owned(),
                TableFormat::Csv,
            ),
            Question::File(TraceFormat::JsonGz),
        ] {
            let mut expected = Vec::new();
            question.answer(&here, &control, &mut expected).unwrap();
            assert!(expected.len() > 100_000, "several pieces");
            assert!(there.ask(question.clone()).unwrap() == expected, "{question:?}");
        }
    }

    #[test]
    fn what_is_gone_or_unwanted_has_no_answer() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("it.weft");
        fs::write(&path, SAMPLES[0].bytes).unwrap();
        let mut there = There::open(path.to_str().unwrap());
        // Another document of the same run, of which nobody there knows.
        Ask::Question(1000, 77, Question::Rows("select 1".to_owned())).over(&there.port);
        loop {
            let Some(letter) = there.port.next_within(Duration::from_secs(60)) else {
                panic!("none")
            };
            if let Tell::NoAnswer(1000, why) = Tell::heard(letter).0 {
                break assert_eq!(why, None);
            }
        }
        let (asker, control) = (there.asker.clone(), JobControl::default());
        control.cancel();
        let job = move || asker.ask(Question::Rows("select 1".into()), &control, &mut Vec::new());
        let job = thread::Builder::new().spawn(job).unwrap();
        assert_eq!(there.answered(job), Err(Unanswered::Stopped));
        // Where nobody carries questions any more, that is said.
        let There { port, following, asker } = there;
        drop((port, following));
        let asked =
            asker.ask(Question::Rows("select 1".into()), &JobControl::default(), &mut Vec::new());
        assert!(matches!(asked, Err(Unanswered::Failed(why)) if why.contains("lost")));
    }
}
