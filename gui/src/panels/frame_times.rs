//! How long the window takes for its own frames.

use egui::{Align2, Area, Frame, Id, Order, Ui, vec2};

use super::widgets::{Cx, mono};

/// The last frames' times on the UI thread: draining events and building the UI, painting not included.
#[derive(Clone, Debug, Default)]
pub(crate) struct FrameTimes {
    /// Ring of the last frames, ms.
    last_ms: Vec<f32>,
    next: usize,
}

impl FrameTimes {
    /// Frames averaged over.
    const WINDOW: usize = 120;

    /// Takes in one frame.
    pub(crate) fn push(&mut self, ms: f32) {
        if self.last_ms.len() < Self::WINDOW {
            self.last_ms.push(ms);
        } else {
            self.last_ms[self.next] = ms;
        }
        self.next = (self.next + 1) % Self::WINDOW;
    }

    /// Mean over the last frames, ms.
    pub(crate) fn mean_ms(&self) -> f32 {
        self.last_ms.iter().sum::<f32>() / self.last_ms.len().max(1) as f32
    }

    /// Longest of the last frames, ms.
    pub(crate) fn max_ms(&self) -> f32 {
        self.last_ms.iter().copied().fold(0.0, f32::max)
    }
}

/// The figures, in the corner, when they are asked for.
pub(crate) fn frame_times_ui(ui: &mut Ui, cx: &Cx<'_>, times: &FrameTimes) {
    if !cx.state.frame_times {
        return;
    }
    let area = Area::new(Id::unique("frame times"))
        .order(Order::Foreground)
        .interactable(false)
        .anchor(Align2::LEFT_BOTTOM, vec2(8.0, -30.0));
    area.show(ui.ctx(), |ui| {
        Frame::new().fill(cx.theme.surfaces.raised).inner_margin(6.0).show(ui, |ui| {
            let text = format!(
                "ui {:>6.2} ms mean {:>6.2} ms max over {} frames",
                times.mean_ms(),
                times.max_ms(),
                times.last_ms.len()
            );
            ui.add(egui::Label::new(mono(cx.theme, text)).extend());
            #[cfg(feature = "live")]
            if let Some(answer_s) = cx.state.live.as_ref().and_then(|live| live.answer_s) {
                let text = format!("knob to picture {:>6.0} ms", answer_s * 1e3);
                ui.add(egui::Label::new(mono(cx.theme, text)).extend());
            }
        });
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_frames_count() {
        let mut times = FrameTimes::default();
        times.push(1000.0);
        for _ in 0..FrameTimes::WINDOW {
            times.push(2.0);
        }
        assert_eq!((times.mean_ms(), times.max_ms()), (2.0, 2.0));
    }
}
