//! The document of a part that came as bytes, see [`sent`](super::sent). A page in a browser is sent none.

use std::{ops::ControlFlow, sync::Arc};

use weftscope_traces::{container, lod::Ribbon};

use super::sent::Head;
use crate::{
    app::{Document, Explanation},
    timeline::TimelineData,
};

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
