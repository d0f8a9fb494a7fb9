use egui::Color32;
use weftscope_traces::lod::{Band, LodItem};

use crate::{theme::Theme, timeline::HostKind};

/// Steps of coverage that differ; 1/16 is under one step of 8-bit contrast for most pairs.
const STEPS: usize = 16;

/// Colours of blocks, worked out once a frame so that the inner loop reads a table.
pub(super) struct Shades {
    full: Table,
    dim: Table,
}

/// By [`Band::index`], then by [`HostKind`]; by coverage.
type Table = Vec<[Color32; STEPS + 1]>;

impl Shades {
    pub(super) fn new(theme: &Theme) -> Self {
        let plot = theme.surfaces.plot;
        let table = |strength: f32| -> Table {
            let bands = Band::all().map(|band| theme.kind(band.kind, band.split));
            let colours = bands.chain(HostKind::ALL.into_iter().map(|kind| theme.host(kind)));
            let row = |colour: Color32| {
                let colour = Theme::mix(plot, colour, strength);
                // A bucket half idle is half as strong: holes stay visible when they are under a pixel.
                std::array::from_fn(|step| Theme::mix(plot, colour, step as f32 / STEPS as f32))
            };
            colours.map(row).collect()
        };
        Self { full: table(1.0), dim: table(0.28) }
    }

    /// Colour of an item: that of its band or of what a host does, as strong as the item is covered.
    pub(super) fn of(&self, item: &LodItem, host: Option<HostKind>, bright: bool) -> Color32 {
        let (busy_ns, len_ns) = (item.busy_ns, item.end_ns - item.start_ns);
        let step = if busy_ns >= len_ns {
            STEPS
        } else {
            // At least two steps: something that is there must not vanish.
            ((busy_ns * STEPS as i64 / len_ns) as usize).max(2)
        };
        let table = if bright { &self.full } else { &self.dim };
        let row = match host {
            Some(host) => Band::COUNT + host as usize,
            None => Band { kind: item.kind, split: item.split }.index(),
        };
        table[row][step]
    }
}
