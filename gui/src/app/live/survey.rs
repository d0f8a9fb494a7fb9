use weftscope_engine::{
    spec::{Chooser, RunSpec},
    split::{Choice, Survey, survey},
};

/// What the split slider marks for a batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SplitMarks {
    /// Rows of a GEMM tile: cuts elsewhere waste part of one.
    pub tile_rows: u32,
    /// Whole-tile cuts at which no GEMM takes more waves than unsplit, beside communication.
    pub free: Vec<u32>,
    /// Cuts that would add no wave if communication held no SM (the published rule), where `free` does not hold.
    pub free_on_all_sms: Vec<u32>,
    /// Where each chooser would cut, or why it would not.
    pub answers: Vec<(Chooser, Result<u32, String>)>,
}

impl SplitMarks {
    /// The marks of a run's batch: a few thousand divisions.
    pub fn of(spec: &RunSpec) -> Self {
        survey(spec).map_or_else(|_| Self::default(), |survey| Self::from_survey(&survey))
    }

    fn from_survey(survey: &Survey) -> Self {
        let points = &survey.points;
        let tile_rows = points.first().map_or(0, |point| point.first_tokens);
        let answer = |choice: &Choice| match choice {
            Choice::Cut(cut) => Ok(cut.first_tokens),
            Choice::Whole { reason } => Err(reason.clone()),
        };
        Self {
            tile_rows,
            free: points
                .iter()
                .filter(|point| point.keeps_waves_beside_comm)
                .map(|point| point.first_tokens)
                .collect(),
            free_on_all_sms: points
                .iter()
                .filter(|point| point.keeps_waves && !point.keeps_waves_beside_comm)
                .map(|point| point.first_tokens)
                .collect(),
            answers: survey
                .choosers
                .iter()
                .map(|(chooser, choice)| (*chooser, answer(choice)))
                .collect(),
        }
    }
}
