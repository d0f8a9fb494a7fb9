//! The figures in `docs/neighbours` are those that the program prints.

use std::{fmt::Write, fs, path::Path};

use weftscope_engine::neighbours::{Figure, NEIGHBOURS, Neighbour, Settings, neighbour};

/// Every block between `<!-- neighbour NAME KNOB=VALUE … -->`, or `<!-- neighbours -->`, and `<!-- end -->` is what it should be.
/// `INSTA_UPDATE=always` rewrites them, as it does snapshots.
#[test]
fn pages_say_what_the_program_prints() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/neighbours");
    let pages = NEIGHBOURS.iter().map(|neighbour| format!("{}.md", neighbour.name));
    for page in pages.chain(["README.md".to_owned()]) {
        let path = folder.join(&page);
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{page}: {error}"));
        let (right, blocks) = filled(&text);
        assert!(blocks > 0, "{page} has no figures");
        if right != text {
            if std::env::var("INSTA_UPDATE").as_deref() == Ok("always") {
                fs::write(&path, &right).unwrap();
                continue;
            }
            panic!("{page} says something else than the program; what it should be:\n{right}");
        }
    }
}

/// Each has its own page with a picture, which the list links.
#[test]
fn every_neighbour_has_a_page_and_a_picture() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/neighbours");
    for Neighbour { name, .. } in NEIGHBOURS {
        let text = fs::read_to_string(folder.join(format!("{name}.md"))).unwrap();
        assert!(text.contains(&format!("]({name}.png)")), "{name}.md shows no picture");
        let bytes = fs::metadata(folder.join(format!("{name}.png"))).unwrap().len();
        assert!((1..=60 << 10).contains(&bytes), "{name}.png has {bytes} bytes");
        for part in ["**What it claims.**", "**What our model shows.**", "**What it leaves out.**"]
        {
            assert!(text.contains(part), "{name}.md lacks {part}");
        }
    }
}

/// A page with its blocks as they should be, and how many there are.
fn filled(text: &str) -> (String, usize) {
    let (mut right, mut blocks, mut inside) = (String::new(), 0, false);
    for line in text.lines() {
        if line == "<!-- end -->" {
            inside = false;
        }
        if !inside {
            writeln!(right, "{line}").unwrap();
        }
        let asked = line.strip_prefix("<!-- ").and_then(|line| line.strip_suffix(" -->"));
        match asked.map(|asked| asked.split(' ').collect::<Vec<_>>()).as_deref() {
            Some(["neighbours"]) => right += &all(),
            Some(["neighbour", name, set @ ..]) => right += &one(name, set),
            _ => continue,
        }
        (blocks, inside) = (blocks + 1, true);
    }
    (right, blocks)
}

fn one(name: &str, set: &[&str]) -> String {
    let neighbour = neighbour(name).unwrap_or_else(|| panic!("there is no {name}"));
    let mut settings = Settings::of(neighbour);
    for text in set {
        let (knob, value) = text.split_once('=').unwrap();
        settings.set(knob, value).unwrap();
    }
    let outcome = neighbour.simulate(&settings, &|| false).unwrap();
    let mut rows = String::from("| figure | here, simulated | published |\n| --- | --- | --- |\n");
    for figure in &outcome.figures {
        let published = figure.published.unwrap_or("–");
        writeln!(rows, "| {} | {} | {published} |", figure.name, figure.text()).unwrap();
    }
    rows
}

fn all() -> String {
    let mut rows = String::from(
        "| neighbour | what it does | claims | our model |\n| --- | --- | --- | --- |\n",
    );
    for neighbour in NEIGHBOURS {
        let Neighbour { name, title, about, claim, .. } = neighbour;
        let outcome = neighbour.simulate(&Settings::of(neighbour), &|| false).unwrap();
        let figure: &Figure = &outcome.figures[0];
        let ours = format!("{}: {}", figure.name, figure.text());
        writeln!(rows, "| [{title}]({name}.md) | {about} | {claim} | {ours} |").unwrap();
    }
    rows
}
