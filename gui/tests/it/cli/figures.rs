//! `shot --figure`: every figure in every format, and what stands in the way of one.

use std::fs;

use super::place::{Place, SMALL};

/// Ends and begins as its name says; nothing else is left in the folder.
#[test]
fn every_figure_is_written_in_every_format() {
    let place = Place::new();
    let record = |strategy, name| {
        let args = ["record", "--strategy", strategy, "-o", name];
        place.ok(&[&args[..], &SMALL].concat());
    };
    record("equal-split", "after.weft");
    record("default", "before.weft");
    let compared = ["--against", "before.weft"];
    for (figure, more) in [
        ("timeline", &[][..]),
        ("ribbon", &[]),
        ("phases", &[]),
        ("curve", &[]),
        ("compare", &compared),
    ] {
        for (format, begin) in [("svg", &b"<svg "[..]), ("pdf", b"%PDF-"), ("png", b"\x89PNG")] {
            let name = format!("{figure}.{format}");
            let args = ["shot", "after.weft", "--figure", figure, "-o", &name];
            place.ok(&[&args[..], more].concat());
            assert!(fs::read(place.path(&name)).unwrap().starts_with(begin), "{name}");
        }
    }
    assert_eq!(place.names().len(), 2 + 15);
    place.ok(&["shot", "after.weft", "--figure", "curve", "--over", "mlp-ctas", "-o", "ctas.SVG"]);
    let text = fs::read_to_string(place.path("ctas.SVG")).unwrap();
    assert!(text.contains(">CTAs of communication under the MLP<"), "the axis names the knob");
}

/// A curve is simulated: it says so, though the run that it is of was measured.
#[test]
fn a_simulated_curve_is_not_called_measured() {
    let place = Place::new();
    place.ok(&["shot", "sample:h200x2-tokenweave", "--figure", "curve", "-o", "curve.svg"]);
    let text = fs::read_to_string(place.path("curve.svg")).unwrap();
    assert!(text.contains(">MODELLED</text>") && !text.contains("MEASURED"));
    place.ok(&["shot", "sample:h200x2-tokenweave", "--figure", "phases", "-o", "phases.svg"]);
    assert!(fs::read_to_string(place.path("phases.svg")).unwrap().contains(">MEASURED</text>"));
}

#[test]
fn what_cannot_be_drawn_is_said() {
    let place = Place::new();
    let args = ["record", "--strategy", "default", "-o", "a.weft"];
    place.ok(&[&args[..], &SMALL].concat());
    let misuse =
        |args: &[&str]| place.fails(&[&["shot", "a.weft", "-o", "x.svg"], args].concat(), 2);
    let line = misuse(&["--figure", "compare"]);
    assert!(line.contains("--against FILE"), "{line}");
    let line = misuse(&["--figure", "ribbon", "--against", "a.weft"]);
    assert!(line.contains("only --figure compare takes it"), "{line}");
    let line = misuse(&["--figure", "ribbon", "--over", "split"]);
    assert!(line.contains("only --figure curve takes it"), "{line}");
    let line = misuse(&["--figure", "phases", "--from", "1us"]);
    assert!(line.contains("over a stretch of time"), "{line}");
    place.write(
        "other.json",
        br#"{"traceEvents":[{"ph":"X","name":"k","cat":"kernel","ts":1,"dur":5,"pid":0,"tid":7}]}"#,
    );
    let line = place.fails(&["shot", "other.json", "--figure", "curve", "-o", "x.svg"], 1);
    assert!(line.contains("with the knobs of the run") && line.ends_with("other.json"), "{line}");
    let line = place.fails(&["shot", "other.json", "--figure", "phases", "-o", "x.svg"], 1);
    assert!(line.contains("phases"), "{line}");
    let line = place
        .fails(&["shot", "a.weft", "--figure", "ribbon", "--size", "300x120", "-o", "x.svg"], 1);
    assert!(line.contains("points at least"), "{line}");
    assert!(!place.path("x.svg").exists(), "nothing half-written");
    let line = place.fails(&["shot", "a.weft", "-o", "x.eps"], 2);
    assert!(line.contains(".png, .svg or .pdf"), "{line}");
}
