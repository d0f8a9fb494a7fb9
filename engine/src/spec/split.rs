use serde::{Deserialize, Serialize};

/// Who decides where the batch is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SplitChoice {
    /// A chooser.
    Auto(Chooser),
    /// The user: tokens in split 0.
    Fixed(u32),
}

/// The choosers, side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Chooser {
    /// Half of the padded tokens.
    Half,
    /// The tuned table of the TokenWeave artifact, nearest key.
    Table,
    /// Wave arithmetic over candidate offsets.
    WaveModel,
    /// Simulation of candidate cuts, CTAs and of no cut, by [`choose::plan`](crate::choose::plan()). The planner itself
    /// simulates nothing; on its own it cuts as [`WaveModel`](Self::WaveModel) would.
    Simulated,
}

impl Chooser {
    /// Every chooser.
    pub const ALL: [Self; 4] = [Self::Half, Self::Table, Self::WaveModel, Self::Simulated];

    /// Name on the command line, in files and in the window.
    pub fn name(self) -> &'static str {
        match self {
            Self::Half => "half",
            Self::Table => "table",
            Self::WaveModel => "wave-model",
            Self::Simulated => "simulated",
        }
    }

    /// How it decides, in one line for lists.
    pub fn about(self) -> &'static str {
        match self {
            Self::Half => "half of the padded tokens",
            Self::Table => "the tuned table of the TokenWeave artifact, nearest key",
            Self::WaveModel => "wave arithmetic: the cut that costs least",
            Self::Simulated => "some fifty candidates simulated, no cut among them: the fastest",
        }
    }

    /// The chooser of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|chooser| chooser.name() == name)
    }
}
