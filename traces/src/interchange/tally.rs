use crate::Diagnostics;

/// Between a cause and the place where it was met first.
const FIRST: &str = ": the first ";

/// Counts losses and remembers where each cause was met first.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) diagnostics: Diagnostics,
}

impl Tally {
    /// One record lost; `at_byte` is its place in the (decompressed) text.
    pub(crate) fn lost(&mut self, cause: &str, at_byte: u64) {
        self.lost_where(cause, || format!("at byte {at_byte}"));
    }

    /// One record lost at a place told in words.
    pub(crate) fn lost_where(&mut self, cause: &str, place: impl FnOnce() -> String) {
        if !self.diagnostics.counts.contains_key(cause) {
            self.diagnostics.note(format!("{cause}{FIRST}{}", place()));
        }
        self.diagnostics.count(cause, 1);
    }

    /// One record that is odd and kept, at a place told in words.
    pub(crate) fn noted(&mut self, cause: &str, place: impl FnOnce() -> String) {
        if !self.diagnostics.remarks.contains_key(cause) {
            self.diagnostics.note(format!("{cause}{FIRST}{}", place()));
        }
        self.diagnostics.remark(cause, 1);
    }

    /// `n` of one cause that was first met at a place told in words.
    pub(crate) fn met(&mut self, cause: &str, n: u64, place: &str) {
        if n > 0 {
            self.diagnostics.note(format!("{cause}{FIRST}{place}"));
            self.diagnostics.count(cause, n);
        }
    }

    /// Adds what was counted in a later stretch of the same file: of each cause, the first place here is the first.
    pub(crate) fn append(&mut self, later: Self) {
        let mut later = later.diagnostics;
        let ours = &self.diagnostics;
        let is_told = |note: &String| {
            let causes = ours.counts.keys().chain(ours.remarks.keys());
            causes.into_iter().any(|cause| {
                note.strip_prefix(cause.as_str()).is_some_and(|rest| rest.starts_with(FIRST))
            })
        };
        later.notes.retain(|note| !is_told(note));
        self.diagnostics.merge(later);
    }

    /// All losses on one line, for an error.
    pub(crate) fn summary(&self) -> String {
        let counts = &self.diagnostics.counts;
        if counts.is_empty() {
            return "the file holds no events".to_owned();
        }
        let parts: Vec<String> = counts.iter().map(|(cause, n)| format!("{n} {cause}")).collect();
        parts.join(", ")
    }
}
