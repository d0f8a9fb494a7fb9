//! The colours and fonts of a theme, by what they are for.

use egui::{Color32, FontFamily, FontId};
use serde::{Deserialize, Serialize};
use weftscope_traces::{Kind, Split};

use super::Palette;
use crate::timeline::HostKind;

/// Dark or light.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Mode {
    /// Light on near-black.
    #[default]
    Dark,
    /// Dark on near-white.
    Light,
}

/// Distances in points, all multiples of the 4-point grid, and the text sizes.
pub mod size {
    /// The grid.
    pub const GRID: f32 = 4.0;
    /// Body text, buttons, headings.
    pub const BODY: f32 = 13.0;
    /// Captions, axis text, names on blocks.
    pub const SMALL: f32 = 11.0;
    /// Numbers.
    pub const MONO: f32 = 11.5;
    /// Space between groups.
    pub const GAP: f32 = 2.0 * GRID;
    /// Margin of a panel.
    pub const MARGIN: f32 = 3.0 * GRID;
}

/// Everything that is not data: surfaces, lines, text, the one accent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Surfaces {
    /// Panels and bars.
    pub panel: Color32,
    /// Behind data: the colour of an idle SM.
    pub plot: Color32,
    /// Headers of ranks, hovered rows: one step from `plot`.
    pub raised: Color32,
    /// Inactive controls.
    pub control: Color32,
    /// Controls under the pointer.
    pub control_hover: Color32,
    /// Separators and grid lines.
    pub hairline: Color32,
    /// Faint grid lines inside plots.
    pub grid: Color32,
    /// Names and sentences.
    pub text: Color32,
    /// Captions and units.
    pub weak: Color32,
    /// Headings and key figures.
    pub strong: Color32,
    /// Selection, focus, the crosshair: the only colour that is neither grey nor a kind.
    pub accent: Color32,
    /// `accent` for fills behind text.
    pub accent_fill: Color32,
    /// Something needs attention.
    pub warn: Color32,
    /// Something failed.
    pub error: Color32,
}

/// One look, whole. Cheap to copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Theme {
    /// Dark or light.
    pub mode: Mode,
    /// The hue of each kind.
    pub palette: Palette,
    /// The rest.
    pub surfaces: Surfaces,
}

impl Theme {
    /// The theme of a mode.
    pub fn of(mode: Mode) -> Self {
        match mode {
            Mode::Dark => Self::dark(),
            Mode::Light => Self::light(),
        }
    }

    /// Light on near-black.
    pub fn dark() -> Self {
        let rgb = Color32::from_rgb;
        let surfaces = Surfaces {
            panel: rgb(0x1b, 0x1d, 0x22),
            plot: rgb(0x12, 0x13, 0x17),
            raised: rgb(0x22, 0x25, 0x2b),
            control: rgb(0x2b, 0x2f, 0x37),
            control_hover: rgb(0x38, 0x3d, 0x47),
            hairline: rgb(0x33, 0x37, 0x40),
            grid: rgb(0x20, 0x22, 0x28),
            text: rgb(0xd3, 0xd7, 0xde),
            weak: rgb(0x93, 0x9a, 0xa6),
            strong: rgb(0xf4, 0xf6, 0xfa),
            accent: rgb(0xb0, 0x9c, 0xff),
            accent_fill: rgb(0x4b, 0x3f, 0x86),
            warn: rgb(0xf0, 0xb4, 0x4c),
            error: rgb(0xf2, 0x6d, 0x6d),
        };
        Self { mode: Mode::Dark, palette: Palette::DARK, surfaces }
    }

    /// Dark on near-white.
    pub fn light() -> Self {
        let rgb = Color32::from_rgb;
        let surfaces = Surfaces {
            panel: rgb(0xf3, 0xf4, 0xf6),
            plot: rgb(0xfc, 0xfc, 0xfd),
            raised: rgb(0xe9, 0xeb, 0xef),
            control: rgb(0xe1, 0xe4, 0xe9),
            control_hover: rgb(0xd3, 0xd7, 0xde),
            hairline: rgb(0xcf, 0xd3, 0xda),
            grid: rgb(0xec, 0xee, 0xf1),
            text: rgb(0x2a, 0x2e, 0x35),
            weak: rgb(0x66, 0x6d, 0x79),
            strong: rgb(0x0d, 0x0f, 0x13),
            accent: rgb(0x5b, 0x3f, 0xd0),
            accent_fill: rgb(0xd9, 0xd1, 0xf8),
            warn: rgb(0x9a, 0x62, 0x00),
            error: rgb(0xc0, 0x2b, 0x2b),
        };
        Self { mode: Mode::Light, palette: Palette::LIGHT, surfaces }
    }

    /// Colour of a kind; split 1 ([`Split::Second`]) is the same hue, lighter.
    pub fn kind(&self, kind: Kind, split: Split) -> Color32 {
        self.palette.of(kind, split)
    }

    /// Colour of what a host thread does.
    pub fn host(&self, kind: HostKind) -> Color32 {
        self.palette.host(kind)
    }

    /// Text colour that reads on `fill`.
    pub fn text_on(&self, fill: Color32) -> Color32 {
        // Rec. 601 luma: 140 of 255 is where black on the fill passes white in contrast.
        let luma =
            299 * u32::from(fill.r()) + 587 * u32::from(fill.g()) + 114 * u32::from(fill.b());
        if luma > 118_000 {
            Color32::from_rgb(0x10, 0x11, 0x14)
        } else {
            Color32::from_rgb(0xf8, 0xf9, 0xfb)
        }
    }

    /// Body text.
    pub fn body(&self) -> FontId {
        FontId::new(size::BODY, FontFamily::Proportional)
    }

    /// Captions and axis text.
    pub fn small(&self) -> FontId {
        FontId::new(size::SMALL, FontFamily::Proportional)
    }

    /// Numbers.
    pub fn mono(&self) -> FontId {
        FontId::new(size::MONO, FontFamily::Monospace)
    }

    /// `over` laid on `under` with `share` 0…1, in gamma space: a folded bucket's colour by its coverage.
    pub fn mix(under: Color32, over: Color32, share: f32) -> Color32 {
        under.lerp_to_gamma(over, share.clamp(0.0, 1.0))
    }
}
