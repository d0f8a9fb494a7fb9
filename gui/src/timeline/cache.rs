//! What a frame of the timeline keeps for the next: a frame in which nothing moved builds nothing.

use std::{collections::BTreeSet, mem, sync::Arc, thread};

use egui::{Context, Id, mutex::Mutex};
use weftscope_traces::{LaneId, Span, Trace, lod::Pyramid};

use super::{
    Row, Sight,
    areas::Areas,
    emphasis::Emphasis,
    paint::{BlockMesh, MinimapMesh, Pen, hatch_texture},
    prepare::DrawList,
};
use crate::theme::Mode;

/// Items prepared on the UI thread at once: about a millisecond. More go to threads of their own while the picture before
/// stays.
const INLINE_ITEMS: usize = 8000;

/// What one timeline keeps from frame to frame: prepared lists and the meshes made of them.
#[derive(Default)]
pub(super) struct FrameCache {
    trace: Option<Arc<Trace>>,
    pub(super) list: DrawList,
    /// Goes up whenever `list` changes.
    revision: u64,
    /// A list being made elsewhere.
    pending: Option<Pending>,
    key: Option<MeshKey>,
    pub(super) mesh: BlockMesh,
    pub(super) minimap: MinimapMesh,
}

/// Where a thread leaves the list it made.
type Pending = Arc<Mutex<Option<DrawList>>>;

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
    revision: u64,
}

impl FrameCache {
    /// The cache of the timeline with this id.
    pub(super) fn of(ctx: &Context, id: Id) -> Arc<Mutex<Self>> {
        ctx.data_mut(|data| {
            let fresh = || Arc::new(Mutex::new(Self::default()));
            Arc::clone(data.get_temp_mut_or_insert_with(id, fresh))
        })
    }

    /// Makes list and meshes right for what `pen` is about to paint, or as right as they can be without waiting. True when
    /// that is not what was painted before.
    pub(super) fn update(&mut self, pen: &Pen<'_>) -> bool {
        if !self.trace.as_ref().is_some_and(|trace| Arc::ptr_eq(trace, &pen.data.trace)) {
            self.begin(pen);
        }
        self.collect();
        let mut key = MeshKey {
            window: pen.scale.window(),
            areas: pen.areas,
            scroll_y: pen.scroll_y,
            rows: pen.rows().to_vec(),
            mode: pen.theme.mode,
            emphasis: pen.emphasis.clone(),
            pixels_per_point: pen.painter.pixels_per_point(),
            revision: self.revision,
        };
        if self.key.as_ref() == Some(&key) && self.pending.is_none() {
            return false;
        }
        self.prepare(pen);
        key.revision = self.revision;
        if self.key.as_ref() == Some(&key) {
            return false;
        }
        let hatching = hatch_texture(pen.painter.ctx());
        self.mesh = BlockMesh::build(pen, &self.list, hatching, mem::take(&mut self.mesh));
        self.key = Some(key);
        true
    }

    /// Takes up another trace, with the list that was made of it when it was foreseen how it is looked at. A list still
    /// being made of the trace before is dropped with its slot.
    fn begin(&mut self, pen: &Pen<'_>) {
        let (seen, resolution_ns) = question(pen);
        let ready = pen.data.foresight.take_ready();
        let ready = ready.filter(|list| list.serves(seen, resolution_ns));
        *self = Self {
            trace: Some(Arc::clone(&pen.data.trace)),
            list: ready.unwrap_or_default(),
            mesh: mem::take(&mut self.mesh),
            ..Self::default()
        };
    }

    /// Takes a list that a thread has finished.
    fn collect(&mut self) {
        let done = self.pending.as_ref().and_then(|pending| pending.lock().take());
        if let Some(list) = done {
            self.pending = None;
            self.replace(list);
        }
    }

    fn replace(&mut self, list: DrawList) {
        self.list = list;
        self.revision += 1;
    }

    fn prepare(&mut self, pen: &Pen<'_>) {
        let (seen, resolution_ns) = question(pen);
        let serves = self.list.serves(seen, resolution_ns);
        let lanes: BTreeSet<LaneId> = visible_lanes(pen).collect();
        let is_missing = |lane: &&LaneId| !serves || !self.list.has(**lane);
        let missing: Vec<LaneId> = lanes.iter().filter(is_missing).copied().collect();
        if missing.is_empty() {
            return;
        }
        let fresh = || DrawList::new(seen, resolution_ns);
        let trace = &pen.data.trace;
        let items = |list: &DrawList| list.most_items(trace, missing.iter().copied());
        let is_little = if serves { items(&self.list) } else { items(&fresh()) } <= INLINE_ITEMS;
        // The very first picture is never blank, and pictures for files and tests never wait.
        let is_first = self.list.is_blank() && self.pending.is_none();
        if is_little || is_first {
            if !serves {
                self.replace(fresh());
            }
            self.list.prepare(trace, &pen.data.pyramid, missing);
            self.revision += 1;
        } else if self.pending.is_none() {
            self.send(pen, fresh(), lanes.into_iter().collect());
        }
    }

    /// Has a list made on threads of its own; here and now where there are no threads.
    fn send(&mut self, pen: &Pen<'_>, mut list: DrawList, lanes: Vec<LaneId>) {
        let slot = Pending::default();
        let (trace, pyramid) = (Arc::clone(&pen.data.trace), Arc::clone(&pen.data.pyramid));
        let (ctx, to) = (pen.painter.ctx().clone(), Arc::clone(&slot));
        let later = (list.clone(), lanes.clone());
        let started =
            thread::Builder::new().name("weftscope-draw-list".to_owned()).spawn(move || {
                let (mut list, lanes) = later;
                list.prepare_by_all(&trace, &pyramid, &lanes);
                *to.lock() = Some(list);
                ctx.request_repaint();
            });
        if started.is_ok() {
            self.pending = Some(slot);
        } else {
            let (trace, pyramid): (&Trace, &Pyramid) = (&pen.data.trace, &pen.data.pyramid);
            list.prepare(trace, pyramid, lanes);
            self.replace(list);
        }
    }
}

/// Leaves word of how a trace was drawn, for the one after it.
pub(super) fn remember(pen: &Pen<'_>) {
    let pixels = pen.areas.plot.width() * pen.painter.pixels_per_point();
    pen.data.foresight.see(Sight {
        window: pen.scale.window(),
        fit: pen.data.fit_span(),
        pixels: f64::from(pixels),
        lanes: visible_lanes(pen).collect(),
    });
}

/// What is seen, and at which resolution.
fn question(pen: &Pen<'_>) -> (Span, i64) {
    let pixels_per_point = f64::from(pen.painter.pixels_per_point());
    (pen.scale.window(), pen.scale.resolution_ns(1.0 / pixels_per_point))
}

/// Lanes of the rows on the screen.
fn visible_lanes<'a>(pen: &'a Pen<'_>) -> impl Iterator<Item = LaneId> + 'a {
    pen.rows()
        .iter()
        .filter_map(|row| row.kind.slices_of())
        .flat_map(|id| pen.data.trace.track(id).lanes.iter().copied())
}
