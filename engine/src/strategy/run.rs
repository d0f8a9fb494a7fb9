use crate::{
    model::Shard,
    plan::{Builder, Op, Part, Split, SplitDecision},
    spec::{RunSpec, StrategyKind, Transport},
    split::cut,
};

/// What every strategy gets.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// Model, machine, batch and knobs; they have been checked.
    pub spec: &'a RunSpec,
    /// What one rank has of the model.
    pub shard: &'a Shard,
    /// Layers to run.
    pub layers: u32,
}

impl<'a> Run<'a> {
    /// A builder whose collectives travel by `transport`.
    pub fn builder(&self, transport: Transport) -> Builder<'a> {
        Builder::new(self.shard, &self.spec.machine, self.spec.knobs.tp, transport)
    }

    /// All tokens as one part, padded to a multiple of `multiple`.
    pub fn whole(&self, multiple: u32) -> Part {
        let batch = &self.spec.batch;
        let sequences = batch.requests.iter().copied();
        Part {
            split: Split::Whole,
            rows: batch.tokens().next_multiple_of(multiple),
            sequences: sequences.filter(|request| request.new_tokens > 0).collect(),
        }
    }

    /// The two parts of a cut; the suffix has the padding.
    pub fn parts(&self, split: &SplitDecision) -> [Part; 2] {
        let parts = cut(&self.spec.batch, split.first_tokens);
        [
            Part { split: Split::First, rows: split.first_tokens, sequences: parts.first },
            Part { split: Split::Second, rows: split.second_rows, sequences: parts.second },
        ]
    }

    /// Sequences that end in this iteration and so have logits.
    pub fn num_sequences(&self) -> u32 {
        self.spec.batch.requests.iter().filter(|request| request.new_tokens > 0).count() as u32
    }
}

/// What a strategy makes of a run.
pub(super) struct Schedule {
    /// Itself, or what it falls back to.
    pub(super) runs: StrategyKind,
    /// Sentences worth knowing: why it falls back, why bytes travel otherwise than asked.
    pub(super) notes: Vec<String>,
    /// The cut, if it cuts.
    pub(super) split: Option<SplitDecision>,
    pub(super) ops: Vec<Op>,
}

impl Schedule {
    /// Without a cut.
    pub(super) fn whole(runs: StrategyKind, note: Option<String>, ops: Vec<Op>) -> Self {
        Self { runs, notes: note.into_iter().collect(), split: None, ops }
    }

    /// The same in place of what was asked, with the reason.
    pub(super) fn because(mut self, reason: String) -> Self {
        self.notes.insert(0, reason);
        self
    }
}
