//! Figures for papers and slides: one thing each, with legend, scale and where its times come from.

mod axis;
mod bars;
mod class;
mod compare;
mod curve;
mod phases;
mod ribbon;
mod sheet;

use std::sync::Arc;

use egui::{Color32, Vec2, vec2};
use thiserror::Error;
use weftscope_traces::{
    Provenance, Span, Trace,
    analysis::{CompareReport, Config, Ops, phases as phases_of},
};

use super::{Picture, shot::caption_of};
use crate::theme::{Mode, Theme};

pub use class::class_colour;
pub use curve::{CurveFigure, CurveMark};

/// What a figure shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FigureKind {
    /// The share of each rank's SMs by kind over time, and what of it is hidden, exposed or idle.
    Ribbon,
    /// Computation, communication and slack by phase.
    Phases,
    /// Iteration time over a knob.
    Curve,
    /// What the iterations of two recordings consist of, and why they differ.
    Compare,
}

impl FigureKind {
    /// Every figure.
    pub const ALL: [Self; 4] = [Self::Ribbon, Self::Phases, Self::Curve, Self::Compare];

    /// Its name on the command line and in file names.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ribbon => "ribbon",
            Self::Phases => "phases",
            Self::Curve => "curve",
            Self::Compare => "compare",
        }
    }

    /// What it shows, in a line.
    pub fn about(self) -> &'static str {
        match self {
            Self::Ribbon => {
                "the share of each rank's SMs by kind over time, and what of it is hidden"
            }
            Self::Phases => "computation, communication and slack by phase",
            Self::Curve => {
                "iteration time over the cut or over CTAs, simulated for the run recorded"
            }
            Self::Compare => "what an iteration consists of in two recordings, and why it differs",
        }
    }
}

/// A figure with what it takes beside the trace.
#[derive(Clone, Debug, PartialEq)]
pub enum Figure {
    /// See [`FigureKind::Ribbon`].
    Ribbon,
    /// See [`FigureKind::Phases`].
    Phases,
    /// See [`FigureKind::Curve`].
    Curve(Box<CurveFigure>),
    /// See [`FigureKind::Compare`]: the trace is the second, and the title of the first stands beside the report.
    Compare(Box<CompareReport>, String),
}

impl Figure {
    /// Which.
    pub fn kind(&self) -> FigureKind {
        match self {
            Self::Ribbon => FigureKind::Ribbon,
            Self::Phases => FigureKind::Phases,
            Self::Curve(_) => FigureKind::Curve,
            Self::Compare(..) => FigureKind::Compare,
        }
    }
}

/// How a figure looks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FigureOptions {
    /// Width and height in points; `None`: as wide as a slide and as high as it takes.
    pub size: Option<[f32; 2]>,
    /// Pixels a point is wide, of PNG.
    pub pixels_per_point: f32,
    /// Dark or light.
    pub mode: Mode,
    /// Time shown, of a ribbon; all of it when `None`.
    pub window: Option<Span>,
}

impl Default for FigureOptions {
    fn default() -> Self {
        Self { size: None, pixels_per_point: 2.0, mode: Mode::Light, window: None }
    }
}

/// Why there is nothing to draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum FigureError {
    /// Of a ribbon.
    #[error("no kernel ran on a stream, so there is no ribbon to draw")]
    NoKernels,
    /// Of a ribbon's window.
    #[error("no kernel ran in the time asked for")]
    NothingInWindow,
    /// Of phases.
    #[error("neither labels nor the order of kernels tell phases in this recording")]
    NoPhases,
    /// Of a curve.
    #[error("a curve takes two points at least")]
    NoPoints,
    /// Of any.
    #[error("such a figure takes {0}x{1} points at least")]
    TooSmall(u32, u32),
}

/// Points a figure is wide where none were asked for.
const WIDTH: f32 = 1000.0;
/// Points under which titles, legends and figures do not fit side by side.
const LEAST_WIDTH: f32 = 480.0;

/// A figure of a trace.
///
/// # Errors
/// [`FigureError`] when the trace has nothing of the kind.
pub fn figure(
    trace: &Arc<Trace>,
    of: Figure,
    options: &FigureOptions,
) -> Result<Picture<'static>, FigureError> {
    let theme = theme_of(options.mode);
    let mut meta = trace.meta.clone();
    if let Figure::Curve(curve) = &of {
        // A simulated curve of a run that was measured is none of that run's times.
        let simulated = curve.simulated_by.clone();
        meta.provenance =
            simulated.map_or(meta.provenance, |source| Provenance::Modelled { source });
    }
    let caption = caption_of(&meta, title_of(of.kind()));
    // As high as it takes unless a size was asked for, which must be as high as what stands around it and a bit more.
    let sized = |height: f32, least: f32| -> Result<Vec2, FigureError> {
        let [width, height] = options.size.unwrap_or([WIDTH, height]);
        if width < LEAST_WIDTH || height < least {
            return Err(FigureError::TooSmall(LEAST_WIDTH as u32, least.ceil() as u32));
        }
        Ok(vec2(width, height))
    };
    let (size, add): (Vec2, Paint) = match of {
        Figure::Ribbon => {
            let ribbon = ribbon::RibbonFigure::of(trace, options.window)?;
            let size = sized(ribbon.height(), ribbon.least_height())?;
            (size, Box::new(move |ui| ribbon.show(ui, &theme)))
        }
        Figure::Phases => {
            let report = phases_of(&Ops::of(trace, &Config::default()));
            if report.summary.is_empty() {
                return Err(FigureError::NoPhases);
            }
            let size = sized(phases::height(&report), phases::least_height(&report))?;
            (size, Box::new(move |ui| phases::show(ui, (&meta, &report), &theme)))
        }
        Figure::Curve(curve) => {
            if curve.points.len() < 2 {
                return Err(FigureError::NoPoints);
            }
            (sized(540.0, 300.0)?, Box::new(move |ui| curve.show(ui, &meta, &theme)))
        }
        Figure::Compare(report, first) => {
            let height = compare::height(&report);
            let size = sized(height, height)?;
            (size, Box::new(move |ui| compare::show(ui, (&meta, &report, &first), &theme)))
        }
    };
    let pixels_per_point = options.pixels_per_point.max(0.1);
    Ok(Picture { size, pixels_per_point, theme, caption, add })
}

/// Draws a figure.
type Paint = Box<dyn FnMut(&mut egui::Ui)>;

fn title_of(kind: FigureKind) -> &'static str {
    match kind {
        FigureKind::Ribbon => "Ribbon",
        FigureKind::Phases => "Phases",
        FigureKind::Curve => "Curve",
        FigureKind::Compare => "Comparison",
    }
}

/// On white paper where it is light: a grey sheet looks dirty in print.
fn theme_of(mode: Mode) -> Theme {
    let mut theme = Theme::of(mode);
    if mode == Mode::Light {
        theme.surfaces.panel = Color32::WHITE;
        theme.surfaces.plot = Color32::WHITE;
    }
    theme
}
