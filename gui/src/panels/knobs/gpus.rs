//! How the GPUs of this computer run: what is seen, how many iterations behind one another, counters, weights.

use std::path::PathBuf;

use egui::Ui;

use super::{
    choice::{Choice, choice_ui},
    row::{drag, fill, plain_row, typed_ui},
};
use crate::{
    app::live::{GpuRun, Launch, Live, LiveCommand, Seen},
    panels::widgets::{Cx, name_widget},
    theme::number,
};

/// Nothing where the run is simulated.
pub(super) fn gpus_ui(ui: &mut Ui, cx: &mut Cx<'_>, live: &Live) {
    let Some(now) = live.draft.backend.gpu_run() else { return };
    let mut run = now.clone();
    plain_row(ui, cx, ("Launch", "How iterations are launched"), |ui, cx| {
        let choices = Launch::ALL.map(|launch| Choice {
            name: launch.name().to_owned(),
            line: Ok(launch.about().to_owned()),
            value: launch,
        });
        if let Some(launch) = choice_ui(ui, cx, "Launch", run.launch.name(), choices) {
            run.launch = launch;
        }
    });
    plain_row(ui, cx, ("Recorded", "What is seen of iterations"), |ui, cx| {
        let choices = Seen::ALL.map(|seen| {
            // CUPTI samples the counters.
            let line = match (seen, run.counters_ns) {
                (Seen::Stamps, Some(_)) => {
                    Err("Counters are sampled by CUPTI: turn them off first".to_owned())
                }
                _ => Ok(seen.about().to_owned()),
            };
            Choice { name: seen.name().to_owned(), line, value: seen }
        });
        if let Some(seen) = choice_ui(ui, cx, "Recorded", run.seen.name(), choices) {
            run.seen = seen;
        }
    });
    plain_row(
        ui,
        cx,
        ("In a row", "Iterations launched behind one another and shown as one picture"),
        |ui, _| {
            let most = GpuRun::MOST_ITERATIONS;
            let suffix = if run.iterations == 1 { " iteration" } else { " iterations" };
            let field = drag(&mut run.iterations).range(1..=most).speed(0.05).suffix(suffix);
            let response = fill(ui, field);
            name_widget(&response, "Iterations in a row");
        },
    );
    plain_row(
        ui,
        cx,
        ("Counters", "How often the GPUs' counters are sampled, by CUPTI"),
        |ui, cx| {
            let name = |ns: Option<u64>| match ns {
                Some(ns) => format!("every {}", number::duration_ns(ns as i64)),
                None => "off".to_owned(),
            };
            let choices = std::iter::once(None).chain(GpuRun::COUNTERS_NS.map(Some)).map(|ns| {
                let line = match (ns, run.seen) {
                    (Some(_), Seen::Stamps) => {
                        Err("Counters are sampled by CUPTI: let it see the run first".to_owned())
                    }
                    (Some(_), _) => {
                        Ok("SMs and tensor pipe active, memory and link traffic".to_owned())
                    }
                    (None, _) => Ok("No counters".to_owned()),
                };
                Choice { name: name(ns), line, value: ns }
            });
            if let Some(ns) = choice_ui(ui, cx, "Counters", &name(run.counters_ns), choices) {
                run.counters_ns = ns;
            }
        },
    );
    plain_row(ui, cx, ("Weights", WEIGHTS), |ui, cx| {
        let current =
            run.weights.as_ref().map(|path| path.display().to_string()).unwrap_or_default();
        let typed = typed_ui(ui, cx, "Weights", &current, WEIGHTS);
        if typed.is_done {
            let text = typed.text.trim();
            run.weights = (!text.is_empty()).then(|| PathBuf::from(text));
        }
    });
    if run != *now {
        cx.live(LiveCommand::RunOnGpus(run));
    }
}

const WEIGHTS: &str = "Folder of a Hugging Face checkpoint of this model (config.json and safetensors); empty: random weights";
