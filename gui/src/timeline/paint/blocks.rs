use std::sync::Arc;

use egui::{Mesh, Rangef, Rect, Shape, TextureId, pos2};
use weftscope_traces::{LaneId, TrackKind};

use super::{Pen, meshes::Meshes, ribbon, shade::Shades};
use crate::timeline::{Row, prepare::DrawList};

/// All ribbons and blocks on the screen: one mesh of plain rectangles and one of hatched ones. A shape per block would cost a
/// hundred times as much (35 ms against 1.3 ms for 100 000 on a 2-vCPU EPYC).
#[derive(Clone, Default)]
pub(in crate::timeline) struct BlockMesh {
    layers: [Arc<Mesh>; 2],
}

impl BlockMesh {
    /// Builds the meshes for the rows on the screen, in the memory of those built before.
    pub(in crate::timeline) fn build(
        pen: &Pen<'_>,
        list: &DrawList,
        hatching: TextureId,
        old: Self,
    ) -> Self {
        let rects = (list.num_items() + RIBBONS).min(RESERVED);
        let pixels_per_point = pen.painter.pixels_per_point();
        let meshes = Meshes::with_room(rects, hatching, pixels_per_point, old.layers);
        let mut builder = Builder { pen, shades: Shades::new(pen.theme), meshes };
        for row in pen.rows() {
            builder.row(row, list);
        }
        ribbon::add_ribbons(pen, &mut builder.meshes);
        Self { layers: builder.meshes.finish() }
    }
}

/// Rectangles that eight ribbons may need.
const RIBBONS: usize = 60_000;
/// Rectangles for which room is made at once at most.
const RESERVED: usize = 300_000;

/// Adds the meshes to the picture.
pub(in crate::timeline) fn paint_blocks(pen: &Pen<'_>, mesh: &BlockMesh) {
    let painter = pen.in_plot();
    for layer in &mesh.layers {
        painter.add(Shape::Mesh(Arc::clone(layer)));
    }
}

struct Builder<'a> {
    pen: &'a Pen<'a>,
    shades: Shades,
    meshes: Meshes,
}

impl Builder<'_> {
    fn row(&mut self, row: &Row, list: &DrawList) {
        let Some(track) = row.kind.slices_of() else { return };
        let track = self.pen.data.trace.track(track);
        let dense = matches!(track.kind, TrackKind::Sm { .. });
        for (depth, &lane) in track.lanes.iter().enumerate() {
            let y = self.pen.lane_y(row, depth);
            // Thick rows are set apart by a pixel or two; thin ones must not lose a third of themselves.
            let gap = match (dense, y.span()) {
                (false, _) => 2.0,
                (true, height) if height >= 6.0 => 1.0,
                _ => 0.0,
            };
            let y = Rangef::new(
                self.snap(y.min),
                self.snap(y.max) - gap / self.meshes.pixels_per_point,
            );
            self.lane(lane, y, list, !dense);
        }
    }

    fn lane(&mut self, lane: LaneId, y: Rangef, list: &DrawList, may_be_host: bool) {
        let (scale, plot) = (self.pen.scale, self.pen.areas.plot);
        let labels = &self.pen.data.trace.lane(lane).slices.label;
        let pixel = 1.0 / self.meshes.pixels_per_point;
        let items = list.items(lane, scale.window());
        let emphasis = self.pen.emphasis.on(self.pen.data, lane);
        for item in items {
            let left = self.snap(scale.x_from_time(item.start_ns).max(plot.left() - 2.0));
            let right = self.snap(scale.x_from_time(item.end_ns).min(plot.right() + 2.0));
            // Blocks that touch in time are set apart by a pixel of background once they are wide enough.
            let right = if right - left >= 4.0 * pixel { right - pixel } else { right };
            let rect = Rect::from_min_max(pos2(left, y.min), pos2(right.max(left + pixel), y.max));
            let bright = emphasis.is_bright(item);
            // Blocks are most of what there is: what they are is in the item, and to fetch each one's label from all over
            // the trace would take as long as all else here.
            let host = may_be_host
                .then(|| self.pen.data.host_kinds[labels[item.index as usize].0 as usize])
                .flatten();
            self.meshes.add(rect, item.kind, self.shades.of(item, host, bright));
        }
    }

    /// On a pixel's edge. Cut rather than rounded, which is a call; wrong only left of the window, where nothing shows.
    fn snap(&self, at: f32) -> f32 {
        let pixels = (at * self.meshes.pixels_per_point + 0.5) as i32;
        pixels as f32 / self.meshes.pixels_per_point
    }
}
