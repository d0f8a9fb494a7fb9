//! A part of a document as bytes.
//!
//! ```text
//! part := head u32, bytes of the head
//!         head    JSON: what is in it
//!         ribbons, one a rank
//!         explanation, JSON; may be missing
//!         trace, as a `.weft` file
//! ```

use std::{ops::ControlFlow, sync::Arc};

use serde::{Deserialize, Serialize};
use weftscope_traces::{Trace, container, lod::Ribbon};

use super::Part;
use crate::{
    app::{Document, Explanation},
    timeline::TimelineData,
};

#[derive(Serialize, Deserialize)]
struct Head {
    part: Part,
    /// Rank and bytes of each ribbon.
    ribbons: Vec<(u32, u32)>,
    /// Bytes of the explanation.
    explanation: u32,
}

/// What a part consists of.
pub(super) struct Contents<'a> {
    pub(super) trace: &'a Trace,
    pub(super) ribbons: Vec<(u32, Vec<u8>)>,
    pub(super) explanation: &'a [u8],
}

impl Contents<'_> {
    pub(super) fn written(&self, part: Part) -> Result<Vec<u8>, String> {
        let len =
            |bytes: &[u8]| u32::try_from(bytes.len()).map_err(|_| "it is too long to be sent");
        let mut ribbons = Vec::new();
        for (rank, ribbon) in &self.ribbons {
            ribbons.push((*rank, len(ribbon)?));
        }
        let head = Head { part, ribbons, explanation: len(self.explanation)? };
        let head = serde_json::to_vec(&head).map_err(|error| error.to_string())?;
        let mut out = len(&head)?.to_le_bytes().to_vec();
        out.extend(head);
        self.ribbons.iter().for_each(|(_, ribbon)| out.extend(ribbon));
        out.extend(self.explanation);
        container::write(self.trace, &mut out, &mut |_| ControlFlow::Continue(()))
            .map_err(|error| error.to_string())?;
        Ok(out)
    }
}

/// What is known of a document before a part of it comes.
pub(crate) struct Known {
    /// For file names made from it.
    pub(crate) file_stem: String,
    /// What explains it, where a part before has brought that.
    pub(crate) explanation: Option<Arc<Explanation>>,
}

/// The document of a part.
///
/// # Errors
/// In words, when the bytes are of none.
pub(crate) fn received(bytes: &[u8], known: Known) -> Result<Document, String> {
    let short = || "what came of a picture ends early".to_owned();
    let (head, rest) = bytes.split_first_chunk().ok_or_else(short)?;
    let (head, mut rest) =
        rest.split_at_checked(u32::from_le_bytes(*head) as usize).ok_or_else(short)?;
    let head: Head = serde_json::from_slice(head)
        .map_err(|error| format!("what came of a picture is not understood: {error}"))?;
    let mut take = |len: u32| {
        let (taken, left) = rest.split_at_checked(len as usize).ok_or_else(short)?;
        rest = left;
        Ok::<_, String>(taken)
    };
    let mut ribbons = Vec::new();
    for (rank, len) in head.ribbons {
        let ribbon = Ribbon::of_sampled(take(len)?);
        ribbons.push((rank, ribbon.ok_or("what came of a rank is no ribbon")?));
    }
    let explanation = match take(head.explanation)? {
        [] => known.explanation,
        bytes => Some(Arc::new(Explanation::of_kept(bytes)?)),
    };
    let trace = container::read(rest, &mut |_| ControlFlow::Continue(()))
        .map_err(|error| format!("what was recorded there cannot be read: {error}"))?;
    let trace = Arc::new(trace);
    let mut timeline = if ribbons.is_empty() {
        TimelineData::indexed(Arc::clone(&trace))
    } else {
        TimelineData::indexed_with(Arc::clone(&trace), ribbons)
    };
    timeline.set_partial(head.part.partial_lanes.clone());
    let is_explained = explanation.is_some();
    let explanation = explanation.unwrap_or_else(|| Arc::new(Explanation::none()));
    let part = Some(Arc::new(head.part)).filter(|part| !part.is_whole());
    let explanation = explanation.placed(&trace);
    let mut document = Document::of(trace, known.file_stem, timeline, explanation);
    (document.part, document.is_explained) = (part, is_explained);
    document.batch = crate::app::live::batch_of(&document.trace.meta);
    Ok(document)
}
