//! Pointer, wheel and trackpad over the timeline, as commands on the view.

use egui::{
    CursorIcon, Event, Id, InputState, MouseWheelUnit, PointerButton, Pos2, Rangef, Response, Ui,
};
use weftscope_traces::Span;

use super::{
    Hover, RangeSelection, ViewCommand,
    hit::{Scene, hit, tracks_between},
    snap::snapped,
};

/// Points of wheel travel that halve or double the window.
const ZOOM_TRAVEL: f64 = 140.0;

/// What the pointer wants of the plot.
pub(super) struct Pointer<'a> {
    pub(super) scene: Scene<'a>,
}

impl Pointer<'_> {
    /// Commands of clicks and drags on the plot.
    pub(super) fn plot(&self, ui: &Ui, response: &Response) -> Vec<ViewCommand> {
        let mut commands = Vec::new();
        if ui.input(InputState::any_touches) {
            self.fingers(ui, response, &mut commands);
        }
        // A finger moves what it touches; there is no room under it to aim at both ends of a range.
        let moves = ui.input(|input| input.modifiers.shift || input.any_touches());
        let panning = response.dragged_by(PointerButton::Middle)
            || (response.dragged_by(PointerButton::Primary) && moves);
        // What two fingers do is known from both.
        let panning = panning && ui.input(|input| input.multi_touch().is_none());
        if panning {
            let delta = response.drag_delta();
            ui.ctx().set_cursor_icon(CursorIcon::Grabbing);
            commands.push(ViewCommand::Pan { share: self.share(-delta.x) });
            commands.push(self.scroll(-delta.y));
        } else if response.dragged_by(PointerButton::Primary)
            && !moves
            && let (Some(from), Some(to)) =
                (ui.input(|input| input.pointer.press_origin()), response.interact_pointer_pos())
        {
            ui.ctx().set_cursor_icon(CursorIcon::ResizeHorizontal);
            let snaps = !ui.input(|input| input.modifiers.alt);
            commands.push(ViewCommand::SelectRange(self.range(from, to, snaps)));
        }
        if response.clicked()
            && let Some(at) = response.interact_pointer_pos()
        {
            let found = hit(self.scene, at);
            commands.push(match found.slice {
                Some(slice) => ViewCommand::Select(slice),
                None => ViewCommand::ClearSelection,
            });
        }
        if response.double_clicked() && self.scene.view.selection.slice().is_some() {
            commands.push(ViewCommand::FitSelection);
        }
        commands
    }

    /// What fingers ask for beside what one drags over the plot: two move the time between them along, and one that began on
    /// the names of rows moves those.
    fn fingers(&self, ui: &Ui, response: &Response, commands: &mut Vec<ViewCommand>) {
        let areas = &self.scene.bands.areas;
        if let Some(fingers) = ui.input(InputState::multi_touch) {
            if areas.plot.contains(fingers.start_pos) {
                let moved = fingers.translation_delta;
                commands.push(ViewCommand::Pan { share: self.share(-moved.x) });
                commands.push(self.scroll(-moved.y));
            }
        } else if !response.dragged() {
            let (origin, moved) =
                ui.input(|input| (input.pointer.press_origin(), input.pointer.delta()));
            if origin.is_some_and(|origin| areas.header.contains(origin)) && moved.y != 0.0 {
                commands.push(self.scroll(-moved.y));
            }
        }
    }

    /// Commands of the wheel, the trackpad and pinching.
    ///
    /// A wheel's notch zooms at the pointer; a trackpad's two fingers pan both ways; ctrl (or a pinch) zooms with
    /// both; shift pans with a wheel, alt scrolls the rows. Over the names of rows everything scrolls.
    pub(super) fn wheel(&self, ui: &Ui, at: Pos2) -> Vec<ViewCommand> {
        let is_wheel = wheel_kind(ui);
        let (scroll, zoom, alt) = ui.input(|input| {
            (input.smooth_scroll_delta(), f64::from(input.zoom_delta()), input.modifiers.alt)
        });
        let mut commands = Vec::new();
        let areas = &self.scene.bands.areas;
        // Of a pinch what lay between the fingers stays there: it has been moved along when this counts.
        let fingers = ui.input(InputState::multi_touch);
        let at = fingers.map_or(at, |fingers| fingers.center_pos - fingers.translation_delta);
        let at_ns = areas.scale(self.scene.view).time_from_x(at.x);
        let mut factor = if zoom > 0.0 { 1.0 / zoom } else { 1.0 };
        if areas.header.contains(at) || alt {
            commands.extend((scroll.y != 0.0).then(|| self.scroll(-scroll.y)));
        } else if is_wheel {
            factor *= (f64::from(-scroll.y) / ZOOM_TRAVEL).exp2();
        } else {
            commands.extend((scroll.y != 0.0).then(|| self.scroll(-scroll.y)));
        }
        if scroll.x != 0.0 {
            commands.push(ViewCommand::Pan { share: self.share(-scroll.x) });
        }
        if (factor - 1.0).abs() > 1e-9 {
            commands.push(ViewCommand::Zoom { factor, at_ns });
        }
        commands
    }

    /// Commands of the strip over the whole trace: a click or drag centres the window there.
    pub(super) fn minimap(&self, response: &Response) -> Option<ViewCommand> {
        if !(response.dragged() || response.clicked()) {
            return None;
        }
        let at = response.interact_pointer_pos()?;
        let strip = self.scene.bands.areas.minimap;
        let whole = self.scene.data.overview_span();
        let share = f64::from((at.x - strip.left()) / strip.width().max(1.0));
        let centre = whole.start_ns + (whole.len_ns() as f64 * share) as i64;
        let by = centre - (self.scene.view.window.start_ns + self.scene.view.window.len_ns() / 2);
        let length = self.scene.view.window.len_ns().max(1);
        Some(ViewCommand::Pan { share: by as f64 / length as f64 })
    }

    /// What the pointer at `at` is over.
    pub(super) fn hover(&self, at: Pos2) -> Hover {
        let time_ns = self.scene.bands.areas.scale(self.scene.view).time_from_x(at.x);
        let slice = hit(self.scene, at).slice;
        Hover { time_ns, slice }
    }

    /// Rows scrolled by so many points, kept within the rows.
    pub(super) fn scroll(&self, by: f32) -> ViewCommand {
        let most = self.scene.bands.most_scroll();
        ViewCommand::Scroll((self.scene.view.scroll_y + by).clamp(0.0, most))
    }

    fn share(&self, points: f32) -> f64 {
        f64::from(points / self.scene.bands.areas.plot.width().max(1.0))
    }

    /// The stretch between two points, its ends drawn to edges of slices.
    fn range(&self, from: Pos2, to: Pos2, snaps: bool) -> RangeSelection {
        let scale = self.scene.bands.areas.scale(self.scene.view);
        let plot = self.scene.bands.areas.plot;
        // A plot without height has no inside.
        let last = (plot.max - egui::vec2(0.0, 0.5)).max(plot.min);
        let inside = |at: Pos2| at.clamp(plot.min, last);
        let [bare_from, bare_to] = [from, to].map(|at| scale.time_from_x(inside(at).x));
        let (mut from_ns, mut to_ns) = (bare_from, bare_to);
        if snaps {
            (from_ns, to_ns) = (snapped(self.scene, inside(from)), snapped(self.scene, inside(to)));
        }
        // Both ends at one edge: what is wanted is shorter than the reach.
        if from_ns == to_ns {
            to_ns = bare_to;
        }
        let start_ns = from_ns.min(to_ns);
        let span = Span::new(start_ns, from_ns.max(to_ns).max(start_ns + 1));
        let y = |at: Pos2| at.y.clamp(plot.top(), plot.bottom().max(plot.top()));
        let heights = Rangef::new(y(from).min(y(to)), y(from).max(y(to)));
        let tracks = tracks_between(self.scene.data, self.scene.bands, heights);
        RangeSelection { span, tracks }
    }
}

/// True when the last wheel event came in notches. Smoothing spreads a notch over frames that have no event of
/// their own, so the answer is remembered.
fn wheel_kind(ui: &Ui) -> bool {
    let id = Id::unique("weftscope wheel kind");
    let now = ui.input(|input| {
        input.events.iter().rev().find_map(|event| match event {
            Event::MouseWheel { unit, .. } => Some(*unit != MouseWheelUnit::Point),
            _ => None,
        })
    });
    if let Some(now) = now {
        ui.data_mut(|data| data.insert_temp(id, now));
        return now;
    }
    ui.data(|data| data.get_temp(id)).unwrap_or(true)
}
