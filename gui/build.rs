//! Lists the sample recordings, the lessons, the page for a browser and a page's fonts, so that they become part of the
//! program.

use std::{
    env,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use epaint_default_fonts::{EGUI_ICONS, HACK_REGULAR, UBUNTU_LIGHT};

fn main() {
    // As it is when this runs: a build folder may be shared by several checkouts.
    let package = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default();
    let package = Path::new(&package);
    write("samples.rs", samples(&package.join("../traces/samples")));
    write("lessons.rs", lessons(&package.join("lessons")));
    write("page.rs", page(&package.join("web")));
    if is_page() {
        write("fonts.rs", fonts());
    }
}

/// The program is built for a browser.
fn is_page() -> bool {
    env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|target| target == "wasm32")
}

/// What lies in a folder, by name; Cargo looks there again when it has changed.
fn listed(folder: &Path) -> Vec<PathBuf> {
    println!("cargo::rerun-if-changed={}", folder.display());
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<_> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

fn samples(folder: &Path) -> String {
    let is_page = is_page();
    let mut list = String::from("&[");
    for path in listed(folder) {
        if path.extension().is_none_or(|ending| ending != "weft") {
            continue;
        }
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let whole = path.display().to_string();
        // A page loads them when they are asked for: they lie beside it.
        let bytes = if is_page { "&[]".to_owned() } else { format!("include_bytes!({whole:?})") };
        let _always = write!(list, "Sample {{ name: {name:?}, bytes: {bytes} }},");
    }
    list.push(']');
    list
}

/// Each folder is a lesson.
fn lessons(folder: &Path) -> String {
    let mut list = String::from("&[");
    for path in listed(folder).iter().filter(|path| path.is_dir()) {
        println!("cargo::rerun-if-changed={}", path.display());
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let [markdown, json] =
            ["lesson.md", "lesson.json"].map(|file| path.join(file).display().to_string());
        let _always = write!(
            list,
            "Folder {{ name: {name:?}, markdown: include_str!({markdown:?}), json: include_str!({json:?}) }},"
        );
    }
    list.push(']');
    list
}

/// The page for a browser, where `web/build.sh` has made it.
fn page(folder: &Path) -> String {
    let mut list = String::from("&[");
    let _to_be_seen = listed(folder);
    for path in listed(&folder.join("page")).iter().filter(|path| path.is_file()) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let whole = path.display().to_string();
        let _always = write!(list, "({name:?}, include_bytes!({whole:?})),");
    }
    list.push(']');
    list
}

/// egui's fonts, or what `WEFTSCOPE_PAGE_FONTS` names a folder of: the same with fewer characters.
fn fonts() -> String {
    println!("cargo::rerun-if-env-changed=WEFTSCOPE_PAGE_FONTS");
    let folder = env::var_os("WEFTSCOPE_PAGE_FONTS").map(PathBuf::from);
    let mut list = String::from("&[");
    for (name, file, whole) in [
        ("Hack", "Hack-Regular.ttf", HACK_REGULAR),
        ("Ubuntu-Light", "Ubuntu-Light.ttf", UBUNTU_LIGHT),
        ("egui-icons", "egui-icons.ttf", EGUI_ICONS),
    ] {
        let path = folder.as_ref().map(|folder| folder.join(file));
        if let Some(path) = &path {
            println!("cargo::rerun-if-changed={}", path.display());
        }
        let path = path.filter(|path| path.is_file()).unwrap_or_else(|| {
            write(file, whole);
            out().join(file)
        });
        let path = path.display().to_string();
        let _always = write!(list, "({name:?}, include_bytes!({path:?})),");
    }
    list.push(']');
    list
}

fn out() -> PathBuf {
    env::var_os("OUT_DIR").map_or_else(Default::default, PathBuf::from)
}

fn write(name: &str, content: impl AsRef<[u8]>) {
    if let Err(error) = fs::write(out().join(name), content) {
        panic!("cannot write {name}: {error}");
    }
}
