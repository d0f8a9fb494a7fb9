//! Systems beside TokenWeave: one is chosen, its knobs are turned, and its run is opened with what it is relative to held beside it.

mod take;
mod update;
mod work;

use std::sync::Arc;

use weftscope_engine::neighbours::{Figure, Neighbour, Settings, neighbour};

pub(crate) use take::take_run;
pub(crate) use update::update_neighbours;
pub(crate) use work::run_neighbour;
pub(crate) use work::simulate;

use super::document::Document;

/// A request of the tab.
#[derive(Clone, Debug, PartialEq)]
pub enum NeighbourCommand {
    /// Show this one, and run it.
    Choose(&'static str),
    /// Turn a knob of the one that is chosen to what a text says, and run it.
    Turn(&'static str, String),
    /// All its knobs as at first.
    Reset,
}

/// The tab of neighbours.
#[derive(Default)]
pub struct NeighboursTab {
    /// The one that is chosen with its knobs; `None`: none yet.
    pub settings: Option<Settings>,
    /// What ran last.
    pub shown: Option<NeighbourShown>,
    /// Why nothing runs.
    pub failed: Option<String>,
}

impl NeighboursTab {
    /// The one that is chosen.
    pub fn chosen(&self) -> Option<&'static Neighbour> {
        self.settings.as_ref().and_then(|settings| neighbour(settings.of()))
    }

    /// What ran of the one that is chosen.
    pub fn shown(&self) -> Option<&NeighbourShown> {
        let chosen = self.chosen()?;
        self.shown.as_ref().filter(|shown| shown.name == chosen.name)
    }

    /// What ran is of other knobs than those that are set.
    pub fn is_stale(&self) -> bool {
        let texts = self.settings.as_ref().map(Settings::texts);
        self.shown().is_some_and(|shown| Some(&shown.knobs) != texts.as_ref())
    }
}

/// A neighbour that ran, as the tab shows it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct NeighbourShown {
    /// Which.
    pub name: String,
    /// Its knobs.
    pub knobs: Vec<(String, String)>,
    /// What the runs show.
    pub figures: Vec<ShownFigure>,
}

/// A figure in words.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ShownFigure {
    /// What it is.
    pub name: String,
    /// What the runs show of it.
    pub ours: String,
    /// What was published.
    pub published: Option<String>,
}

impl From<&Figure> for ShownFigure {
    fn from(figure: &Figure) -> Self {
        let published = figure.published.map(str::to_owned);
        Self { name: figure.name.to_owned(), ours: figure.text(), published }
    }
}

/// A neighbour that ran.
pub struct NeighbourRun {
    /// For the tab.
    pub shown: NeighbourShown,
    /// The runs with its idea and without.
    pub documents: [Arc<Document>; 2],
}
