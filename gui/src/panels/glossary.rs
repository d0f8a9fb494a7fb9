//! The words on screen and what they mean: as a sheet, and under the pointer wherever one stands.

use std::{cmp::Reverse, ops::Range};

use egui::{Grid, RichText, ScrollArea, Ui, vec2};

use super::widgets::{Cx, sheet_ui};
use crate::app::{Command, Overlay};

/// A word that not everybody knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Term {
    Sm,
    Cta,
    Wave,
    Tail,
    Occupancy,
    Gemm,
    Stream,
    Launch,
    Rank,
    Collective,
    BusBandwidth,
    Split,
    Phase,
    Layer,
    Hidden,
    Exposed,
    Overlap,
    Slack,
    CriticalPath,
    Waiting,
    Transfer,
    Idle,
    Contention,
    Isolated,
    SplitTax,
    Roofline,
    Skew,
    Iteration,
    Prefill,
    Decode,
    Provenance,
}

impl Term {
    /// Every word, from the machine up to the run.
    pub(crate) const ALL: [Self; 31] = [
        Self::Sm,
        Self::Cta,
        Self::Wave,
        Self::Tail,
        Self::Occupancy,
        Self::Gemm,
        Self::Stream,
        Self::Launch,
        Self::Rank,
        Self::Collective,
        Self::BusBandwidth,
        Self::Split,
        Self::Phase,
        Self::Layer,
        Self::Hidden,
        Self::Exposed,
        Self::Overlap,
        Self::Slack,
        Self::CriticalPath,
        Self::Waiting,
        Self::Transfer,
        Self::Idle,
        Self::Contention,
        Self::Isolated,
        Self::SplitTax,
        Self::Roofline,
        Self::Skew,
        Self::Iteration,
        Self::Prefill,
        Self::Decode,
        Self::Provenance,
    ];

    /// The word.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Sm => "SM",
            Self::Cta => "CTA",
            Self::Wave => "wave",
            Self::Tail => "tail",
            Self::Occupancy => "occupancy",
            Self::Gemm => "GEMM",
            Self::Stream => "stream",
            Self::Launch => "launch",
            Self::Rank => "rank",
            Self::Collective => "collective",
            Self::BusBandwidth => "bus bandwidth",
            Self::Split => "split",
            Self::Phase => "phase",
            Self::Layer => "layer",
            Self::Hidden => "hidden",
            Self::Exposed => "exposed",
            Self::Overlap => "overlap",
            Self::Slack => "slack",
            Self::CriticalPath => "critical path",
            Self::Waiting => "waiting",
            Self::Transfer => "transfer",
            Self::Idle => "idle",
            Self::Contention => "contention",
            Self::Isolated => "isolated",
            Self::SplitTax => "split tax",
            Self::Roofline => "roofline",
            Self::Skew => "skew",
            Self::Iteration => "iteration",
            Self::Prefill => "prefill",
            Self::Decode => "decode",
            Self::Provenance => "measured, modelled",
        }
    }

    /// What it means.
    pub(crate) fn meaning(self) -> &'static str {
        MEANINGS.iter().find(|one| one.0 == self).map_or("", |one| one.1)
    }

    /// How it stands in sentences, most words first: its word, its plural, and what else it is called.
    fn forms(self) -> &'static [&'static str] {
        match self {
            Self::Sm => &["SMs", "SM"],
            Self::Cta => &["thread blocks", "thread block", "CTAs", "CTA"],
            Self::Wave => &["waves", "wave"],
            Self::Gemm => &["GEMMs", "GEMM"],
            Self::Stream => &["streams", "stream"],
            Self::Rank => &["ranks", "rank"],
            Self::Collective => &["collectives", "collective"],
            Self::Split => &["splits", "split"],
            Self::Phase => &["phases", "phase"],
            Self::Layer => &["layers", "layer"],
            Self::Launch => &["launch-bound", "launches", "launch"],
            Self::Iteration => &["iterations", "iteration"],
            Self::Provenance => &["measured", "modelled"],
            Self::Tail => &["last wave", "tail"],
            _ => &[],
        }
    }

    /// Where words of the glossary stand in a text, in order, each at its first place; whole words, in upper case or lower.
    pub(crate) fn within(text: &str) -> Vec<(Range<usize>, Self)> {
        let lower = text.to_ascii_lowercase();
        let mut found: Vec<(Range<usize>, Self)> = Vec::new();
        let own = |term: Self| term.forms().iter().copied().chain([term.word()]);
        let mut all: Vec<(&str, Self)> = Self::ALL
            .into_iter()
            .flat_map(|term| own(term).map(move |form| (form, term)))
            .collect();
        all.sort_by_key(|(form, _)| Reverse(form.len()));
        for (form, term) in all {
            let is_free = |range: &Range<usize>| {
                let overlaps =
                    |other: &Range<usize>| range.start < other.end && other.start < range.end;
                !found.iter().any(|(other, of)| *of == term || overlaps(other))
            };
            let form = form.to_ascii_lowercase();
            let mut places = lower.match_indices(&form).map(|(at, _)| at..at + form.len());
            let place = places.find(|range| is_word(text, range) && is_free(range));
            found.extend(place.map(|range| (range, term)));
        }
        found.sort_by_key(|(range, _)| range.start);
        found
    }

    /// Both, for a tooltip.
    pub(crate) fn tooltip(self) -> String {
        format!("{}: {}", self.word(), self.meaning())
    }
}

