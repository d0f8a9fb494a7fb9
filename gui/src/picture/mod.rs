//! Pictures without a display and without a GPU.
//!
//! egui tessellates everything to textured triangles; [`Rasteriser`] fills those on the CPU, deterministically,
//! so that `shot` works on a bare server and snapshot tests need no graphics driver. The crates that do the
//! same are tied to older egui versions, and what egui needs of a rasteriser is small: premultiplied
//! blending in gamma space, scissor rectangles, bilinear or nearest textures. What egui has laid out before that is
//! taken as it stands for pictures without pixels (`vector`).

mod caption;
mod figure;
mod file;
mod fill;
mod image;
mod raster;
mod render;
mod shot;
mod stripes;
mod texture;
#[cfg(not(target_arch = "wasm32"))]
mod vector;

pub use caption::Caption;
pub use figure::{
    CurveFigure, CurveMark, Figure, FigureError, FigureKind, FigureOptions, class_colour, figure,
};
pub use file::{Picture, PictureError, PictureFormat};
pub use image::{Image, ImageError};
pub use raster::Rasteriser;
pub use render::render;
pub use shot::{ShotOptions, shot, timeline_picture};
#[cfg(not(target_arch = "wasm32"))]
pub use vector::Drawing;
