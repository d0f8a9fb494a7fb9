//! No two files outside parent and child import each other in a loop.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use crate::{modules::Modules, syntax::Syntax};

/// Roots of the crates that have more than a file or two.
const ROOTS: [&str; 8] = [
    "traces/src/lib.rs",
    "kernels/src/lib.rs",
    "engine/src/lib.rs",
    "profiler/src/lib.rs",
    "profiler/cupti-sys/src/lib.rs",
    "profiler/inject/src/lib.rs",
    "gui/src/lib.rs",
    "cluster/src/lib.rs",
];

/// Which files a file imports from: those that define what it names, parents and children left aside.
type Imports = BTreeMap<String, BTreeSet<String>>;

fn imports(modules: &Modules) -> Imports {
    let mut found = Imports::new();
    for (id, module) in modules.0.iter().enumerate() {
        let imported = module.syntax.imports.iter().map(|import| &import.path);
        for path in imported.chain(&module.syntax.paths) {
            let Some(target) = modules.resolve(id, path) else { continue };
            let is_kin = modules.holds(target, id) || modules.holds(id, target);
            let file = &modules.0[target].file;
            if !is_kin && *file != module.file {
                found.entry(module.file.clone()).or_default().insert(file.clone());
            }
        }
    }
    found
}

/// Sets of files of which each can be reached from each.
fn loops(imports: &Imports) -> BTreeSet<Vec<&str>> {
    let reached: BTreeMap<&str, BTreeSet<&str>> =
        imports.keys().map(|from| (from.as_str(), reachable(imports, from))).collect();
    let in_loop = |from: &&str| reached[*from].contains(*from);
    let members = |from: &str| {
        let back = |to: &&str| reached.get(to).is_some_and(|of_to| of_to.contains(from));
        reached[from].iter().copied().filter(back).collect()
    };
    reached.keys().copied().filter(in_loop).map(members).collect()
}

fn reachable<'a>(imports: &'a Imports, from: &'a str) -> BTreeSet<&'a str> {
    let mut seen = BTreeSet::new();
    let mut open: Vec<&str> = vec![from];
    while let Some(at) = open.pop() {
        let next = imports.get(at).into_iter().flatten();
        open.extend(next.map(String::as_str).filter(|file| seen.insert(*file)));
    }
    seen
}

/// The loops of a crate, each with the imports that tie it.
fn told(imports: &Imports) -> Vec<String> {
    let ties = |files: &Vec<&str>| {
        let inside = |from: &str| {
            let to = imports[from].iter().filter(|to| files.contains(&to.as_str()));
            to.map(|to| format!("  {from} -> {to}")).collect::<Vec<_>>()
        };
        files.iter().flat_map(|from| inside(from)).collect::<Vec<_>>().join("\n")
    };
    loops(imports).iter().map(|files| format!("{} files:\n{}", files.len(), ties(files))).collect()
}

#[test]
fn no_files_import_each_other_in_a_loop() {
    let told: Vec<String> =
        ROOTS.iter().flat_map(|root| told(&imports(&Modules::of_crate(root)))).collect();
    assert!(told.is_empty(), "{} import loops\n{}", told.len(), told.join("\n"));
}

/// Without this the rule above could hold because nothing is ever found.
#[test]
fn imports_are_found_in_every_crate() {
    for root in ROOTS {
        let edges: usize = imports(&Modules::of_crate(root)).values().map(BTreeSet::len).sum();
        assert!(edges >= 1, "{root}: only {edges} imports between files were found");
    }
}

/// Three files that go round through a re-export, a path in code and a glob; parent and child that know each other.
#[test]
fn a_loop_is_found_through_re_exports() {
    let crate_of = |c: &str| {
        let file = |text: &str| Syntax::of(text).unwrap();
        let mut modules = Modules::default();
        let mut add = |name: &str, parent, text: &str| {
            modules.add(&format!("{name}.rs"), Path::new(""), name, (parent, file(text)));
        };
        add("crate", None, "pub use room::A;");
        add("room", Some(0), "pub use self::a::A; pub struct Own;");
        add("a", Some(1), "use super::Own; pub struct A; fn f() { crate::b::make() }");
        add("b", Some(0), "use crate::c::*; pub fn make() -> C { C }");
        add("c", Some(0), c);
        modules
    };
    let straight = imports(&crate_of("pub struct C;"));
    assert_eq!(straight["a.rs"].iter().collect::<Vec<_>>(), ["b.rs"]);
    assert_eq!(straight["b.rs"].iter().collect::<Vec<_>>(), ["c.rs"]);
    assert!(loops(&straight).is_empty());
    let round = imports(&crate_of("use crate::A; pub struct C(A);"));
    assert_eq!(loops(&round), BTreeSet::from([vec!["a.rs", "b.rs", "c.rs"]]));
}
