//! What is to be pictured, in any of the formats.

use std::{io::Write, path::Path};

use egui::{Ui, Vec2};
use thiserror::Error;

use super::{Caption, Image, ImageError, render};
use crate::theme::Theme;

/// What a picture can be written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PictureFormat {
    /// Pixels.
    Png,
    /// Rectangles and words, for a browser or an editor; the fonts are in the file.
    Svg,
    /// The same on a page, for a paper.
    Pdf,
}

impl PictureFormat {
    /// What can be written here; a page in a browser keeps to pixels.
    pub const ALL: &[Self] = if cfg!(target_arch = "wasm32") {
        &[Self::Png]
    } else {
        &[Self::Png, Self::Svg, Self::Pdf]
    };

    /// What file names end with, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Svg => "svg",
            Self::Pdf => "pdf",
        }
    }

    /// The format that a file name asks for.
    pub fn of_path(path: &Path) -> Option<Self> {
        let extension = path.extension()?;
        Self::ALL.iter().copied().find(|one| extension.eq_ignore_ascii_case(one.extension()))
    }
}

/// Why a picture could not be written.
#[derive(Debug, Error)]
pub enum PictureError {
    /// As pixels.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// As a page.
    #[error("cannot make a PDF of the picture: {0}")]
    Pdf(String),
    /// The stream under it failed.
    #[error("cannot write the picture: {0}")]
    Io(#[from] std::io::Error),
    /// In a browser.
    #[error("a page in a browser writes pictures as PNG only")]
    NoVectors,
}

/// Something to be pictured. The same gives the same bytes.
pub struct Picture<'a> {
    /// Width and height, points.
    pub size: Vec2,
    /// Pixels a point is wide, of PNG; others have no pixels.
    pub pixels_per_point: f32,
    /// How it looks.
    pub theme: Theme,
    /// What its file says of it.
    pub caption: Caption,
    pub(super) add: Box<dyn FnMut(&mut Ui) + 'a>,
}

impl<'a> Picture<'a> {
    /// Whatever `add` draws.
    pub fn new(size: Vec2, theme: Theme, caption: Caption, add: impl FnMut(&mut Ui) + 'a) -> Self {
        Self { size, pixels_per_point: 1.0, theme, caption, add: Box::new(add) }
    }

    /// In pixels.
    pub fn image(&mut self) -> Image {
        render(self.size, self.pixels_per_point, &self.theme, &mut self.add)
    }

    /// As a file.
    ///
    /// # Errors
    /// [`PictureError`] when the picture is empty, cannot be encoded, or `out` fails.
    pub fn write(
        &mut self,
        format: PictureFormat,
        mut out: impl Write,
    ) -> Result<(), PictureError> {
        match format {
            PictureFormat::Png => Ok(self.image().write_png(out)?),
            #[cfg(not(target_arch = "wasm32"))]
            PictureFormat::Svg => {
                let text = super::vector::svg(&self.drawing(), &self.caption);
                Ok(out.write_all(text.as_bytes())?)
            }
            #[cfg(not(target_arch = "wasm32"))]
            PictureFormat::Pdf => {
                let bytes = super::vector::pdf(&self.drawing(), &self.caption);
                let bytes = bytes.map_err(|error| PictureError::Pdf(format!("{error:?}")))?;
                Ok(out.write_all(&bytes)?)
            }
            #[cfg(target_arch = "wasm32")]
            PictureFormat::Svg | PictureFormat::Pdf => {
                out.flush()?;
                Err(PictureError::NoVectors)
            }
        }
    }

    /// As rectangles and words.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn drawing(&mut self) -> super::Drawing {
        // Finer than a screen, so that letters are not moved to whole pixels.
        const PIXELS_PER_POINT: f32 = 2.0;
        let frame = super::render::frame(self.size, PIXELS_PER_POINT, &self.theme, &mut self.add);
        let patterns = super::stripes::patterns(&frame.ctx);
        super::vector::drawing_of(&frame.shapes, (self.size, self.theme.surfaces.panel), &patterns)
    }
}
