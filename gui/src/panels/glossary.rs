//! The words on screen and what they mean: as a sheet, and under the pointer wherever one stands.

use egui::{Grid, RichText, ScrollArea, Ui, vec2};

use super::widgets::{Cx, sheet_ui};
use crate::app::{Command, Overlay};

/// A word that not everybody knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Term {
    Sm,
    Cta,
    Wave,
    Gemm,
    Stream,
    Rank,
    Collective,
    Split,
    Phase,
    Hidden,
    Exposed,
    Overlap,
    Slack,
    Waiting,
    Idle,
    Contention,
    SplitTax,
    Roofline,
    Skew,
    Iteration,
    Provenance,
}

impl Term {
    /// Every word, from the machine up to the run.
    pub(crate) const ALL: [Self; 21] = [
        Self::Sm,
        Self::Cta,
        Self::Wave,
        Self::Gemm,
        Self::Stream,
        Self::Rank,
        Self::Collective,
        Self::Split,
        Self::Phase,
        Self::Hidden,
        Self::Exposed,
        Self::Overlap,
        Self::Slack,
        Self::Waiting,
        Self::Idle,
        Self::Contention,
        Self::SplitTax,
        Self::Roofline,
        Self::Skew,
        Self::Iteration,
        Self::Provenance,
    ];

    /// The word.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Sm => "SM",
            Self::Cta => "CTA",
            Self::Wave => "wave",
            Self::Gemm => "GEMM",
            Self::Stream => "stream",
            Self::Rank => "rank",
            Self::Collective => "collective",
            Self::Split => "split",
            Self::Phase => "phase",
            Self::Hidden => "hidden",
            Self::Exposed => "exposed",
            Self::Overlap => "overlap",
            Self::Slack => "slack",
            Self::Waiting => "waiting",
            Self::Idle => "idle",
            Self::Contention => "contention",
            Self::SplitTax => "split tax",
            Self::Roofline => "roofline",
            Self::Skew => "skew",
            Self::Iteration => "iteration",
            Self::Provenance => "measured, modelled",
        }
    }

    /// What it means.
    pub(crate) fn meaning(self) -> &'static str {
        match self {
            Self::Sm => "Streaming multiprocessor: where thread blocks run. An H100 has 132.",
            Self::Cta => {
                "Thread block (cooperative thread array): the piece of a kernel that one SM runs. A collective holds its \
                 CTAs' SMs for as long as it runs."
            }
            Self::Wave => {
                "The thread blocks that are resident at one time. A kernel of 256 blocks on 124 SMs of one place each \
                 takes 3 waves; the last, 8 blocks, costs as long as a full one."
            }
            Self::Gemm => "Matrix product: what qkv, o_proj, gate_up and down are.",
            Self::Stream => {
                "A queue of a GPU whose kernels run in order; kernels of different streams may run at once."
            }
            Self::Rank => "One GPU of the group that shares every layer (tensor parallelism).",
            Self::Collective => {
                "Communication that all ranks take part in: all-reduce, reduce-scatter, all-gather. Fused: the norm runs \
                 in the same kernel."
            }
            Self::Split => {
                "One of the two token sets into which a batch is cut, so that one computes while the other communicates."
            }
            Self::Phase => {
                "A stretch of a woven layer in which one split computes beside the other's communication: A and B around \
                 attention, C and D around the MLP. Head and tail lie outside the weave."
            }
            Self::Hidden => "Communication with computation of the same rank beside it.",
            Self::Exposed => {
                "Communication with no computation of the same rank beside it: what overlapping can win."
            }
            Self::Overlap => {
                "Time with communication and computation both running, over time with communication."
            }
            Self::Slack => {
                "How much later a phase's communication could end without prolonging the phase. Negative: communication \
                 ends last. None where there is nothing to hide."
            }
            Self::Waiting => {
                "Time in a collective before the last rank has arrived; not known where one rank was recorded."
            }
            Self::Idle => "Nothing of the rank runs.",
            Self::Contention => {
                "How much longer kernels take beside others than with the GPU to themselves: they share SMs, memory and L2."
            }
            Self::SplitTax => {
                "How much longer two halves of a kernel take than the whole, each with the GPU to itself: more waves, \
                 emptier ones, weights read twice."
            }
            Self::Roofline => {
                "The time that arithmetic, memory or link needs at the best rate measured on this GPU."
            }
            Self::Skew => "Ranks that begin apart; the last is the straggler.",
            Self::Iteration => "One forward pass of a batch.",
            Self::Provenance => {
                "Where times come from: hardware, or the simulator. Modelled times are for shapes, not for microseconds."
            }
        }
    }

    /// Both, for a tooltip.
    pub(crate) fn tooltip(self) -> String {
        format!("{}: {}", self.word(), self.meaning())
    }
}

/// The sheet, when it is open.
pub(crate) fn glossary_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    if cx.state.overlay != Overlay::Glossary {
        return;
    }
    let open = sheet_ui(ui, "Glossary", 600.0, |ui| {
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            Grid::new("terms").num_columns(2).spacing(vec2(16.0, 6.0)).show(ui, |ui| {
                for term in Term::ALL {
                    let word = RichText::new(term.word()).color(cx.theme.surfaces.strong).strong();
                    ui.label(word);
                    ui.add(egui::Label::new(term.meaning()).wrap());
                    ui.end_row();
                }
            });
        });
    });
    if !open {
        cx.send(Command::ToggleGlossary);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_meanings_stand_once() {
        for (index, term) in Term::ALL.into_iter().enumerate() {
            let before = &Term::ALL[..index];
            let is_twin = |other: &Term| {
                *other == term || other.word() == term.word() || other.meaning() == term.meaning()
            };
            assert!(!before.iter().any(is_twin), "{term:?}");
            assert!(term.meaning().ends_with('.'), "{term:?}");
        }
    }
}
