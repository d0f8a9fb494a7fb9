use std::io::Write;

use thiserror::Error;

/// An opaque picture, 8-bit sRGB.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// `width · height · 4` bytes, row by row from the top: red, green, blue, alpha.
    pub rgba: Vec<u8>,
}

/// Why a picture could not be written.
#[derive(Debug, Error)]
pub enum ImageError {
    /// Nothing to write.
    #[error("a picture of {width}×{height} pixels has none")]
    Empty {
        /// Columns asked for.
        width: usize,
        /// Rows asked for.
        height: usize,
    },
    /// The encoder or the stream under it failed.
    #[error("cannot encode the picture: {0}")]
    Encode(#[from] png::EncodingError),
}

impl Image {
    /// A picture of one colour.
    pub fn filled(width: usize, height: usize, colour: egui::Color32) -> Self {
        let rgba = colour.to_array().repeat(width * height);
        Self { width, height, rgba }
    }

    /// Red, green, blue, alpha of a pixel.
    pub fn pixel(&self, x: usize, y: usize) -> [u8; 4] {
        let at = (y * self.width + x) * 4;
        [self.rgba[at], self.rgba[at + 1], self.rgba[at + 2], self.rgba[at + 3]]
    }

    /// Writes the picture as PNG.
    ///
    /// # Errors
    /// [`ImageError`] when the picture is empty or `out` fails.
    pub fn write_png(&self, out: impl Write) -> Result<(), ImageError> {
        if self.width == 0 || self.height == 0 {
            return Err(ImageError::Empty { width: self.width, height: self.height });
        }
        let mut encoder = png::Encoder::new(out, self.width as u32, self.height as u32);
        encoder.set_color(png::ColorType::Rgba);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&self.rgba)?;
        writer.finish()?;
        Ok(())
    }
}
