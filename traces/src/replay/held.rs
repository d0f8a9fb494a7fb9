//! What predictions of a change were off where the change was run, too: the rows of `traces/data/what_if.csv`.

use std::sync::OnceLock;

use serde::Serialize;

use super::Edit;

/// A prediction beside what it was held against.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Held {
    /// Of what change.
    pub change: Change,
    /// Against what.
    pub against: Against,
    /// What is predicted, in words.
    pub what: String,
    /// What it took, µs.
    pub taken_us: f64,
    /// What it was predicted to take, µs.
    pub predicted_us: f64,
}

impl Held {
    /// By how much the prediction is off, as a share, without its sign.
    pub fn off(&self) -> f64 {
        (self.predicted_us / self.taken_us - 1.0).abs()
    }
}

/// Changes that were held against something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// Communication taken out.
    NoComm,
    /// Collectives fused with norms.
    FuseNorm,
    /// Tokens cut in two.
    Weave,
    /// Both, which is a change of its own.
    TokenWeave,
    /// Another machine.
    Machine,
    /// Another degree of tensor parallelism.
    Tp,
    /// No rank later than its peers.
    NoStraggler,
    /// A rank that is late.
    Straggler,
}

/// What a prediction was held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Against {
    /// A recording of the changed run.
    Recording,
    /// The changed run simulated: what the simulator leaves out is off in both.
    Simulation,
}

/// The largest error of predictions of a change.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct StatedError {
    /// As a share of the iteration or layer.
    pub share: f64,
    /// What it comes from.
    pub against: Against,
}

impl Change {
    /// Every change, as tables list them.
    pub const ALL: [Self; 8] = [
        Self::NoComm,
        Self::FuseNorm,
        Self::Weave,
        Self::TokenWeave,
        Self::Machine,
        Self::Tp,
        Self::NoStraggler,
        Self::Straggler,
    ];

    /// As the table has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::NoComm => "no-comm",
            Self::FuseNorm => "fuse-norm",
            Self::Weave => "weave",
            Self::TokenWeave => "tokenweave",
            Self::Machine => "machine",
            Self::Tp => "tp",
            Self::NoStraggler => "no-straggler",
            Self::Straggler => "straggler",
        }
    }

    /// The largest error: over recordings where there are any, else over simulations; `None` where there is neither.
    pub fn stated_error(self) -> Option<StatedError> {
        [Against::Recording, Against::Simulation].into_iter().find_map(|against| {
            let rows = held().iter().filter(|row| (row.change, row.against) == (self, against));
            let share = rows.map(Held::off).max_by(f64::total_cmp)?;
            Some(StatedError { share, against })
        })
    }

    fn of(edit: &Edit, edits: &[Edit]) -> Option<Self> {
        let is_woven = edits.iter().any(|edit| matches!(edit, Edit::Weave(_)));
        let both = is_woven && edits.contains(&Edit::FuseNorm);
        match edit {
            Edit::NoComm => Some(Self::NoComm),
            Edit::FuseNorm | Edit::Weave(_) | Edit::CommSms(_) if both => Some(Self::TokenWeave),
            Edit::FuseNorm => Some(Self::FuseNorm),
            Edit::Weave(_) => Some(Self::Weave),
            Edit::Machine(_) => Some(Self::Machine),
            Edit::Tp { .. } => Some(Self::Tp),
            Edit::NoStraggler => Some(Self::NoStraggler),
            Edit::Straggler { .. } => Some(Self::Straggler),
            _ => None,
        }
    }
}

/// What edits together are off at most, as far as each was held against something; `None` where one never was.
pub(super) fn stated_error(edits: &[Edit]) -> Option<StatedError> {
    let errors: Option<Vec<StatedError>> =
        edits.iter().map(|edit| Change::of(edit, edits)?.stated_error()).collect();
    let worst = |a: StatedError, b: StatedError| StatedError {
        share: a.share.max(b.share),
        against: a.against.max(b.against),
    };
    errors?.into_iter().reduce(worst)
}

const TABLE: &str = include_str!("../../data/what_if.csv");

/// Every row, in the order of the table.
pub fn held() -> &'static [Held] {
    static ROWS: OnceLock<Vec<Held>> = OnceLock::new();
    ROWS.get_or_init(|| {
        let lines = TABLE.lines().filter(|line| !line.starts_with('#')).skip(1);
        lines
            .map(|line| row(line).unwrap_or_else(|| panic!("traces/data/what_if.csv: {line}")))
            .collect()
    })
}

fn row(line: &str) -> Option<Held> {
    let mut fields = line.split(',').map(str::trim);
    let [change, against, what, taken, predicted] = std::array::from_fn(|_| fields.next());
    let (taken_us, predicted_us) = (taken?.parse().ok()?, predicted?.parse().ok()?);
    Some(Held {
        change: Change::ALL.into_iter().find(|known| Some(known.name()) == change)?,
        against: match against? {
            "recording" => Against::Recording,
            "simulation" => Against::Simulation,
            _ => return None,
        },
        what: what?.to_owned(),
        taken_us,
        predicted_us,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every change has rows, none is empty, and the largest is what is stated.
    #[test]
    fn the_table_states_an_error_of_every_change() {
        assert!(held().iter().all(|row| row.taken_us > 0.0 && row.predicted_us > 0.0));
        for change in Change::ALL {
            let stated = change.stated_error().unwrap_or_else(|| panic!("{}", change.name()));
            let of = |row: &&Held| (row.change, row.against) == (change, stated.against);
            assert!(held().iter().filter(of).all(|row| row.off() <= stated.share));
            assert!(held().iter().filter(of).any(|row| row.off() == stated.share));
        }
        let [weave, fuse] = ["weave", "fuse-norm"]
            .map(|text| Edit::parse(text, &crate::replay::NoMachines).expect("an edit").remove(0));
        let alone = stated_error(std::slice::from_ref(&weave)).expect("stated");
        let both = stated_error(&[weave, fuse]).expect("stated");
        assert!(both.share != alone.share, "fused and woven is a change of its own");
        assert_eq!(stated_error(&[Edit::NoLaunch]), None);
        assert_eq!(stated_error(&[]), None);
    }
}
