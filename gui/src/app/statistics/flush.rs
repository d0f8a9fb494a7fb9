//! Asks for statistics, and works them out.

use weftscope_traces::analysis::{Config, Ops, Statistics, exposed, gaps, kernel_stats};

use crate::{
    app::{
        asking::{Older, Same},
        document::Document,
        effect::Effect,
        panel::{BottomTab, PanelId},
        state::State,
    },
    jobs::{Cancelled, JobControl, JobKind},
};

/// Works out the statistics of a document.
pub(crate) fn work_out(
    document: &Document,
    control: &JobControl,
) -> Result<Box<Statistics>, Cancelled> {
    control.step(0, 4)?;
    let ops = Ops::of(&document.trace, &Config::default());
    control.step(1, 4)?;
    let kernels = kernel_stats(&ops);
    control.step(2, 4)?;
    let exposed = exposed(&ops);
    control.step(3, 4)?;
    let gaps = gaps(&ops);
    control.step(4, 4)?;
    Ok(Box::new(Statistics { kernels, exposed, gaps }))
}

/// Asks for the statistics of what is in view when they are on screen and not of it; called once a frame. While
/// iterations come, one job follows another, never two at once, each of the newest.
pub(crate) fn flush_statistics(state: &mut State) -> Option<Effect> {
    let shown = state.shown;
    if state.statistics.of.is_some_and(|of| of != shown) {
        (state.statistics.found, state.statistics.of) = (None, None);
        state.statistics.asking.forget();
        for job in state.jobs.iter().filter(|job| job.kind == JobKind::Statistics) {
            job.cancel();
        }
    }
    let layout = &state.settings.layout;
    let is_on_screen =
        layout.is_open(PanelId::Bottom) && layout.bottom_tab == BottomTab::Statistics;
    if !is_on_screen {
        return None;
    }
    let document = state.document()?.clone();
    let jobs = (&state.jobs[..], JobKind::Statistics);
    state.statistics.asking.next(Some(Same::of(&document)), Older::Ends, jobs)?;
    state.statistics.of = Some(shown);
    let job = state.begin_job(JobKind::Statistics, "Working out statistics");
    Some(Effect::Statistics(job, document))
}

#[cfg(test)]
mod tests {
    use std::{path::PathBuf, sync::Arc};

    use weftscope_traces::{
        ArgsId, Kind, Label, Meta, Provenance, SliceRef, Span, TraceBuilder, TrackKind,
        analysis::KernelKey,
    };

    use super::*;
    use crate::{
        app::{Command, Event, JobResult, Shown, StatisticsCommand, StatisticsPart, apply, update},
        jobs::JobId,
        timeline::ViewCommand,
    };

    fn document() -> Arc<Document> {
        let provenance = Provenance::Measured { source: "test".to_owned() };
        let mut builder = TraceBuilder::new(Meta::new("two kernels", provenance));
        let stream = builder.track(None, "stream", TrackKind::Stream { rank: 0, stream: 0 });
        let lane = builder.lane(stream);
        for (name, kind, start_ns) in [("up", Kind::Gemm, 0), ("ar", Kind::Comm, 1000)] {
            let label = builder.label(Label { name: name.into(), kind, ..Label::default() });
            builder.push(lane, Span::new(start_ns, start_ns + 900), label, ArgsId::NONE, 0);
        }
        Arc::new(Document::prepare(Arc::new(builder.finish().unwrap()), "test"))
    }

    fn open(state: &mut State, name: &str) {
        let paths = vec![PathBuf::from(name)];
        let effects = update(state, Command::Open(paths.clone()));
        let [Effect::Open(job, _)] = &effects[..] else { panic!("a file is opened") };
        let result = JobResult::Opened { paths, document: document() };
        apply(state, Event::JobDone { id: job.id, result });
    }

    /// What is asked for, when something is.
    fn asked(state: &mut State) -> Option<(JobId, Arc<Document>)> {
        flush_statistics(state).map(|effect| match effect {
            Effect::Statistics(job, document) => (job.id, document),
            _ => panic!("statistics are asked for"),
        })
    }

    fn answer(state: &mut State, (id, document): (JobId, Arc<Document>)) {
        let found = work_out(&document, &JobControl::default()).unwrap();
        apply(state, Event::JobDone { id, result: JobResult::Statistics(found) });
    }

    #[test]
    fn they_are_worked_out_once_and_only_on_screen() {
        let mut state = State::default();
        open(&mut state, "/a.weft");
        assert!(asked(&mut state).is_none(), "nobody looks");
        update(&mut state, Command::Statistics(StatisticsCommand::Show(StatisticsPart::Gaps)));
        let first = asked(&mut state).expect("asked for");
        assert!(asked(&mut state).is_none(), "never two at once");
        answer(&mut state, first);
        let found = state.statistics.found.as_ref().unwrap();
        assert_eq!((found.kernels.kernels.len(), found.gaps.longest.len()), (2, 1));
        assert!(asked(&mut state).is_none(), "nothing new");
    }

    #[test]
    fn an_answer_about_what_is_no_longer_in_view_is_dropped() {
        let mut state = State::default();
        open(&mut state, "/a.weft");
        update(&mut state, Command::Statistics(StatisticsCommand::Show(StatisticsPart::Kernels)));
        let late = asked(&mut state).expect("asked for");
        open(&mut state, "/b.weft");
        assert!(asked(&mut state).is_none(), "the first is still running");
        answer(&mut state, late);
        assert!(state.statistics.found.is_none());
        let next = asked(&mut state).expect("asked for");
        assert!(Arc::ptr_eq(&next.1, state.document().unwrap()));
        answer(&mut state, next);
        assert!(state.statistics.found.is_some());
        // Back to the first: what is on screen is not of it.
        let first = state.documents[0].id;
        update(&mut state, Command::Show(Shown::File(first)));
        assert!(asked(&mut state).is_some() && state.statistics.found.is_none());
    }

    #[test]
    fn what_was_stopped_can_be_asked_for_again() {
        let mut state = State::default();
        open(&mut state, "/a.weft");
        update(&mut state, Command::Statistics(StatisticsCommand::Show(StatisticsPart::Kernels)));
        let (id, _) = asked(&mut state).expect("asked for");
        apply(&mut state, Event::JobDone { id, result: JobResult::Cancelled });
        assert!(asked(&mut state).is_none(), "it was stopped");
        update(&mut state, Command::Statistics(StatisticsCommand::Show(StatisticsPart::Kernels)));
        assert!(asked(&mut state).is_some());
    }

    #[test]
    fn the_kernel_of_the_selected_slice_is_chosen() {
        let mut state = State::default();
        open(&mut state, "/a.weft");
        let key = |name: &str, kind| Some(KernelKey { name: name.to_owned(), kind });
        let lane = weftscope_traces::LaneId(0);
        let select = ViewCommand::Select(SliceRef { lane, index: 1 });
        update(&mut state, Command::View(select));
        assert_eq!(state.statistics.kernel, key("ar", Kind::Comm));
        update(&mut state, Command::View(ViewCommand::ClearSelection));
        assert_eq!(state.statistics.kernel, key("ar", Kind::Comm), "kept");
        update(&mut state, Command::Statistics(StatisticsCommand::Choose(key("up", Kind::Gemm))));
        assert_eq!(state.statistics.kernel, key("up", Kind::Gemm));
    }
}
