use crate::{
    model::Shard,
    plan::{Builder, Part, Split, SplitDecision},
    spec::{RunSpec, Transport},
    split::cut,
};

/// What every strategy gets.
#[derive(Clone, Copy)]
pub(super) struct Run<'a> {
    pub(super) spec: &'a RunSpec,
    pub(super) shard: &'a Shard,
    pub(super) layers: u32,
    pub(super) transport: Transport,
}

impl<'a> Run<'a> {
    pub(super) fn builder(&self) -> Builder<'a> {
        Builder::new(self.shard, &self.spec.machine, self.spec.knobs.tp, self.transport)
    }

    /// All tokens as one part, padded to a multiple of `multiple`.
    pub(super) fn whole(&self, multiple: u32) -> Part {
        let batch = &self.spec.batch;
        let sequences =
            batch.requests.iter().map(|request| (request.cached_tokens, request.new_tokens));
        Part {
            split: Split::Whole,
            rows: batch.tokens().next_multiple_of(multiple),
            sequences: sequences.filter(|&(_, new)| new > 0).collect(),
        }
    }

    /// The two parts of a cut; the suffix has the padding.
    pub(super) fn parts(&self, split: &SplitDecision) -> [Part; 2] {
        let parts = cut(&self.spec.batch, split.first_tokens);
        [
            Part { split: Split::First, rows: split.first_tokens, sequences: parts.first },
            Part { split: Split::Second, rows: split.second_rows, sequences: parts.second },
        ]
    }

    /// Sequences that end in this iteration and so have logits.
    pub(super) fn num_sequences(&self) -> u32 {
        self.spec.batch.requests.iter().filter(|request| request.new_tokens > 0).count() as u32
    }
}
