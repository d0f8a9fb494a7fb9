//! Jobs that run plans, at the end that runs.

use std::sync::Arc;

use weftscope_engine::{neighbours::neighbour, spec::RunSpec};

use super::{
    super::{
        LiveEvent, ServingAsked, ServingEvent, ServingRun, run_baselines, run_curve, run_serving,
    },
    On,
    inside::Inside,
    letter::Letter,
    words::{News, Tell, Work},
};
use crate::{
    app::{Event, JobResult, neighbours},
    jobs::{EventSender, JobControl},
    lessons::Facts,
};

impl Inside {
    /// Does a job to its end.
    pub(super) fn work(&self, work: Work, on: On) -> Result<(), String> {
        let backend = self.host.backend(on)?;
        let post = Arc::clone(&self.post);
        let control =
            self.over.telling(move |permille| post(Letter::of(&Tell::Progress(permille))));
        let post = Arc::clone(&self.post);
        let events = EventSender::through(move |event| {
            if let Some(news) = news(event) {
                post(Letter::of(&Tell::News(news)));
            }
        });
        let executors = &self.host.executors;
        let result = match work {
            Work::Baselines(spec) => {
                run_baselines(executors, &backend, &Arc::new(*spec), &events, &control)
            }
            Work::Curve(spec, axis) => {
                run_curve(executors, &backend, &Arc::new(*spec), axis, &events, &control)
            }
            Work::Serving(spec, asked) => {
                let asked =
                    asked.as_ref().map_or(Some(ServingAsked::default()), ServingAsked::of_kept);
                let asked = asked.ok_or("what is to be served was not understood")?;
                let run = ServingRun::again(*spec, asked, backend);
                run_serving(executors, &Arc::new(run), &events, &control)
            }
            Work::Runs(specs) => return self.runs(&specs, &control),
            Work::Neighbour(name, knobs) => return self.neighbour(&name, &knobs, &control),
        };
        match result {
            JobResult::Failed(cause) => Err(cause),
            _ => Ok(()),
        }
    }

    /// What cannot run is left out: the window finds that out by itself, and says why.
    fn runs(&self, specs: &[RunSpec], control: &JobControl) -> Result<(), String> {
        for (index, spec) in specs.iter().enumerate() {
            if let Ok((plan, trace)) = Facts::run(spec, &|| control.is_cancelled()) {
                let plan = plan.to_json().map_err(|error| error.to_string())?;
                (self.post)(Letter::with_trace(&Tell::Run(index, plan), &trace)?);
            }
            control.step(index as u64 + 1, specs.len() as u64).ok();
        }
        Ok(())
    }

    /// Its runs with the idea and without, and what they show.
    fn neighbour(
        &self,
        name: &str,
        knobs: &[(String, String)],
        control: &JobControl,
    ) -> Result<(), String> {
        let known = neighbour(name).ok_or_else(|| format!("there is no neighbour {name}"))?;
        let mut settings = known.settings();
        for (knob, text) in knobs {
            settings.set(knob, text).map_err(|error| error.to_string())?;
        }
        let simulated = neighbours::simulate(&settings, control);
        let (shown, runs) = simulated.map_err(|cancelled| cancelled.to_string())??;
        for (index, (plan, trace)) in runs.iter().enumerate() {
            let plan = plan.to_json().map_err(|error| error.to_string())?;
            (self.post)(Letter::with_trace(&Tell::Run(index, plan), trace)?);
        }
        self.tell(&Tell::News(News::Neighbour(shown)));
        Ok(())
    }
}

/// What of an event the window is told; it knows itself what it had asked for.
fn news(event: Event) -> Option<News> {
    let Event::Live(event) = event else { return None };
    Some(match *event {
        LiveEvent::Baseline { baseline, .. } => News::Baseline(baseline),
        LiveEvent::Simulated { answer, .. } => News::Simulated(answer),
        LiveEvent::UnsplitAlone { ns, .. } => News::UnsplitAlone(ns),
        LiveEvent::CurvePoint { point, .. } => News::CurvePoint(point),
        LiveEvent::Serving { event, .. } => match *event {
            ServingEvent::Head(head) => News::ServingHead(head),
            ServingEvent::Failed(cause) => News::ServingFailed(cause),
            ServingEvent::Served(served) => {
                let outcome = served.outcome.map(|run| Box::new(run.served.clone()));
                News::Served(served.strategy, outcome)
            }
            // Looked up where it is asked.
            ServingEvent::Batch(..) => return None,
        },
        _ => return None,
    })
}
