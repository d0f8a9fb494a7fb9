//! How the whole window looks: colours, sizes, the egui style, and how numbers are written.
//!
//! One [`Theme`] value is made at start and handed down by reference; nothing else names a colour.

mod apply;
#[cfg(not(target_arch = "wasm32"))]
mod fonts;
pub mod number;
#[cfg(target_arch = "wasm32")]
mod page_fonts;
mod palette;
mod tokens;
#[cfg(test)]
mod vision;

#[cfg(not(target_arch = "wasm32"))]
pub use fonts::fonts;
#[cfg(target_arch = "wasm32")]
pub use page_fonts::fonts;
pub use palette::Palette;
pub use tokens::{Mode, Surfaces, Theme, size};
#[cfg(test)]
pub(crate) use vision::grey_lightness;
