use weftscope_engine::{
    batch::Batch,
    spec::{Chooser, RunSpec, SplitChoice},
};

use super::{Backend, Catalog, Knob, KnobEdit, fit::fit};

/// The spec being edited. Always complete; a batch text that does not parse leaves the batch as it was.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// What the knobs say.
    pub spec: RunSpec,
    /// Who runs it.
    pub backend: Backend,
    /// The batch as typed.
    pub batch_text: String,
    /// Why the text is not a batch.
    pub batch_error: Option<String>,
}

impl Draft {
    /// A draft of `spec`, simulated.
    pub fn new(spec: RunSpec) -> Self {
        let batch_text = spec.batch.to_string();
        Self { spec, backend: Backend::Simulated, batch_text, batch_error: None }
    }

    /// Turns a knob, keeping the spec one that can be planned where that is clear from the knob alone.
    pub fn turn(&mut self, edit: KnobEdit, catalog: &Catalog) {
        let before = self.spec.clone();
        let knobs = &mut self.spec.knobs;
        match edit {
            KnobEdit::Model(name) => {
                if let Some(model) = catalog.model(&name) {
                    self.spec.model = model.clone();
                }
            }
            KnobEdit::Machine(name) => {
                if let Some(host) = catalog.host(&name) {
                    self.spec.machine = host.machine.clone();
                    self.backend = host.backend.clone();
                }
            }
            KnobEdit::Tp(tp) => knobs.tp = tp,
            KnobEdit::BatchText(text) => self.set_batch_text(text),
            KnobEdit::Tokens(tokens) => self.set_tokens(tokens),
            KnobEdit::Strategy(strategy) => knobs.strategy = strategy,
            KnobEdit::Transport(transport) => knobs.transport = transport,
            KnobEdit::Split(split) => knobs.split = split,
            KnobEdit::AttnCtas(ctas) => knobs.attn_ctas = ctas,
            KnobEdit::MlpCtas(ctas) => knobs.mlp_ctas = ctas,
            KnobEdit::Layers(layers) => knobs.layers = layers,
            KnobEdit::Skew { rank, late_ns } => set_skew(&mut knobs.skew_ns, rank, late_ns),
            KnobEdit::Seed(seed) => knobs.seed = seed,
            KnobEdit::Reset(knob) => self.reset(knob, catalog),
        }
        fit(&mut self.spec, &before);
    }

    /// True when a knob is not at its default. Asked for every knob each frame, so nothing is copied.
    pub fn is_turned(&self, knob: Knob, catalog: &Catalog) -> bool {
        let (spec, default) = (&self.spec, catalog.default_spec());
        let (knobs, normal) = (&spec.knobs, &default.knobs);
        match knob {
            Knob::Model => spec.model.name != default.model.name,
            Knob::Machine => spec.machine.name != default.machine.name,
            Knob::Batch => spec.batch != default.batch || self.batch_error.is_some(),
            Knob::Tp => knobs.tp != normal.tp.min(spec.machine.gpus),
            Knob::Strategy => knobs.strategy != normal.strategy,
            Knob::Transport => knobs.transport != normal.transport,
            Knob::Split => knobs.split != normal.split,
            Knob::AttnCtas => knobs.attn_ctas.is_some(),
            Knob::MlpCtas => knobs.mlp_ctas.is_some(),
            Knob::Layers => knobs.layers != normal.layers,
            Knob::Skew => !knobs.skew_ns.is_empty(),
            Knob::Seed => knobs.seed != normal.seed,
        }
    }

    fn set_batch_text(&mut self, text: String) {
        match text.parse::<Batch>() {
            Ok(batch) => {
                self.spec.batch = batch;
                self.batch_error = None;
            }
            Err(error) => self.batch_error = Some(error.to_string()),
        }
        self.batch_text = text;
    }

    /// Scales the batch to so many tokens: the one long prefill grows or shrinks, decode steps stay.
    fn set_tokens(&mut self, tokens: u32) {
        let batch = &mut self.spec.batch;
        let longest = batch.requests.iter_mut().max_by_key(|request| request.new_tokens);
        match longest {
            Some(longest) if !longest.is_decode() => {
                let longest_before = longest.new_tokens;
                let rest = batch.tokens() - longest_before;
                let new_tokens = tokens.saturating_sub(rest).max(1);
                if let Some(longest) =
                    batch.requests.iter_mut().find(|request| request.new_tokens == longest_before)
                {
                    longest.new_tokens = new_tokens;
                }
            }
            _ => *batch = Batch::prefill(tokens.max(1), tokens.max(1)),
        }
        self.batch_text = batch.to_string();
        self.batch_error = None;
    }

    fn reset(&mut self, knob: Knob, catalog: &Catalog) {
        let default = catalog.default_spec().clone();
        let (spec, knobs) = (&mut self.spec, default.knobs);
        match knob {
            Knob::Model => spec.model = default.model,
            Knob::Machine => {
                spec.machine = default.machine;
                self.backend = Backend::Simulated;
            }
            Knob::Batch => {
                spec.batch = default.batch;
                self.batch_text = spec.batch.to_string();
                self.batch_error = None;
            }
            Knob::Tp => spec.knobs.tp = knobs.tp.min(spec.machine.gpus),
            Knob::Strategy => spec.knobs.strategy = knobs.strategy,
            Knob::Transport => spec.knobs.transport = knobs.transport,
            Knob::Split => spec.knobs.split = SplitChoice::Auto(Chooser::WaveModel),
            Knob::AttnCtas => spec.knobs.attn_ctas = None,
            Knob::MlpCtas => spec.knobs.mlp_ctas = None,
            Knob::Layers => spec.knobs.layers = knobs.layers,
            Knob::Skew => spec.knobs.skew_ns.clear(),
            Knob::Seed => spec.knobs.seed = knobs.seed,
        }
    }
}

fn set_skew(skew_ns: &mut Vec<i64>, rank: u32, late_ns: i64) {
    let rank = rank as usize;
    if skew_ns.len() <= rank {
        skew_ns.resize(rank + 1, 0);
    }
    skew_ns[rank] = late_ns;
    // On time is the default; a list of zeros is the same run as an empty one.
    while skew_ns.last() == Some(&0) {
        skew_ns.pop();
    }
}
