use super::StatisticsCommand;
use crate::app::{panel::BottomTab, state::State};

/// Applies a request.
pub(crate) fn update_statistics(state: &mut State, command: StatisticsCommand) {
    let tab = &mut state.statistics;
    match command {
        StatisticsCommand::Show(part) => {
            tab.part = part;
            // What was stopped begins again.
            if tab.found.is_none() {
                tab.asking.forget();
            }
            state.settings.layout.show(BottomTab::Statistics);
        }
        StatisticsCommand::Choose(kernel) => tab.kernel = kernel,
    }
}
