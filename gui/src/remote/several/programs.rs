//! The parts of a program that runs on several servers, each watched by an agent there, as one picture here.

use std::{sync::Arc, thread};

use crossbeam::channel::{Receiver, Sender, bounded};
use weftscope_traces::{Trace, edit::merge};

use super::{super::reach::watch_all_there, named, near::Views};
use crate::{
    app::{Document, JobResult},
    jobs::{EventSender, JobControl, OnServer},
};

/// What of one server has come and is not put together yet; it waits then.
const WAITING: usize = 2;

/// Watches all of them. `show` gets the last tenth of a second that is common to them, while they run; stopping the job stops the
/// recording, and the program goes on.
pub(crate) fn watch_several(
    there: &[OnServer],
    show: &dyn Fn(Arc<Document>),
    events: &EventSender,
    control: &JobControl,
) -> JobResult {
    let watch =
        |at: usize, show: &dyn Fn(Arc<Trace>)| watch_all_there(&there[at], show, events, control);
    let names: Vec<String> = there.iter().map(|part| part.server.to_string()).collect();
    together(&names, &watch, show, control)
}

/// What becomes of a server's part.
type End = Result<Arc<Trace>, String>;

enum News {
    View(usize, Arc<Trace>),
    End(usize, End),
}

/// Watches the part of a server, shows its views, and gives all of it.
type Watch<'a> = &'a (dyn Fn(usize, &dyn Fn(Arc<Trace>)) -> End + Sync);

/// The same over whatever watches one of them: shows its views, and gives all of it in the end.
fn together(
    names: &[String],
    watch: Watch<'_>,
    show: &dyn Fn(Arc<Document>),
    control: &JobControl,
) -> JobResult {
    let (tell, told) = bounded(WAITING * names.len());
    let ends = thread::scope(|scope| {
        for at in 0..names.len() {
            let tell: Sender<News> = tell.clone();
            let failed = tell.clone();
            let part = move || {
                let view = |trace| drop(tell.send(News::View(at, trace)));
                let end = watch(at, &view);
                drop(tell.send(News::End(at, end)));
            };
            let thread = thread::Builder::new().name("weftscope-part-there".to_owned());
            if let Err(error) = thread.spawn_scoped(scope, part) {
                drop(failed.send(News::End(at, Err(format!("no thread to watch it on: {error}")))));
            }
        }
        drop(tell);
        taken_in(names.len(), &told, show)
    });
    if control.is_cancelled() && ends.iter().all(Result::is_err) {
        return JobResult::Cancelled;
    }
    match whole(names, ends) {
        Ok(trace) => JobResult::Opened { paths: Vec::new(), document: document(trace) },
        Err(cause) => JobResult::Failed(cause),
    }
}

/// Shows what comes until nothing more does; gives how each ended.
fn taken_in(servers: usize, told: &Receiver<News>, show: &dyn Fn(Arc<Document>)) -> Vec<End> {
    let mut views = Views::of(servers);
    let silent = || Err("watching it failed".to_owned());
    let mut ends: Vec<End> = (0..servers).map(|_| silent()).collect();
    while let Ok(first) = told.recv() {
        let mut has_view = false;
        // Of what has come meanwhile the newest is shown.
        for news in std::iter::once(first).chain(told.try_iter()) {
            match news {
                News::View(at, trace) => {
                    views.take(at, trace);
                    has_view = true;
                }
                News::End(at, end) => {
                    ends[at] = end;
                    views.forget(at);
                }
            }
        }
        // What contradicts itself in the middle may not in the end.
        if has_view && let Ok(trace) = merged(views.together()) {
            show(document(trace));
        }
    }
    ends
}

