use weftscope_engine::{batch::Batch, spec::RunSpec};

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
        edit.apply(&mut self.spec, catalog);
        match edit {
            KnobEdit::BatchText(text) => {
                self.batch_error = text.parse::<Batch>().err().map(|error| error.to_string());
                self.batch_text = text;
            }
            KnobEdit::Tokens(_) | KnobEdit::Reset(Knob::Batch) => {
                self.batch_error = None;
                self.batch_text = self.spec.batch.to_string();
            }
            KnobEdit::Machine(name) => {
                if let Some(host) = catalog.host(&name) {
                    self.backend = host.backend.clone();
                }
            }
            KnobEdit::Reset(Knob::Machine) => self.backend = Backend::Simulated,
            _ => {}
        }
        fit(&mut self.spec, &before);
    }

    /// True when a knob is not at its default.
    pub fn is_turned(&self, knob: Knob, catalog: &Catalog) -> bool {
        let is_broken = knob == Knob::Batch && self.batch_error.is_some();
        is_broken || !knob.is_same(&self.spec, catalog.default_spec())
    }
}
