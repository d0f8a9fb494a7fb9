//! Pictures without a display and without a GPU.
//!
//! egui tessellates everything to textured triangles; [`Rasteriser`] fills those on the CPU, deterministically,
//! so that `shot` works on a bare server and snapshot tests need no graphics driver. The crates that do the
//! same are tied to older egui versions, and what egui needs of a rasteriser is small: premultiplied
//! blending in gamma space, scissor rectangles, bilinear or nearest textures.

mod fill;
mod image;
mod raster;
mod render;
mod shot;
mod texture;

pub use image::{Image, ImageError};
pub use raster::Rasteriser;
pub use render::render;
pub use shot::{ShotOptions, shot};
