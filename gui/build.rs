//! Lists the sample recordings, so that they become part of the program.

use std::{env, fmt::Write as _, fs, path::Path};

fn main() {
    // As it is when this runs: a build folder may be shared by several checkouts.
    let package = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default();
    let folder = Path::new(&package).join("../traces/samples");
    println!("cargo::rerun-if-changed={}", folder.display());
    let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
    let mut paths: Vec<_> = entries.map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "weft"));
    paths.sort();
    let mut list = String::from("&[");
    for path in paths {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let whole = path.display().to_string();
        let _always =
            write!(list, "Sample {{ name: {name:?}, bytes: include_bytes!({whole:?}) }},");
    }
    list.push(']');
    let out = env::var_os("OUT_DIR").map_or_else(Default::default, std::path::PathBuf::from);
    if let Err(error) = fs::write(out.join("samples.rs"), list) {
        panic!("cannot list the samples: {error}");
    }
}
