//! Commands of the live run: what it does, and where it is.

use egui::Key;
use weftscope_profiler::sweep::SweepAxis;

use super::{
    super::{
        command::Command,
        document::Shown,
        live::{LiveCommand, Running, ServingCommand},
        neighbours::NeighbourCommand,
        state::State,
    },
    Action, Group, action, alt, ctrl, key,
};

/// Where the live run is.
#[cfg(not(target_arch = "wasm32"))]
pub(super) fn server_actions(state: &State) -> Vec<Action> {
    let Some(live) = &state.live else { return Vec::new() };
    let about = "Reach a server with the system's ssh, and run there";
    let mut list = vec![action(
        Group::File,
        Command::AskServer,
        "Run on a server…",
        about,
        super::ctrl_shift(Key::O),
    )];
    if let Some(remote) = &live.remote {
        let text = format!("Leave {}", remote.name());
        let about = "Run on this computer again";
        list.push(action(Group::File, Command::Live(LiveCommand::Leave), text, about, None));
    }
    list
}

/// What may be asked of the live run.
pub(super) fn run_actions(state: &State) -> Vec<Action> {
    let run = |command, text: &str, tooltip, keys| {
        action(Group::Run, Command::Live(command), text, tooltip, keys)
    };
    let runs = state.live.as_ref().is_some_and(|live| live.running == Running::Run);
    let toggle = if runs { "Pause" } else { "Run" };
    let mut list = vec![
        run(
            LiveCommand::TogglePause,
            toggle,
            "Iteration after iteration, or wait",
            key(Key::Space),
        ),
        run(LiveCommand::Step, "Step", "Run one iteration, then wait", key(Key::N)),
        run(
            LiveCommand::Browse(-1),
            "Older iteration",
            "Go back to the iteration before the one in view",
            alt(Key::ArrowLeft),
        ),
        run(
            LiveCommand::Browse(1),
            "Newer iteration",
            "Go on to the iteration after the one in view",
            alt(Key::ArrowRight),
        ),
        run(LiveCommand::Follow, "Newest iteration", "Follow the run again", alt(Key::ArrowUp)),
        run(LiveCommand::ResetAll, "Reset all knobs", "Everything as at the first start", None),
    ];
    for axis in SweepAxis::ALL {
        let text = format!("Curve over {}", axis.name());
        list.push(run(
            LiveCommand::RunCurve(axis),
            &text,
            "Iteration time at each point, computed in the background",
            None,
        ));
    }
    list.push(run(
        LiveCommand::Serving(ServingCommand::Show),
        "Serving of requests",
        "Tokens a second and latencies by strategy, and every iteration, under a load of requests",
        None,
    ));
    if state.shown != Shown::Live {
        list.push(action(
            Group::Run,
            Command::Show(Shown::Live),
            "Back to the live run",
            "Show the live run instead of the file",
            ctrl(Key::L),
        ));
    }
    list
}

pub(super) fn neighbour_actions() -> impl Iterator<Item = Action> {
    weftscope_engine::neighbours::NEIGHBOURS.iter().map(|neighbour| {
        let choose = Command::Neighbour(NeighbourCommand::Choose(neighbour.name));
        let text = format!("Neighbour: {}", neighbour.title);
        action(Group::Run, choose, text, neighbour.about, None)
    })
}
