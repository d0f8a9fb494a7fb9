//! A picture of a whole trace that explains itself: title, legend, key figures, timeline.

use std::sync::Arc;

use egui::{Align, Frame, Layout, Margin, RichText, Ui, vec2};
use weftscope_traces::{
    Meta, Span, Trace,
    analysis::{
        AllLayers, Config, IterationLengths, Ops, OverlapFigures, all_layers, iteration_lengths,
    },
};

use super::{Caption, Image, Picture};
use crate::{
    theme::{Mode, Theme, number, size},
    timeline::{TimelineData, badge_ui, legend_ui, timeline_ui, view_for_height},
};

/// How a trace is to be pictured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ShotOptions {
    /// Width and height in pixels.
    pub size_px: [u32; 2],
    /// Pixels a point is wide; 2 for slides.
    pub pixels_per_point: f32,
    /// Dark or light.
    pub mode: Mode,
    /// Time shown; the whole trace when `None`.
    pub window: Option<Span>,
}

impl Default for ShotOptions {
    fn default() -> Self {
        Self { size_px: [1600, 900], pixels_per_point: 1.0, mode: Mode::Dark, window: None }
    }
}

/// The timeline of a trace in pixels; see [`timeline_picture`].
pub fn shot(trace: &Arc<Trace>, options: &ShotOptions) -> Image {
    timeline_picture(trace, options).image()
}

/// The timeline of a trace as a picture that explains itself: what ran, whether it was measured or modelled, what
/// the colours mean, the key figures, the rows. Needs neither display nor GPU.
pub fn timeline_picture(trace: &Arc<Trace>, options: &ShotOptions) -> Picture<'static> {
    let ops = Ops::of(trace, &Config::default());
    let mut data = TimelineData::indexed(Arc::clone(trace));
    data.ask(&ops);
    let theme = Theme::of(options.mode);
    let points = options.pixels_per_point.max(0.1);
    let size = vec2(options.size_px[0] as f32, options.size_px[1] as f32) / points;
    let mut view = view_for_height(&data, size.y - TITLE_HEIGHT);
    if let Some(window) = options.window {
        view.window = Span::new(window.start_ns, window.end_ns.max(window.start_ns + 1));
    }
    let iterations = iteration_lengths(&ops);
    let figures = Figures::new(&data, iterations, all_layers(&ops, iterations));
    let caption = caption_of(&trace.meta, "Timeline");
    let add = Box::new(move |ui: &mut Ui| {
        title_ui(ui, &data, &figures, &theme);
        ui.spacing_mut().item_spacing = egui::Vec2::ZERO;
        timeline_ui(ui, &data, &view, &theme);
    });
    Picture { size, pixels_per_point: points, theme, caption, add }
}

/// What is pictured, of which run, and where its times come from.
pub(super) fn caption_of(meta: &Meta, what: &str) -> Caption {
    Caption {
        title: format!("{what}: {}", meta.title),
        description: format!(
            "Times are {} ({}).",
            meta.provenance.sentence(),
            meta.provenance.source()
        ),
    }
}

/// About what the title takes; only the choice of opened rows depends on it.
const TITLE_HEIGHT: f32 = 72.0;

/// What a stranger wants to know first.
struct Figures {
    iteration_ns: i64,
    all_layers: Option<AllLayers>,
    iterations: usize,
    ranks: usize,
    /// Of all iterations together, mean over ranks.
    comm_ns: i64,
    exposed_ns: i64,
    hidden: Option<f64>,
}

impl Figures {
    fn new(data: &TimelineData, iterations: IterationLengths, all: Option<AllLayers>) -> Self {
        let ranks: Vec<_> = data.ranks.iter().filter_map(|rows| rows.overlap).collect();
        let num = ranks.len().max(1) as i64;
        let sum = |of: fn(&OverlapFigures) -> i64| ranks.iter().map(of).sum::<i64>();
        let comm_ns = sum(|rank| rank.comm_ns);
        Self {
            iteration_ns: iterations.median_ns,
            all_layers: all,
            iterations: iterations.count,
            ranks: ranks.len(),
            comm_ns: comm_ns / num,
            exposed_ns: sum(|rank| rank.exposed_comm_ns) / num,
            hidden: (comm_ns > 0).then(|| sum(|rank| rank.overlap_ns) as f64 / comm_ns as f64),
        }
    }

