//! A picture as what it consists of, in points from its upper left corner.

use egui::{Color32, Pos2, Rect, Vec2};

use super::face::Face;

/// Everything on a picture, what lies below first.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawing {
    /// Width and height, points.
    pub size: Vec2,
    /// What lies under everything.
    pub background: Color32,
    /// What is to be seen.
    pub(super) items: Vec<Item>,
}

/// Something to be seen.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Item {
    /// Where it may be seen; `None` where it does not stick out of that.
    pub(super) clip: Option<Rect>,
    /// What.
    pub(super) mark: Mark,
}

/// One thing.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Mark {
    /// A filled rectangle, its corners rounded by some points.
    Rect { rect: Rect, radius: f32, fill: Fill },
    /// The outline of one, whose middle runs along `rect`.
    Frame { rect: Rect, radius: f32, line: Line },
    /// A filled polygon.
    Polygon { points: Vec<Pos2>, fill: Color32 },
    /// A line from point to point, back to the first where it is closed.
    Polyline { points: Vec<Pos2>, closed: bool, line: Line },
    /// A disc.
    Disc { centre: Pos2, radius: f32, fill: Color32 },
    /// Words on one line, of one font and one colour.
    Words(Words),
}

/// What a rectangle is filled with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Fill {
    /// One colour.
    Plain(Color32),
    /// Diagonal stripes.
    Stripes(Stripes),
}

/// Diagonal stripes of one colour, from the lower left to the upper right.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Stripes {
    /// The colour of a stripe.
    pub(super) colour: Color32,
    /// Points along an axis after which they repeat.
    pub(super) period: f32,
    /// Points of that which a stripe is wide.
    pub(super) width: f32,
    /// How much of the colour lies between them, 0…1.
    pub(super) between: f32,
}

/// A line's colour and width in points.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Line {
    pub(super) colour: Color32,
    pub(super) width: f32,
}

/// Words as they were laid out.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Words {
    pub(super) text: String,
    /// Where each character begins.
    pub(super) xs: Vec<f32>,
    /// Where the last one ends.
    pub(super) end_x: f32,
    /// Where the letters stand.
    pub(super) baseline: f32,
    pub(super) size: f32,
    pub(super) face: Face,
    pub(super) colour: Color32,
    /// Turned clockwise by some radians around a point.
    pub(super) turn: Option<(f32, Pos2)>,
}

impl Words {
    /// Where they begin.
    pub(super) fn start_x(&self) -> f32 {
        self.xs.first().copied().unwrap_or(self.end_x)
    }
}

/// Opaque red, green and blue, and how opaque that is, 0…1.
pub(super) fn parts(colour: Color32) -> ([u8; 3], f32) {
    let [r, g, b, a] = colour.to_srgba_unmultiplied();
    ([r, g, b], f32::from(a) / 255.0)
}

/// The stripes of a square of `period`: where x + y is less than `width`, and where it is so after a period.
pub(super) fn stripe_corners(period: f32, width: f32) -> [Vec<Pos2>; 2] {
    let at = Pos2::new;
    [
        vec![at(0.0, 0.0), at(width, 0.0), at(0.0, width)],
        vec![at(period, 0.0), at(period, width), at(width, period), at(0.0, period)],
    ]
}
