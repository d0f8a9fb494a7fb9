use crate::{Diagnostics, Overhead, RunFacts, TraceParts};

/// The recordings that files are of, as far as that can be told. Each file of a single rank holds what recording all ranks cost
/// and what was lost of all: of several such files that counts once.
#[derive(Default)]
pub(super) struct Recordings {
    known: Vec<Recording>,
}

struct Recording {
    runs: Vec<RunFacts>,
    overhead: Overhead,
    diagnostics: Diagnostics,
}

impl Recordings {
    /// The recording that an earlier file is of too: two that agree in their runs and to the nanosecond in what they cost are
    /// one. What others recorded says nothing of its runs, and each of its files speaks for itself.
    fn of(&self, trace: &TraceParts) -> Option<&Recording> {
        let meta = &trace.meta;
        let mut known = self.known.iter().filter(|_| !meta.runs.is_empty());
        known.find(|known| known.runs == meta.runs && known.overhead == meta.overhead)
    }

    /// True where an earlier file is of the same recording.
    pub(super) fn knows(&self, trace: &TraceParts) -> bool {
        self.of(trace).is_some()
    }

    /// What was lost or uncertain in a file, without what an earlier file of its recording said; it is known from now on.
    pub(super) fn new_of(&mut self, trace: &TraceParts) -> Diagnostics {
        let mut new = trace.diagnostics.clone();
        if let Some(Recording { diagnostics: told, .. }) = self.of(trace) {
            new.counts.retain(|cause, count| told.counts.get(cause) != Some(count));
            new.remarks.retain(|cause, count| told.remarks.get(cause) != Some(count));
            new.notes.retain(|note| !told.notes.contains(note));
        } else {
            self.known.push(Recording {
                runs: trace.meta.runs.clone(),
                overhead: trace.meta.overhead.clone(),
                diagnostics: trace.diagnostics.clone(),
            });
        }
        new
    }
}