    /// Whose communication it is: beside it stand the time of one iteration and the share that each rank hides.
    fn communication(&self) -> String {
        let iterations = match self.iterations {
            0 | 1 => String::new(),
            more => format!(" in {more} iterations"),
        };
        let ranks = if self.ranks > 1 { ", mean of ranks" } else { "" };
        format!("communication{iterations}{ranks}")
    }

    /// Pairs of caption and value.
    fn pairs(&self) -> Vec<(String, String)> {
        let mut pairs = Vec::new();
        if self.iteration_ns > 0 {
            let what = if self.iterations > 1 { "iteration, median" } else { "iteration" };
            pairs.push((what.to_owned(), number::duration_ns(self.iteration_ns)));
        }
        if let Some(AllLayers { run, of, iteration_ns, .. }) = self.all_layers {
            let what = format!("{run} of {of} layers; all, extrapolated");
            pairs.push((what, format!("≈ {}", number::duration_ns(iteration_ns))));
        }
        let mut push = |what: &str, value: String| pairs.push((what.to_owned(), value));
        if let Some(hidden) = self.hidden {
            push(&self.communication(), number::duration_ns(self.comm_ns));
            push("hidden", number::percent(hidden));
            push("exposed", number::duration_ns(self.exposed_ns));
        } else {
            push("communication", "none".to_owned());
        }
        pairs
    }
}

fn title_ui(ui: &mut Ui, data: &TimelineData, figures: &Figures, theme: &Theme) {
    let s = &theme.surfaces;
    let margin = Margin::symmetric(size::GAP as i8, size::GRID as i8 + 2);
    Frame::new().inner_margin(margin).show(ui, |ui| {
        ui.horizontal(|ui| {
            badge_ui(ui, &data.trace.meta.provenance, theme);
            ui.label(RichText::new(&data.trace.meta.title).color(s.strong));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                for (caption, value) in figures.pairs().into_iter().rev() {
                    ui.label(RichText::new(value).font(theme.mono()).color(s.strong));
                    ui.label(RichText::new(caption).small().color(s.weak));
                    ui.add_space(size::GRID);
                }
            });
        });
        ui.horizontal(|ui| {
            legend_ui(ui, data, theme);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let source = data.trace.meta.provenance.source();
                ui.label(RichText::new(source).small().color(s.weak));
            });
        });
        let lost: u64 = data.trace.diagnostics.counts.values().sum();
        if lost > 0 {
            let text =
                format!("{} records lost or not used: see the diagnostics", number::count(lost));
            ui.label(RichText::new(text).small().color(s.warn));
        }
    });
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use weftscope_traces::Classifier;

    use super::*;
    use crate::files::{no_hook, open_trace};

    /// Three iterations of two ranks: what stands beside the median of one says that it is of all, and is the sum of the
    /// ranks' ops over the ranks.
    #[test]
    fn communication_says_whose_it_is() {
        let path = Path::new("sample:h200x2-pytorch-weave");
        let trace =
            Arc::new(open_trace(path, &Classifier::default(), &mut no_hook).expect("opens"));
        let ops = Ops::of(&trace, &Config::default());
        let mut data = TimelineData::indexed(Arc::clone(&trace));
        data.ask(&ops);
        let pairs = Figures::new(&data, iteration_lengths(&ops), None).pairs();
        let comm_ns: i64 = ops.ranks.iter().map(|rank| rank.comm.len_ns()).sum();
        let want =
            ("communication in 3 iterations, mean of ranks", number::duration_ns(comm_ns / 2));
        assert!(pairs.contains(&(want.0.to_owned(), want.1)), "{pairs:?}");
    }
}
