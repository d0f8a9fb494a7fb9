use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What was lost, guessed or uncertain. Part of the trace, saved with it and shown beside it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnostics {
    /// Count per cause, e.g. `"events without ts" → 3`. Zero counts are not stored.
    pub counts: BTreeMap<String, u64>,
    /// Sentences for a person: first places of each cause, warnings that are no count.
    pub notes: Vec<String>,
    /// Count per cause of what was set aside without loss: a healthy file has some.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub remarks: BTreeMap<String, u64>,
}

impl Diagnostics {
    /// Notes kept; past this the count still rises and one last note says so.
    pub const MAX_NOTES: usize = 64;

    /// Counts `n` losses of one cause.
    pub fn count(&mut self, cause: &str, n: u64) {
        if n == 0 {
            return;
        }
        if let Some(count) = self.counts.get_mut(cause) {
            *count += n;
        } else {
            self.counts.insert(cause.to_owned(), n);
        }
    }

    /// Counts `n` of one cause that are no loss.
    pub fn remark(&mut self, cause: &str, n: u64) {
        if n > 0 {
            *self.remarks.entry(cause.to_owned()).or_default() += n;
        }
    }

    /// Adds a sentence.
    pub fn note(&mut self, note: impl Into<String>) {
        if self.notes.len() < Self::MAX_NOTES {
            self.notes.push(note.into());
        } else {
            self.count("notes not kept", 1);
        }
    }

    /// Adds everything of `other`.
    pub fn merge(&mut self, other: Self) {
        for (cause, n) in other.counts {
            self.count(&cause, n);
        }
        for note in other.notes {
            self.note(note);
        }
        for (cause, n) in other.remarks {
            self.remark(&cause, n);
        }
    }

    /// True when nothing was lost and nothing noted; remarks do not count.
    pub fn is_clean(&self) -> bool {
        self.counts.is_empty() && self.notes.is_empty()
    }
}
