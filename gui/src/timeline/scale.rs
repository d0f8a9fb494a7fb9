use weftscope_traces::Span;

/// The mapping between trace time and points on the screen.
///
/// Time stays `i64`; the mapping runs in `f64` relative to the window's start and becomes `f32` only at the
/// vertex, because an `f32` nanosecond is 64 ns wide after one second and whole kernels would vanish.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TimeScale {
    window: Span,
    left: f64,
    points_per_ns: f64,
}

impl TimeScale {
    /// Shows `window` from `left`, `width` points wide (at least one point, at least one nanosecond).
    pub fn new(window: Span, left: f32, width: f32) -> Self {
        let length = window.len_ns().max(1) as f64;
        Self { window, left: f64::from(left), points_per_ns: f64::from(width.max(1.0)) / length }
    }

    /// Where `t_ns` lies on the screen; may be far outside it.
    pub fn x_from_time(&self, t_ns: i64) -> f32 {
        (self.left + (t_ns - self.window.start_ns) as f64 * self.points_per_ns) as f32
    }

    /// The nanosecond under `x`, rounded down.
    pub fn time_from_x(&self, x: f32) -> i64 {
        let ns = (f64::from(x) - self.left) / self.points_per_ns;
        self.window.start_ns.saturating_add(ns.floor() as i64)
    }

    /// Nanoseconds a point is wide.
    pub fn ns_per_point(&self) -> f64 {
        1.0 / self.points_per_ns
    }

    /// The window shown.
    pub fn window(&self) -> Span {
        self.window
    }

    /// Nanoseconds a bucket should be: a point (or device pixel) rounded **down** to a power of two, so that
    /// zooming meets few distinct resolutions and what was prepared for one serves its neighbours.
    pub fn resolution_ns(&self, points_per_pixel: f64) -> i64 {
        resolution_ns(self.ns_per_point() * points_per_pixel)
    }
}

/// The largest power of two not above `ns_per_pixel`, at least 1.
pub(super) fn resolution_ns(ns_per_pixel: f64) -> i64 {
    let whole = ns_per_pixel.clamp(1.0, (1_u64 << 62) as f64) as u64;
    1_i64 << (63 - whole.leading_zeros())
}
