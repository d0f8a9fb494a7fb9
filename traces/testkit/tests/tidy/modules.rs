//! The modules of a crate as a tree, each with the file that it stands in.

use std::path::{Path, PathBuf};

use crate::{
    house::{relative, root},
    syntax::Syntax,
};

/// Place of a module in [`Modules`].
pub(crate) type Id = usize;

/// One module.
#[derive(Debug)]
pub(crate) struct Module {
    /// As messages name it.
    pub(crate) file: String,
    pub(crate) name: String,
    pub(crate) parent: Option<Id>,
    pub(crate) children: Vec<Id>,
    pub(crate) syntax: Syntax,
}

/// The modules of one crate; the first is its root.
#[derive(Debug, Default)]
pub(crate) struct Modules(pub(crate) Vec<Module>);

impl Modules {
    /// Reads a crate from its root file on, `gui/src/lib.rs` say. Modules of tests are left out.
    pub(crate) fn of_crate(root_file: &str) -> Self {
        let mut modules = Self::default();
        let path = root().join(root_file);
        let folder = path.parent().expect("a file stands in a folder").to_owned();
        modules.read(&path, &folder, "crate", None);
        modules
    }

    /// The id of the module where `name` is the child of another.
    pub(crate) fn child(&self, of: Id, name: &str) -> Option<Id> {
        self.0[of].children.iter().copied().find(|&child| self.0[child].name == name)
    }

    /// Whether `above` is `below` or holds it.
    pub(crate) fn holds(&self, above: Id, below: Id) -> bool {
        let mut at = Some(below);
        while let Some(id) = at {
            if id == above {
                return true;
            }
            at = self.0[id].parent;
        }
        false
    }

    fn read(&mut self, path: &Path, folder: &Path, name: &str, parent: Option<Id>) {
        let syntax = Syntax::clone(&Syntax::of_file(path));
        self.add(&relative(path), folder, name, (parent, syntax));
    }

    /// Adds a module and what it declares; `folder` holds the files of its children.
    pub(crate) fn add(
        &mut self,
        file: &str,
        folder: &Path,
        name: &str,
        (parent, syntax): (Option<Id>, Syntax),
    ) {
        let id = self.0.len();
        let children = syntax.children.clone();
        let name = name.to_owned();
        self.0.push(Module { file: file.to_owned(), name, parent, children: Vec::new(), syntax });
        if let Some(parent) = parent {
            self.0[parent].children.push(id);
        }
        for child in children {
            let below = folder.join(&child.name);
            match child.inline {
                Some(syntax) => self.add(file, &below, &child.name, (Some(id), syntax)),
                None => self.read(&file_of(folder, &child.name), &below, &child.name, Some(id)),
            }
        }
    }
}

fn file_of(folder: &Path, name: &str) -> PathBuf {
    let flat = folder.join(format!("{name}.rs"));
    if flat.exists() { flat } else { folder.join(name).join("mod.rs") }
}
