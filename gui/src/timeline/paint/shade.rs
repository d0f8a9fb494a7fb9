use egui::Color32;
use weftscope_traces::lod::{Band, LodItem};

use crate::theme::Theme;

/// Steps of coverage that differ; 1/16 is under one step of 8-bit contrast for most pairs.
const STEPS: usize = 16;

/// Colours of blocks, worked out once a frame so that the inner loop reads a table.
pub(super) struct Shades {
    full: Vec<[Color32; STEPS + 1]>,
    dim: Vec<[Color32; STEPS + 1]>,
}

impl Shades {
    pub(super) fn new(theme: &Theme) -> Self {
        let plot = theme.surfaces.plot;
        let row = |strength: f32| {
            move |band: Band| {
                let colour = Theme::mix(plot, theme.kind(band.kind, band.split), strength);
                // A bucket half idle is half as strong: holes stay visible when they are under a pixel.
                std::array::from_fn(|step| Theme::mix(plot, colour, step as f32 / STEPS as f32))
            }
        };
        Self {
            full: Band::all().map(row(1.0)).collect(),
            dim: Band::all().map(row(0.28)).collect(),
        }
    }

    /// Colour of an item: that of its band, as strong as the item is covered.
    pub(super) fn of(&self, item: &LodItem, bright: bool) -> Color32 {
        let (busy_ns, len_ns) = (item.busy_ns, item.end_ns - item.start_ns);
        let step = if busy_ns >= len_ns {
            STEPS
        } else {
            // At least two steps: something that is there must not vanish.
            ((busy_ns * STEPS as i64 / len_ns) as usize).max(2)
        };
        let table = if bright { &self.full } else { &self.dim };
        table[Band { kind: item.kind, split: item.split }.index()][step]
    }
}
