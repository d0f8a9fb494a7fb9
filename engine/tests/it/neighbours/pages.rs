//! The figures in `docs/neighbours` are those that the program prints.

use std::{fs, path::Path};

use weftscope_engine::neighbours::{Figure, NEIGHBOURS, Neighbour};

use super::outcome;

/// Every block between `<!-- neighbour NAME KNOB=VALUE … -->`, or `<!-- neighbours -->`, and `<!-- end -->` is what it should be.
#[test]
fn pages_say_what_the_program_prints() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/neighbours");
    let pages = NEIGHBOURS.iter().map(|neighbour| format!("{}.md", neighbour.name));
    let mut wrong = Vec::new();
    for page in pages.chain(["README.md".to_owned()]) {
        let path = folder.join(&page);
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{page}: {error}"));
        let (right, blocks) = filled(&text);
        assert!(blocks > 0, "{page} has no figures");
        if right != text {
            let right_path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(&page);
            fs::write(&right_path, &right).unwrap();
            wrong.push(format!("cp {} docs/neighbours/{page}", right_path.display()));
        }
    }
    assert!(
        wrong.is_empty(),
        "the program prints something else; once looked at:\n{}",
        wrong.join("\n")
    );
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
            right += line;
            right.push('\n');
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
    let set: Vec<(&str, &str)> = set.iter().filter_map(|text| text.split_once('=')).collect();
    let mut rows = String::from("| figure | here, simulated | published |\n| --- | --- | --- |\n");
    for figure in &outcome(name, &set).figures {
        let published = figure.published.unwrap_or("–");
        rows += &format!("| {} | {} | {published} |\n", figure.name, figure.text());
    }
    rows
}

fn all() -> String {
    let mut rows = String::from(
        "| neighbour | what it does | claims | our model |\n| --- | --- | --- | --- |\n",
    );
    for neighbour in NEIGHBOURS {
        let Neighbour { name, title, about, claim, .. } = neighbour;
        let figure: &Figure = &outcome(name, &[]).figures[0];
        let ours = format!("{}: {}", figure.name, figure.text());
        rows += &format!("| [{title}]({name}.md) | {about} | {claim} | {ours} |\n");
    }
    rows
}