/// What words mean, a sentence or two each.
const MEANINGS: [(Term, &str); 31] = [
    (Term::Sm, "Streaming multiprocessor: where thread blocks run. An H100 has 132."),
    (
        Term::Cta,
        "Thread block (cooperative thread array): the piece of a kernel that one SM runs. A collective holds its \
         CTAs' SMs for as long as it runs.",
    ),
    (
        Term::Wave,
        "The thread blocks that are resident at one time. A kernel of 256 blocks on 124 SMs of one place each \
         takes 3 waves; the last, 8 blocks, costs as long as a full one.",
    ),
    (Term::Gemm, "Matrix product: what qkv, o_proj, gate_up and down are."),
    (
        Term::Stream,
        "A queue of a GPU whose kernels run in order; kernels of different streams may run at once.",
    ),
    (Term::Rank, "One GPU of the group that shares every layer (tensor parallelism)."),
    (
        Term::Collective,
        "Communication that all ranks take part in: all-reduce, reduce-scatter, all-gather. Fused: the norm runs \
         in the same kernel.",
    ),
    (
        Term::Split,
        "One of the two token sets into which a batch is cut, so that one computes while the other communicates.",
    ),
    (
        Term::Phase,
        "A stretch of a woven layer in which one split computes beside the other's communication: A and B around \
         attention, C and D around the MLP. Head and tail lie outside the weave.",
    ),
    (Term::Hidden, "Communication with computation of the same rank beside it."),
    (
        Term::Exposed,
        "Communication with no computation of the same rank beside it: what overlapping can win.",
    ),
    (
        Term::Overlap,
        "Time with communication and computation both running, over time with communication.",
    ),
    (
        Term::Slack,
        "How much later a phase's communication could end without prolonging the phase. Negative: communication \
         ends last. None where there is nothing to hide.",
    ),
    (
        Term::Waiting,
        "Time in a collective before the last rank has arrived; not known where one rank was recorded.",
    ),
    (Term::Idle, "Nothing of the rank runs."),
    (
        Term::Contention,
        "How much longer kernels take beside others than with the GPU to themselves: they share SMs, memory and \
         L2.",
    ),
    (
        Term::SplitTax,
        "How much longer two halves of a kernel take than the whole, each with the GPU to itself: more waves, \
         emptier ones, weights read twice.",
    ),
    (
        Term::Roofline,
        "The time that arithmetic, memory or link needs at the best rate measured on this GPU.",
    ),
    (Term::Skew, "Ranks that begin apart; the last is the straggler."),
    (Term::Iteration, "One forward pass of a batch."),
    (
        Term::Layer,
        "One of the blocks of a transformer that follow each other, from the QKV product to the norm behind the \
         feed-forward block.",
    ),
    (
        Term::Tail,
        "The last wave of a kernel, where it is not full: some SMs have no block of it any more. Also what follows \
         the last layer, beside head.",
    ),
    (
        Term::Occupancy,
        "How many of the places for thread blocks on an SM are taken; of a last wave, how many of all places hold \
         a block.",
    ),
    (
        Term::CriticalPath,
        "The chain of ops, launches and waits that decides when the last op ends: only what lies on it makes an \
         iteration longer.",
    ),
    (
        Term::Launch,
        "The host's call that puts a kernel on a stream; a kernel is launch-bound when the GPU waits for that.",
    ),
    (
        Term::Transfer,
        "Time in a collective after the last rank has arrived: what moving the bytes takes.",
    ),
    (
        Term::BusBandwidth,
        "Bytes over a link in one direction, over the time of a collective, as nccl-tests defines it: it can be \
         held against the speed of a link.",
    ),
    (Term::Isolated, "Of a kernel: timed with the GPU to itself."),
    (Term::Prefill, "Computing the tokens of a prompt, all at once."),
    (
        Term::Decode,
        "Computing one token more of a sequence, which reads all keys and values before it.",
    ),
    (
        Term::Provenance,
        "Where times come from: hardware, or the simulator. Modelled times are for shapes, not for microseconds.",
    ),
];

/// Neither a letter nor a digit stands before it or after it.
fn is_word(text: &str, range: &Range<usize>) -> bool {
    let part = |chr: char| chr.is_alphanumeric() || chr == '_';
    let before = text[..range.start].chars().next_back();
    let after = text[range.end..].chars().next();
    !before.is_some_and(part) && !after.is_some_and(part)
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

    #[test]
    fn what_papers_say_is_explained() {
        let words = [
            "SM",
            "wave",
            "CTA",
            "thread block",
            "stream",
            "rank",
            "slack",
            "critical path",
            "exposed",
            "hidden",
            "overlap",
            "roofline",
            "occupancy",
            "tail",
            "launch",
            "layer",
            "phase",
        ];
        for word in words {
            assert_eq!(Term::within(word).len(), 1, "{word}");
            assert_eq!(Term::within(&format!("of {word}, some")).len(), 1, "{word}");
        }
    }

    /// The longest name wins, a word within a word is none, and each is marked once.
    #[test]
    fn words_are_found_in_sentences() {
        let text =
            "SMALL waves: the last wave of rank 0 on 132 SMs lies on the critical path of a wave.";
        let found: Vec<&str> =
            Term::within(text).into_iter().map(|(range, _)| &text[range]).collect();
        assert_eq!(found, ["waves", "last wave", "rank", "SMs", "critical path"]);
        assert!(Term::within("smoothly framed").is_empty());
    }
}