/// All that was recorded, with a word on servers of which nothing was.
fn whole(names: &[String], ends: Vec<End>) -> Result<Trace, String> {
    let (mut traces, mut missing) = (Vec::new(), Vec::new());
    for (end, name) in ends.into_iter().zip(names) {
        match end {
            Ok(trace) => traces.push(trace),
            Err(cause) => missing.push(named(name, &cause)),
        }
    }
    if traces.is_empty() {
        return Err(missing.join("; "));
    }
    let mut parts = merged(traces)?.into_parts();
    for cause in missing {
        parts.diagnostics.note(format!("a part of the program is missing: {cause}"));
    }
    Trace::checked(parts).map_err(|error| error.to_string())
}

fn merged(traces: Vec<Arc<Trace>>) -> Result<Trace, String> {
    merge(traces.into_iter().map(Arc::unwrap_or_clone).collect()).map_err(|error| error.to_string())
}

fn document(trace: Trace) -> Arc<Document> {
    Arc::new(Document::prepare(Arc::new(trace), "run"))
}

#[cfg(test)]
mod tests {
    use std::sync::{Barrier, Mutex};

    use super::{super::near::tests::view, *};

    fn ranks(document: &Document) -> Vec<u32> {
        document.trace.meta.ranks.iter().map(|info| info.rank).collect()
    }

    #[test]
    fn views_are_put_together_and_so_is_all_of_it() {
        let names = ["ssh://a".to_owned(), "ssh://b".to_owned()];
        let both_told = Barrier::new(2);
        let watch = |at: usize, show: &dyn Fn(Arc<Trace>)| {
            show(view(at as u32, 20_000 + at as i64));
            both_told.wait();
            Ok(view(at as u32, 30_000))
        };
        let shown = Mutex::new(Vec::new());
        let show = |document: Arc<Document>| shown.lock().unwrap().push(ranks(&document));
        let ended = together(&names, &watch, &show, &JobControl::default());
        // Each alone or both at once, as they came, until one has ended.
        let shown = shown.into_inner().unwrap();
        assert!(shown.iter().all(|ranks| !ranks.is_empty()), "{shown:?}");
        let JobResult::Opened { document, .. } = ended else { panic!("it is shown") };
        assert_eq!(ranks(&document), [0, 1]);
        assert!(document.trace.diagnostics.notes.is_empty());
        let ends = |lane: usize| document.trace.lanes[lane].slices.end_ns[0];
        assert_eq!(ends(0), ends(1), "Unix time puts servers on one axis");
    }

    #[test]
    fn while_they_run_both_are_in_view() {
        let (tell, told) = bounded(4);
        tell.send(News::View(0, view(0, 20_000))).unwrap();
        tell.send(News::View(1, view(1, 20_001))).unwrap();
        drop(tell);
        let shown = Mutex::new(Vec::new());
        let ends = taken_in(2, &told, &|document| shown.lock().unwrap().push(ranks(&document)));
        assert_eq!(shown.into_inner().unwrap(), [[0, 1]]);
        assert!(ends.iter().all(Result::is_err), "neither has ended by itself");
    }

    #[test]
    fn a_server_of_which_nothing_came_is_named() {
        let names = ["ssh://a".to_owned(), "ssh://b".to_owned()];
        let control = JobControl::default();
        let one = |at: usize, _: &dyn Fn(Arc<Trace>)| match at {
            0 => Ok(view(0, 20_000)),
            _ => Err("the connection is lost".to_owned()),
        };
        let JobResult::Opened { document, .. } = together(&names, &one, &|_| {}, &control) else {
            panic!("what came is shown")
        };
        assert_eq!(ranks(&document), [0]);
        let note = "a part of the program is missing: ssh://b: the connection is lost";
        assert_eq!(document.trace.diagnostics.notes, [note]);
        let none = |_: usize, _: &dyn Fn(Arc<Trace>)| Err("nobody is there".to_owned());
        let JobResult::Failed(cause) = together(&names, &none, &|_| {}, &control) else {
            panic!("nothing came")
        };
        assert_eq!(cause, "ssh://a: nobody is there; ssh://b: nobody is there");
    }
}
