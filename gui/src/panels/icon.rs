//! Signs on buttons, painted: the built-in fonts lack half of them.

use egui::{Color32, Painter, Rect, Response, Sense, Shape, Stroke, Ui, pos2, vec2};

/// A sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "live"), expect(dead_code, reason = "signs of the live run"))]
pub(crate) enum Icon {
    /// Run.
    Play,
    /// Wait.
    Pause,
    /// One more.
    Step,
    /// Older.
    Left,
    /// Newer.
    Right,
    /// Close, cancel, dismiss.
    Cross,
    /// Further up.
    Up,
    /// Fold downwards, or further down.
    Down,
    /// Back to the default.
    Reset,
    /// Well done.
    Tick,
    /// Look out.
    Warning,
}

/// A button of one sign, named for those who cannot see it.
pub(crate) fn icon_button(ui: &mut Ui, icon: Icon, name: &str, tooltip: &str) -> Response {
    let (rect, response) = ui.allocate_exact_size(vec2(20.0, 20.0), Sense::click());
    super::widgets::draw_as(&response, egui::Role::Button, name);
    let visuals = ui.style().interact(&response);
    if response.hovered() || response.has_focus() {
        ui.painter().rect_filled(rect, visuals.corner_radius, visuals.weak_bg_fill);
    }
    let ink = if ui.is_enabled() {
        visuals.fg_stroke.color
    } else {
        visuals.fg_stroke.color.gamma_multiply(0.35)
    };
    paint_icon(ui.painter(), Rect::from_center_size(rect.center(), vec2(12.0, 12.0)), icon, ink);
    response.on_hover_text(tooltip)
}

/// Paints a sign into a square.
pub(crate) fn paint_icon(painter: &Painter, rect: Rect, icon: Icon, ink: Color32) {
    let at = |x: f32, y: f32| rect.min + vec2(x, y) * rect.width();
    let line = Stroke::new(1.5, ink);
    let triangle = |points: [(f32, f32); 3]| {
        let points = points.map(|(x, y)| at(x, y)).to_vec();
        painter.add(Shape::convex_polygon(points, ink, Stroke::NONE));
    };
    let bar = |left: f32, right: f32| {
        painter.rect_filled(Rect::from_min_max(at(left, 0.1), at(right, 0.9)), 0.0, ink);
    };
    let stroke = |points: &[(f32, f32)]| {
        let points = points.iter().map(|&(x, y)| at(x, y)).collect();
        painter.add(Shape::line(points, line));
    };
    match icon {
        Icon::Play => triangle([(0.18, 0.05), (0.95, 0.5), (0.18, 0.95)]),
        Icon::Pause => {
            bar(0.2, 0.4);
            bar(0.6, 0.8);
        }
        Icon::Step => {
            triangle([(0.1, 0.1), (0.65, 0.5), (0.1, 0.9)]);
            bar(0.72, 0.88);
        }
        Icon::Left => stroke(&[(0.65, 0.12), (0.28, 0.5), (0.65, 0.88)]),
        Icon::Right => stroke(&[(0.35, 0.12), (0.72, 0.5), (0.35, 0.88)]),
        Icon::Up => stroke(&[(0.12, 0.65), (0.5, 0.3), (0.88, 0.65)]),
        Icon::Down => stroke(&[(0.12, 0.35), (0.5, 0.7), (0.88, 0.35)]),
        Icon::Cross => {
            stroke(&[(0.2, 0.2), (0.8, 0.8)]);
            stroke(&[(0.8, 0.2), (0.2, 0.8)]);
        }
        Icon::Tick => stroke(&[(0.1, 0.55), (0.4, 0.85), (0.9, 0.2)]),
        Icon::Warning => {
            stroke(&[(0.5, 0.08), (0.95, 0.9), (0.05, 0.9), (0.5, 0.08)]);
            stroke(&[(0.5, 0.4), (0.5, 0.65)]);
        }
        Icon::Reset => {
            // Three quarters of a circle, open at the upper left where the arrow's head sits.
            let turn = |share: f32| {
                let angle = std::f32::consts::TAU * (share * 0.75 - 0.25);
                rect.center() + vec2(angle.cos(), angle.sin()) * rect.width() * 0.36
            };
            let arc = (0..=16).map(|step| turn(step as f32 / 16.0)).collect();
            painter.add(Shape::line(arc, line));
            let tip = pos2(rect.center().x, rect.center().y - rect.width() * 0.36);
            let head = vec![tip + vec2(-4.0, 0.0), tip + vec2(1.0, -3.5), tip + vec2(1.0, 3.5)];
            painter.add(Shape::convex_polygon(head, ink, Stroke::NONE));
        }
    }
}
