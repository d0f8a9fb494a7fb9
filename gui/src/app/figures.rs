//! Which figures what is in view has, and what they are drawn from.

use super::state::State;
use crate::picture::{Figure, FigureKind};

/// The figure of what is in view.
///
/// # Errors
/// What has to be done first, as a sentence.
pub(super) fn figure_of(state: &State, kind: FigureKind) -> Result<Figure, &'static str> {
    match kind {
        FigureKind::Ribbon => Ok(Figure::Ribbon),
        FigureKind::Phases => {
            let document = state.document().filter(|document| document.is_explained);
            let phases = document.map(|document| &document.explanation.reports.phases);
            match phases.filter(|phases| !phases.summary.is_empty()) {
                Some(_) => Ok(Figure::Phases),
                None => Err("No phases are told in what is in view"),
            }
        }
        FigureKind::Curve => curve(state),
        FigureKind::Compare => {
            let comparison = state.comparison.as_ref();
            let both = comparison.and_then(|both| Some((both.report.clone()?, both)));
            let (report, both) = both.ok_or("Hold something to compare with first: key B")?;
            let first = both.reference.document.trace.meta.title.clone();
            Ok(Figure::Compare(Box::new((*report).clone()), first))
        }
    }
}

#[cfg(feature = "live")]
fn curve(state: &State) -> Result<Figure, &'static str> {
    if state.shown != super::Shown::Live {
        return Err("A curve is of the live run: show that first");
    }
    let curve = state.live.as_ref().and_then(super::live::Live::curve_figure);
    let curve = curve.filter(|curve| curve.points.len() > 1);
    let curve = curve.ok_or("Run a curve over one knob first: panel Curve")?;
    Ok(Figure::Curve(Box::new(curve)))
}

#[cfg(not(feature = "live"))]
fn curve(_: &State) -> Result<Figure, &'static str> {
    Err("This build has no simulator to run a curve with")
}
