use std::sync::Arc;

use weftscope_engine::neighbours::neighbour;

use super::NeighbourCommand;
use crate::{
    app::{BottomTab, Effect, State},
    jobs::JobKind,
};

/// Applies a request; gives what else must happen.
pub(crate) fn update_neighbours(state: &mut State, command: NeighbourCommand) -> Vec<Effect> {
    let tab = &mut state.neighbours;
    match command {
        NeighbourCommand::Choose(name) => {
            state.settings.layout.show(BottomTab::Neighbours);
            let Some(neighbour) = neighbour(name) else { return Vec::new() };
            if tab.chosen().is_none_or(|chosen| chosen.name != name) {
                tab.settings = Some(neighbour.settings());
            }
        }
        NeighbourCommand::Turn(knob, text) => {
            let Some(settings) = &mut tab.settings else { return Vec::new() };
            let before = settings.clone();
            tab.failed = settings.set(knob, &text).err().map(|error| error.to_string());
            if *settings == before {
                return Vec::new();
            }
        }
        NeighbourCommand::Reset => {
            let Some(neighbour) = tab.chosen() else { return Vec::new() };
            tab.settings = Some(neighbour.settings());
        }
    }
    run(state)
}

/// Runs the one that is chosen; what is under way is worth nothing any more.
fn run(state: &mut State) -> Vec<Effect> {
    state.drop_jobs(JobKind::Neighbour);
    let (Some(neighbour), Some(settings)) =
        (state.neighbours.chosen(), state.neighbours.settings.clone())
    else {
        return Vec::new();
    };
    state.neighbours.failed = None;
    let job = state.begin_job(JobKind::Neighbour, format!("Simulating {}", neighbour.title));
    vec![Effect::Neighbour(job, Arc::new(settings))]
}
