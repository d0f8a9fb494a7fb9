//! Pictures that stay sharp at any size: what egui has laid out as rectangles, lines and words, and that as SVG and PDF.

mod drawing;
mod face;
mod of_shapes;
mod pdf;
mod subset;
mod svg;

pub use drawing::Drawing;
pub(super) use of_shapes::{Pattern, Patterns, drawing_of};
pub(super) use pdf::pdf;
pub(super) use svg::svg;
