//! What stands in an SVG, read by somebody else's reader of XML.

use roxmltree::{Document, Node};
use weftscope::{
    picture::{Figure, FigureOptions, PictureFormat, class_colour, figure},
    theme::Mode,
};
use weftscope_traces::{
    Span,
    analysis::{Account, AccountClass, Config, Ops, accounts, overlap},
};

use super::{drawn, pictures, sample, written};

fn number(node: &Node<'_, '_>, name: &str) -> f64 {
    node.attribute(name).and_then(|text| text.parse().ok()).unwrap_or(f64::NAN)
}

fn text_of(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("SVG is UTF-8")
}

/// Rectangles of a height and a colour.
fn rects<'a>(
    document: &'a Document<'a>,
    height: f64,
    fill: egui::Color32,
) -> impl Iterator<Item = Node<'a, 'a>> {
    let fill = format!("#{:02x}{:02x}{:02x}", fill.r(), fill.g(), fill.b());
    document.descendants().filter(move |node| {
        node.has_tag_name("rect")
            && (number(node, "height") - height).abs() < 0.01
            && node.attribute("fill") == Some(fill.as_str())
    })
}

/// The strip of a ribbon is the account of the rank's time to scale: widths of a class, summed, over the width of the strip, are
/// the class's share of the span.
#[test]
fn strips_are_accounts_to_scale() {
    const STRIP: f64 = 14.0;
    let mut compared = 0;
    for name in ["h200x2-tokenweave", "h200x2-pytorch-weave"] {
        let trace = sample(name);
        let ops = Ops::of(&trace, &Config::default());
        let (accounts, overlap) = (accounts(&ops), overlap(&ops));
        let span = accounts.ranks.iter().map(|rank| rank.total.span).reduce(Span::hull).unwrap();
        let mut picture = drawn(&trace, Figure::Ribbon);
        let theme = picture.theme;
        let text = text_of(written(&mut picture, PictureFormat::Svg));
        let document = Document::parse(&text).expect("well-formed");
        // Frames of strips tell where each rank's lies, top to bottom.
        let frames: Vec<(f64, f64)> = document
            .descendants()
            .filter(|node| node.has_tag_name("rect") && node.attribute("fill") == Some("none"))
            .filter(|node| (number(node, "height") - STRIP).abs() < 0.6)
            .filter(|node| number(node, "width") > 500.0)
            .map(|node| (number(&node, "y"), number(&node, "width") - 0.5))
            .collect();
        assert_eq!(frames.len(), accounts.ranks.len(), "{name}");
        for ((top, width), (rank, overlap)) in
            frames.iter().zip(accounts.ranks.iter().zip(&overlap.ranks))
        {
            let Account { compute_ns, exposed_comm_ns, .. } = rank.total;
            let hidden_ns = overlap.total.overlap_ns;
            for (class, ns) in [
                (AccountClass::Compute, compute_ns - hidden_ns),
                (AccountClass::Overlap, hidden_ns),
                (AccountClass::ExposedComm, exposed_comm_ns),
            ] {
                let sum: f64 = rects(&document, STRIP, class_colour(&theme, class))
                    .filter(|node| (number(node, "y") - top).abs() < 1.0)
                    .map(|node| number(&node, "width"))
                    .sum();
                let want = ns as f64 / span.len_ns() as f64 * width;
                assert!((sum - want).abs() < 1.0, "{name} {} {class:?}: {sum} {want}", rank.rank);
                compared += usize::from(ns > 0);
            }
        }
    }
    assert!(compared >= 8, "{compared}");
}

/// XML that another reader takes, of a size, with a title and where times come from, every font in the file, every word within it.
#[test]
fn files_stand_by_themselves() {
    for (name, mut picture) in pictures() {
        let size = picture.size;
        let text = text_of(written(&mut picture, PictureFormat::Svg));
        let document = Document::parse(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let root = document.root_element();
        assert_eq!(number(&root, "width") as f32, size.x, "{name}");
        let child = |tag: &str| {
            let found = root.children().find(|node| node.has_tag_name(tag));
            found.and_then(|node| node.text()).unwrap_or_default().to_owned()
        };
        assert!(child("title").len() > 10, "{name}");
        assert!(child("desc").contains("measured"), "{name}: {}", child("desc"));
        assert!(!text.contains("http://") || text.matches("http").count() == 1, "{name}: a link");
        let style = child("style");
        let words = || document.descendants().filter(|node| node.has_tag_name("text"));
        assert!(words().count() > 10, "{name}");
        for node in words() {
            let class = node.attribute("class").unwrap_or_default();
            let family = style.split(&format!(".{class}{{font-family:\"")).nth(1);
            let family = family.and_then(|rest| rest.split('"').next()).unwrap_or_default();
            let face =
                format!("@font-face{{font-family:\"{family}\";src:url(data:font/ttf;base64,");
            assert!(style.contains(&face), "{name}: {class} {family}");
            let (x, y) = (number(&node, "x"), number(&node, "y"));
            let is_within =
                (0.0..=f64::from(size.x)).contains(&x) && (0.0..=f64::from(size.y)).contains(&y);
            assert!(is_within || name == "timeline", "{name}: {:?} at {x} {y}", node.text());
        }
        let says =
            |what: &str| words().any(|node| node.text().is_some_and(|text| text.contains(what)));
        assert!(says("MEASURED"), "{name} says where its times come from");
        assert!(says("ms") || says("µs"), "{name} has a scale");
    }
}

/// Of a window there is only what lies in it; where nothing does, an error says so.
#[test]
fn a_ribbon_of_a_window_is_of_that_time() {
    let trace = sample("h200x2-tokenweave");
    let ops = Ops::of(&trace, &Config::default());
    let spans = accounts(&ops).ranks.into_iter().map(|rank| rank.total.span);
    let whole = spans.reduce(Span::hull).unwrap();
    let middle = whole.start_ns + whole.len_ns() / 2;
    let options = |window| FigureOptions {
        window: Some(window),
        mode: Mode::Dark,
        ..FigureOptions::default()
    };
    let half = Span::new(whole.start_ns, middle);
    let mut picture = figure(&trace, Figure::Ribbon, &options(half)).expect("half of it");
    let text = text_of(written(&mut picture, PictureFormat::Svg));
    let shown = weftscope::theme::number::duration_ns(half.len_ns());
    assert!(text.contains(&format!(">{shown}</text>")), "{shown}");
    let after = Span::new(whole.end_ns + 10, whole.end_ns + 20);
    let nothing = figure(&trace, Figure::Ribbon, &options(after)).err();
    assert_eq!(
        nothing.map(|error| error.to_string()),
        Some("no kernel ran in the time asked for".to_owned())
    );
}

/// However narrow a figure is, where its times come from stands on it whole.
#[test]
fn no_size_loses_where_times_come_from() {
    let trace = sample("h200x2-tokenweave");
    let source = trace.meta.provenance.source().into_owned();
    for size in [[480.0, 340.0], [1600.0, 900.0]] {
        let options = FigureOptions { size: Some(size), ..FigureOptions::default() };
        let mut picture = figure(&trace, Figure::Ribbon, &options).expect("of that size");
        let text = text_of(written(&mut picture, PictureFormat::Svg));
        let document = Document::parse(&text).expect("well-formed");
        let words = document.descendants().filter(|node| node.has_tag_name("text"));
        let words: Vec<&str> =
            words.filter_map(|node| node.text()).flat_map(str::split_whitespace).collect();
        let words = words.join(" ");
        assert!(words.contains(&source), "{size:?}: {source} in {words}");
    }
}
