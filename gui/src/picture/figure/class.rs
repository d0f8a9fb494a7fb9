//! The classes of a rank's time in colours that keep their order when they are printed grey.

use egui::{Color32, Mesh, Painter, Rect, Shape};
use weftscope_traces::{Kind, Split, analysis::AccountClass};

use crate::{
    picture::stripes::{stripes_texture, stripes_uv},
    theme::{Mode, Theme},
};

/// The colour of a class; over hidden communication lie stripes in the colour of communication.
///
/// By lightness: hidden, computation, exposed communication, copies, with idle beyond an end of them. The tests hold how
/// far they are apart once colour is gone.
pub fn class_colour(theme: &Theme, class: AccountClass) -> Color32 {
    match (class, theme.mode) {
        (AccountClass::Compute, _) => theme.kind(Kind::Gemm, Split::First),
        (AccountClass::Overlap, Mode::Dark) => Color32::from_rgb(0x2a, 0x2f, 0x7a),
        (AccountClass::Overlap, Mode::Light) => Color32::from_rgb(0x12, 0x0d, 0x38),
        (AccountClass::ExposedComm, Mode::Dark) => Color32::from_rgb(0xff, 0xa4, 0x52),
        (AccountClass::ExposedComm, Mode::Light) => Color32::from_rgb(0xe4, 0x86, 0x38),
        (AccountClass::ExposedCopies, Mode::Dark) => Color32::from_rgb(0xf6, 0xec, 0xe4),
        (AccountClass::ExposedCopies, Mode::Light) => Color32::from_rgb(0xe2, 0xce, 0xbe),
        (AccountClass::Idle, _) => theme.surfaces.plot,
    }
}

/// Rectangles of classes on their way to a painter.
pub(super) struct ClassMesh {
    plain: Mesh,
    striped: Mesh,
}

impl ClassMesh {
    pub(super) fn new(painter: &Painter) -> Self {
        let striped = Mesh::with_texture(stripes_texture(painter.ctx()));
        Self { plain: Mesh::default(), striped }
    }

    /// Adds a rectangle; idle is what lies under all.
    pub(super) fn add(&mut self, theme: &Theme, rect: Rect, class: AccountClass) {
        if class == AccountClass::Idle || !rect.is_positive() {
            return;
        }
        self.plain.add_colored_rect(rect, class_colour(theme, class));
        if class == AccountClass::Overlap {
            let comm = class_colour(theme, AccountClass::ExposedComm);
            self.striped.add_rect_with_uv(rect, stripes_uv(rect), comm);
        }
    }

    pub(super) fn paint(self, painter: &Painter) {
        for mesh in [self.plain, self.striped] {
            if !mesh.is_empty() {
                painter.add(Shape::mesh(mesh));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        picture::{figure::theme_of, stripes::COVERED},
        theme::grey_lightness,
    };

    /// The mean of stripes and ground counts as the lightness of what is striped: less than what the eye gets, which sees
    /// the stripes too.
    #[test]
    fn classes_are_told_apart_in_grey() {
        const LEAST: f64 = 0.10;
        for mode in [Mode::Dark, Mode::Light] {
            let theme = theme_of(mode);
            let lightness = |class| {
                let own = grey_lightness(class_colour(&theme, class));
                if class != AccountClass::Overlap {
                    return own;
                }
                let comm = grey_lightness(class_colour(&theme, AccountClass::ExposedComm));
                own + (comm - own) * COVERED
            };
            for (at, &class) in AccountClass::ALL.iter().enumerate() {
                for &other in &AccountClass::ALL[..at] {
                    let apart = (lightness(class) - lightness(other)).abs();
                    assert!(apart >= LEAST, "{mode:?}: {class:?} and {other:?}: {apart:.3}");
                }
            }
        }
    }
}
