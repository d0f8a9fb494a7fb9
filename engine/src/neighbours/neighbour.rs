use super::{Figure, Knob, Runs, Settings};
use crate::plan::{Plan, PlanError};

/// A system beside TokenWeave.
#[derive(Debug)]
pub struct Neighbour {
    /// Name on the command line, in files and in the window.
    pub name: &'static str,
    /// Name as its authors write it.
    pub title: &'static str,
    /// What it does, in one line for lists.
    pub about: &'static str,
    /// Where it was published.
    pub source: Source,
    /// What was claimed, with its figure, in a sentence.
    pub claim: &'static str,
    /// What the plans leave out of it, a sentence each.
    pub leaves_out: &'static [&'static str],
    /// What may be turned.
    pub knobs: &'static [Knob],
    /// Its plans for these knobs. Pure.
    pub plans: fn(&Settings) -> Result<Plans, PlanError>,
    /// What its plans show once they have run, the figure of the claim first.
    pub figures: fn(&Settings, &Runs) -> Vec<Figure>,
}

/// A paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its title.
    pub title: &'static str,
    /// Where it is read, e.g. `arXiv 2406.06858`.
    pub place: &'static str,
}

/// The plans of a neighbour.
#[derive(Clone, Debug)]
pub struct Plans {
    /// With the idea.
    pub with: Plan,
    /// Without: what its figure is relative to.
    pub without: Plan,
    /// What else its figures take, by name, e.g. computation alone.
    pub others: Vec<(&'static str, Plan)>,
}

impl Neighbour {
    /// Its knobs as at first.
    pub fn settings(&self) -> Settings {
        Settings::at_first(self.name, self.knobs)
    }
}
