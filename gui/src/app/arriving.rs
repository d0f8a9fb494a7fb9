//! A trace that comes as bytes, made ready to be drawn piece by piece, where a frame may not wait for the whole.

use std::{io::Cursor, sync::Arc};

use weftscope_traces::analysis::{Config, Ops, Reports};
use weftscope_traces::{
    Trace,
    container::{ContainerError, Reading},
};

use super::{Document, Explanation};
use crate::timeline::{Indexing, TimelineData};

/// A trace that is being read.
pub(crate) struct Arriving(Option<Reading<Cursor<Vec<u8>>>>);

impl Arriving {
    /// Of the bytes of a `.weft` file.
    ///
    /// # Errors
    /// In words, when they are of none.
    pub(crate) fn new(bytes: Vec<u8>) -> Result<Self, String> {
        Ok(Self(Some(Reading::new(Cursor::new(bytes)).map_err(in_words)?)))
    }

    /// Reads on; gives the trace when it is whole.
    ///
    /// # Errors
    /// In words, when it is damaged.
    pub(crate) fn step(&mut self) -> Result<Option<Arc<Trace>>, String> {
        let Some(reading) = &mut self.0 else { return Ok(None) };
        if !reading.step().map_err(in_words)? {
            return Ok(None);
        }
        let Some(reading) = self.0.take() else { return Ok(None) };
        let (trace, _whole) = reading.finish().map_err(in_words)?;
        Ok(Some(Arc::new(trace)))
    }
}

#[expect(clippy::needless_pass_by_value, reason = "handed to map_err")]
fn in_words(error: ContainerError) -> String {
    format!("what was recorded there cannot be read: {error}")
}

/// A document that is being made, in steps of a few milliseconds for an iteration of eight ranks.
pub(crate) struct Preparing {
    file_stem: String,
    stage: Stage,
}

enum Stage {
    Arriving(Box<Arriving>),
    Indexing(Arc<Trace>, Box<Indexing>),
    Asking(Arc<Trace>, Box<TimelineData>),
    Explaining(Arc<Trace>, Box<TimelineData>, Box<Reports>),
    Over,
}

impl Preparing {
    /// Of the bytes of a `.weft` file.
    ///
    /// # Errors
    /// As [`Arriving::new`].
    pub(crate) fn new(bytes: Vec<u8>, file_stem: String) -> Result<Self, String> {
        Ok(Self { file_stem, stage: Stage::Arriving(Box::new(Arriving::new(bytes)?)) })
    }

    /// Takes a step; gives the document when that was the last.
    ///
    /// # Errors
    /// As [`Arriving::step`].
    pub(crate) fn step(&mut self) -> Result<Option<Document>, String> {
        let ops = |trace| Ops::of(trace, &Config::default());
        self.stage = match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Over => return Ok(None),
            Stage::Arriving(mut arriving) => match arriving.step()? {
                None => Stage::Arriving(arriving),
                Some(trace) => Stage::Indexing(Arc::clone(&trace), Box::new(Indexing::new(trace))),
            },
            Stage::Indexing(trace, mut indexing) => {
                if indexing.step() {
                    Stage::Asking(trace, Box::new(indexing.finish()))
                } else {
                    Stage::Indexing(trace, indexing)
                }
            }
            Stage::Asking(trace, timeline) => {
                let reports = Box::new(Reports::of(&ops(&trace)));
                Stage::Explaining(trace, timeline, reports)
            }
            Stage::Explaining(trace, timeline, reports) => {
                let explanation = Arc::new(Explanation::with(&ops(&trace), *reports));
                let stem = std::mem::take(&mut self.file_stem);
                return Ok(Some(Document::of(trace, stem, *timeline, explanation)));
            }
        };
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use weftscope_traces::container;

    use super::*;
    use crate::files::Sample;

    /// Piece by piece it becomes what it is at once.
    #[test]
    fn a_document_in_pieces_is_the_same() {
        let bytes = Sample::named("h200x2-tokenweave").expect("it ships").bytes;
        let trace = container::read(bytes, &mut |_| ControlFlow::Continue(())).unwrap();
        let whole = Document::prepare(Arc::new(trace), "it");
        let mut preparing = Preparing::new(bytes.to_vec(), "it".to_owned()).unwrap();
        let mut steps = 1;
        let document = loop {
            match preparing.step().unwrap() {
                Some(document) => break document,
                None => steps += 1,
            }
        };
        assert!(steps > 8, "{steps} steps");
        assert!(preparing.step().unwrap().is_none(), "it is over");
        assert_eq!(document.trace, whole.trace);
        assert_eq!((&document.title, &document.file_stem), (&whole.title, &whole.file_stem));
        let reports = |document: &Document| serde_json::to_value(&document.explanation.reports);
        assert_eq!(reports(&document).unwrap(), reports(&whole).unwrap());
        let drawn = |document: &Document| {
            format!("{:?} {:?}", document.timeline.pyramid, document.timeline.ribbons)
        };
        assert!(drawn(&document) == drawn(&whole));
        assert_eq!(document.timeline.comm_shares, whole.timeline.comm_shares);
        assert_eq!(document.timeline.iterations(), whole.timeline.iterations());
    }

    #[test]
    fn what_is_no_trace_is_told() {
        assert!(Preparing::new(b"nothing".to_vec(), String::new()).is_err());
    }
}
