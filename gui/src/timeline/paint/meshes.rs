use std::sync::Arc;

use egui::{Color32, Mesh, Rect, TextureId};
use weftscope_traces::Kind;

use super::hatch::hatch_uv;

/// Two meshes under way: of plain rectangles, and of hatched ones, which are waiting.
pub(crate) struct Meshes {
    solid: Mesh,
    hatched: Mesh,
    pub(super) pixels_per_point: f32,
}

impl Meshes {
    /// Empty meshes in the memory of others that are drawn no longer, plain and hatched: fresh memory costs as much as
    /// filling it. With room for so many plain rectangles: growing by doubling would copy tens of megabytes at a few
    /// hundred thousand blocks.
    pub(crate) fn with_room(
        rects: usize,
        hatching: TextureId,
        pixels_per_point: f32,
        old: [Arc<Mesh>; 2],
    ) -> Self {
        let [mut solid, mut hatched] = old.map(|mesh| {
            let mut mesh = Arc::try_unwrap(mesh).unwrap_or_default();
            mesh.clear();
            mesh
        });
        solid.reserve_vertices(4 * rects);
        solid.reserve_triangles(2 * rects);
        hatched.texture_id = hatching;
        Self { solid, hatched, pixels_per_point }
    }

    /// Adds a rectangle in the pattern of its kind.
    pub(crate) fn add(&mut self, rect: Rect, kind: Kind, colour: Color32) {
        if kind == Kind::Wait {
            self.hatched.add_rect_with_uv(rect, hatch_uv(rect, self.pixels_per_point), colour);
        } else {
            self.solid.add_colored_rect(rect, colour);
        }
    }

    /// The finished meshes: plain, hatched.
    pub(crate) fn finish(self) -> [Arc<Mesh>; 2] {
        [Arc::new(self.solid), Arc::new(self.hatched)]
    }
}
