use std::sync::Arc;

use egui::{Context, Id, mutex::Mutex};
use weftscope_traces::{LaneId, Span, Trace};

use super::{
    Row, RowKind,
    areas::Areas,
    emphasis::Emphasis,
    paint::{BlockMesh, Pen, hatch_texture},
    prepare::DrawList,
};
use crate::theme::Mode;

/// What one timeline keeps from frame to frame: prepared lists and the meshes made of them.
#[derive(Default)]
pub(super) struct FrameCache {
    trace: Option<Arc<Trace>>,
    pub(super) list: DrawList,
    key: Option<MeshKey>,
    pub(super) mesh: BlockMesh,
}

/// Everything the meshes depend on. While it stays the same a frame costs no building at all.
#[derive(Clone, PartialEq)]
struct MeshKey {
    window: Span,
    areas: Areas,
    scroll_y: f32,
    rows: Vec<Row>,
    mode: Mode,
    emphasis: Emphasis,
    pixels_per_point: f32,
}

impl FrameCache {
    /// The cache of the timeline with this id.
    pub(super) fn of(ctx: &Context, id: Id) -> Arc<Mutex<Self>> {
        ctx.data_mut(|data| {
            Arc::clone(
                data.get_temp_mut_or_insert_with(id, || Arc::new(Mutex::new(Self::default()))),
            )
        })
    }

    /// Makes list and meshes right for what `pen` is about to paint.
    pub(super) fn update(&mut self, pen: &Pen<'_>) {
        if !self.trace.as_ref().is_some_and(|trace| Arc::ptr_eq(trace, &pen.data.trace)) {
            *self = Self { trace: Some(Arc::clone(&pen.data.trace)), ..Self::default() };
        }
        let seen = pen.scale.window();
        let pixels_per_point = pen.painter.pixels_per_point();
        let resolution_ns = pen.scale.resolution_ns(1.0 / f64::from(pixels_per_point));
        if !self.list.serves(seen, resolution_ns) {
            self.list = DrawList::new(seen, resolution_ns);
            self.key = None;
        }
        self.list.prepare(pen.data, visible_lanes(pen));
        let key = MeshKey {
            window: seen,
            areas: pen.areas,
            scroll_y: pen.view.scroll_y,
            rows: pen.rows().to_vec(),
            mode: pen.theme.mode,
            emphasis: pen.emphasis.clone(),
            pixels_per_point,
        };
        if self.key.as_ref() != Some(&key) {
            self.mesh = BlockMesh::build(pen, &self.list, hatch_texture(pen.painter.ctx()));
            self.key = Some(key);
        }
    }
}

/// Lanes of the rows on the screen.
fn visible_lanes<'a>(pen: &'a Pen<'_>) -> impl Iterator<Item = LaneId> + 'a {
    pen.rows()
        .iter()
        .filter_map(|row| match row.kind {
            RowKind::Stream(id) | RowKind::Sm(id) | RowKind::Host(id) => Some(id),
            _ => None,
        })
        .flat_map(|id| pen.data.trace.track(id).lanes.iter().copied())
}
