//! From a path in one module to the module that defines what it names, through re-exports.

use crate::modules::{Id, Modules};

/// Imports lead to imports; a chain longer than this is a circle of globs.
const MAX_DEPTH: u32 = 16;

impl Modules {
    /// The module in which the thing that `path` names in module `at` is defined; `None`: it is not of this crate, or a
    /// name of the module itself.
    pub(crate) fn resolve(&self, at: Id, path: &[String]) -> Option<Id> {
        self.resolve_within(at, path, MAX_DEPTH)
    }

    fn resolve_within(&self, at: Id, path: &[String], depth: u32) -> Option<Id> {
        let (first, rest) = path.split_first()?;
        let depth = depth.checked_sub(1)?;
        match first.as_str() {
            "crate" => self.walk(0, rest, depth),
            "self" => self.walk(at, rest, depth),
            "super" => self.walk(self.0[at].parent?, rest, depth),
            name => match self.child(at, name) {
                Some(child) => self.walk(child, rest, depth),
                None => self.through_imports(at, path, depth),
            },
        }
    }

    /// Where `path` ends that begins inside module `at`.
    fn walk(&self, at: Id, path: &[String], depth: u32) -> Option<Id> {
        let Some((first, rest)) = path.split_first() else { return Some(at) };
        if first == "super" {
            return self.walk(self.0[at].parent?, rest, depth);
        }
        if let Some(child) = self.child(at, first) {
            return self.walk(child, rest, depth);
        }
        if self.0[at].syntax.items.contains(first) {
            return Some(at);
        }
        self.through_imports(at, path, depth).or(Some(at))
    }

    fn through_imports(&self, at: Id, path: &[String], depth: u32) -> Option<Id> {
        let (first, rest) = path.split_first()?;
        let imports = &self.0[at].syntax.imports;
        if let Some(import) = imports.iter().find(|import| import.name.as_ref() == Some(first)) {
            let longer: Vec<String> = import.path.iter().chain(rest).cloned().collect();
            return self.resolve_within(at, &longer, depth);
        }
        let globs = imports.iter().filter(|import| import.name.is_none());
        globs.filter_map(|glob| self.resolve_within(at, &glob.path, depth)).find_map(|module| {
            let is_there = self.0[module].syntax.items.contains(first);
            let child = self.child(module, first).and_then(|child| self.walk(child, rest, depth));
            child.or(is_there.then_some(module))
        })
    }
}
