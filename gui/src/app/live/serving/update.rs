//! How the tab is changed.

use std::sync::Arc;

use super::{ServingCommand, ServingRun, ServingTab};
use crate::{
    app::{BottomTab, Effect, Overlay, PathPurpose, PathQuestion, State},
    jobs::JobKind,
    serving::Source,
};

/// Applies a request; gives what else must happen.
pub(crate) fn update_serving(state: &mut State, command: ServingCommand) -> Vec<Effect> {
    let Some(live) = &mut state.live else { return Vec::new() };
    let tab = &mut live.serving;
    match command {
        ServingCommand::Show => state.settings.layout.show(BottomTab::Serving),
        ServingCommand::Run => return begin(state),
        ServingCommand::AskTrace => ask_trace(state),
        ServingCommand::Edit(edit) => edit.apply(&mut tab.asked),
        ServingCommand::Choose(strategy) => tab.chosen = Some(strategy),
        ServingCommand::Part(part) => tab.part = part,
        ServingCommand::Open(strategy, number) => {
            let (Some(of), Some(served)) = (tab.of.clone(), tab.by(strategy).cloned()) else {
                return Vec::new();
            };
            let title = format!("Looking up iteration {number}");
            let job = state.begin_job(JobKind::ServingBatch, title);
            return vec![Effect::ServingBatch(job, of, served, number)];
        }
    }
    Vec::new()
}

/// Asks for a path, beginning with the one that there is.
fn ask_trace(state: &mut State) {
    let source = state.live.as_ref().map(|live| &live.serving.asked.demand.source);
    let text = match source {
        Some(Source::Trace(path)) => path.display().to_string(),
        _ => String::new(),
    };
    let purpose = PathPurpose::Requests;
    state.overlay = Overlay::Path(PathQuestion { purpose, text, exists: None });
}

/// Serves what is asked for; what is under way is worth nothing any more.
fn begin(state: &mut State) -> Vec<Effect> {
    state.drop_jobs(JobKind::Serving);
    state.settings.layout.show(BottomTab::Serving);
    let Some(live) = &mut state.live else { return Vec::new() };
    let tab = &mut live.serving;
    let run = Arc::new(ServingRun::of(&live.draft, &tab.asked));
    let (asked, chosen, part) = (tab.asked.clone(), tab.chosen, tab.part);
    *tab = ServingTab { asked, chosen, part, of: Some(Arc::clone(&run)), ..ServingTab::default() };
    let job = state.begin_job(JobKind::Serving, "Serving requests");
    vec![Effect::Serving(job, run)]
}
