//! A part of a document as bytes.
//!
//! ```text
//! part := head u32, bytes of the head
//!         head    JSON: what is in it
//!         ribbons, one a rank
//!         explanation, JSON; may be missing
//!         trace, as a `.weft` file
//! ```

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};
use weftscope_traces::{Trace, container};

use super::Part;

#[derive(Serialize, Deserialize)]
pub(super) struct Head {
    pub(super) part: Part,
    /// Rank and bytes of each ribbon.
    pub(super) ribbons: Vec<(u32, u32)>,
    /// Bytes of the explanation.
    pub(super) explanation: u32,
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
