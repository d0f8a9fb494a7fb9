//! What one source file says that rules are about: modules, imports, paths, definitions. Test code is left out.

use std::{
    collections::{BTreeSet, HashMap},
    path::{Path, PathBuf},
    sync::{Arc, LazyLock, Mutex},
};

use syn::visit::{self, Visit};

use crate::house::{relative, text};

/// `a::b::c` as its segments.
pub(crate) type Segments = Vec<String>;

/// One `use`: the name that it binds here, and what that stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Import {
    /// `None`: a glob.
    pub(crate) name: Option<String>,
    pub(crate) path: Segments,
}

/// A module declared in a file.
#[derive(Clone, Debug)]
pub(crate) struct Child {
    pub(crate) name: String,
    /// `None`: it stands in a file of its own.
    pub(crate) inline: Option<Syntax>,
}

/// What a module says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Syntax {
    pub(crate) children: Vec<Child>,
    pub(crate) imports: Vec<Import>,
    /// Paths of two or more segments in code, as written.
    pub(crate) paths: Vec<Segments>,
    /// Names of the items defined here.
    pub(crate) items: BTreeSet<String>,
}

impl Syntax {
    /// What a file says. Each is read once a process: parsing is most of what these tests cost.
    pub(crate) fn of_file(path: &Path) -> Arc<Self> {
        static READ: LazyLock<Mutex<HashMap<PathBuf, Arc<Syntax>>>> = LazyLock::new(Mutex::default);
        let known = READ.lock().expect("no test panics while it holds this").get(path).cloned();
        known.unwrap_or_else(|| {
            let read = Self::of(&text(path));
            let read = read.unwrap_or_else(|error| panic!("{}: {error}", relative(path)));
            let read = Arc::new(read);
            let mut all = READ.lock().expect("no test panics while it holds this");
            all.insert(path.to_owned(), Arc::clone(&read));
            read
        })
    }

    /// Reads a file's text.
    pub(crate) fn of(text: &str) -> Result<Self, syn::Error> {
        Ok(Self::of_items(&syn::parse_file(text)?.items))
    }

    /// Every path that is imported or written out, modules inside the file included. What begins with an imported name
    /// is told whole: `use std::time;` and `time::Instant` give `std::time::Instant`.
    pub(crate) fn names(&self) -> BTreeSet<String> {
        let whole = |path: &Segments| {
            let bound = self.imports.iter().find(|import| import.name.as_ref() == path.first());
            let before = bound.map_or(&path[..1], |import| &import.path);
            [before, &path[1..]].concat().join("::")
        };
        let imported = self.imports.iter().map(|import| import.path.join("::"));
        let inline = self.children.iter().filter_map(|child| child.inline.as_ref());
        imported.chain(self.paths.iter().map(whole)).chain(inline.flat_map(Self::names)).collect()
    }

    fn of_items(items: &[syn::Item]) -> Self {
        let mut reader = Reader::default();
        items.iter().for_each(|item| reader.visit_item(item));
        reader.0
    }
}

#[derive(Default)]
struct Reader(Syntax);

impl<'ast> Visit<'ast> for Reader {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if is_test_only(attributes(item)) {
            return;
        }
        self.0.items.extend(name(item));
        visit::visit_item(self, item);
    }

    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        let inline = module.content.as_ref().map(|(_, items)| Syntax::of_items(items));
        self.0.children.push(Child { name: module.ident.to_string(), inline });
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        flatten(&item.tree, &mut Vec::new(), &mut self.0.imports);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.segments.len() > 1 {
            self.0.paths.push(path.segments.iter().map(|part| part.ident.to_string()).collect());
        }
        visit::visit_path(self, path);
    }

    /// `pub(in path)` restricts, it does not import.
    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}
}

fn flatten(tree: &syn::UseTree, before: &mut Segments, out: &mut Vec<Import>) {
    match tree {
        syn::UseTree::Path(path) => {
            before.push(path.ident.to_string());
            flatten(&path.tree, before, out);
            before.pop();
        }
        syn::UseTree::Name(name) if name.ident == "self" => {
            out.push(Import { name: before.last().cloned(), path: before.clone() });
        }
        syn::UseTree::Name(name) => bind(name.ident.to_string(), &name.ident, before, out),
        syn::UseTree::Rename(rename) => {
            bind(rename.rename.to_string(), &rename.ident, before, out);
        }
        syn::UseTree::Glob(_) => out.push(Import { name: None, path: before.clone() }),
        syn::UseTree::Group(group) => {
            group.items.iter().for_each(|tree| flatten(tree, before, out));
        }
    }
}

fn bind(name: String, of: &syn::Ident, before: &[String], out: &mut Vec<Import>) {
    let path = before.iter().cloned().chain([of.to_string()]).collect();
    out.push(Import { name: Some(name), path });
}

/// `#[cfg(test)]`, alone or among other conditions that all must hold.
fn is_test_only(attributes: &[syn::Attribute]) -> bool {
    let tests = |attribute: &syn::Attribute| {
        let syn::Meta::List(list) = &attribute.meta else { return false };
        let condition = list.tokens.to_string().replace(' ', "");
        list.path.is_ident("cfg")
            && (condition == "test"
                || condition.starts_with("all(test")
                || condition.contains(",test"))
    };
    attributes.iter().any(tests)
}

fn attributes(item: &syn::Item) -> &[syn::Attribute] {
    match item {
        syn::Item::Const(item) => &item.attrs,
        syn::Item::Enum(item) => &item.attrs,
        syn::Item::Fn(item) => &item.attrs,
        syn::Item::Impl(item) => &item.attrs,
        syn::Item::Macro(item) => &item.attrs,
        syn::Item::Mod(item) => &item.attrs,
        syn::Item::Static(item) => &item.attrs,
        syn::Item::Struct(item) => &item.attrs,
        syn::Item::Trait(item) => &item.attrs,
        syn::Item::Type(item) => &item.attrs,
        syn::Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

fn name(item: &syn::Item) -> Option<String> {
    let ident = match item {
        syn::Item::Const(item) => &item.ident,
        syn::Item::Enum(item) => &item.ident,
        syn::Item::Fn(item) => &item.sig.ident,
        syn::Item::Static(item) => &item.ident,
        syn::Item::Struct(item) => &item.ident,
        syn::Item::Trait(item) => &item.ident,
        syn::Item::Type(item) => &item.ident,
        syn::Item::Union(item) => &item.ident,
        _ => return None,
    };
    Some(ident.to_string())
}

#[test]
fn imports_and_paths_are_read_and_tests_are_not() {
    let read = Syntax::of(
        "use crate::a::{self, b::C as D, e::*};
         mod child;
         #[cfg(test)] mod tests { use crate::x::Y; }
         pub(in crate::q) struct S;
         fn f() -> super::T { std::fs::read(\"x\") }",
    )
    .unwrap();
    let path = |text: &str| text.split("::").map(str::to_owned).collect::<Segments>();
    let import = |name: Option<&str>, of| Import { name: name.map(str::to_owned), path: path(of) };
    let bound = [
        import(Some("a"), "crate::a"),
        import(Some("D"), "crate::a::b::C"),
        import(None, "crate::a::e"),
    ];
    assert_eq!(read.imports, bound);
    assert_eq!(read.paths, [path("super::T"), path("std::fs::read")]);
    assert_eq!(read.children.len(), 1);
    assert_eq!(read.items.iter().collect::<Vec<_>>(), ["S", "f"]);
}
