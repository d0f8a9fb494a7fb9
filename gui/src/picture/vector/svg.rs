//! A drawing as SVG: rectangles and words by their names, the fonts in the file.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use egui::{Color32, Pos2, Rect};

use super::{
    Drawing,
    drawing::{Fill, Item, Line, Mark, Stripes, Words, parts, stripe_corners},
    face::Face,
    subset::subset_of,
};
use crate::picture::Caption;

/// The file's text. The same drawing gives the same text.
pub(in crate::picture) fn svg(drawing: &Drawing, caption: &Caption) -> String {
    let mut writer = Writer::default();
    for item in &drawing.items {
        writer.item(item);
    }
    let [width, height] = [drawing.size.x, drawing.size.y].map(number);
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         role=\"img\">\n<title>{}</title>\n<desc>{}</desc>\n",
        escaped(&caption.title),
        escaped(&caption.description)
    );
    text += &format!("<style>{}text{{white-space:pre}}</style>\n", fonts(&drawing.items));
    if !writer.defs.is_empty() {
        text += &format!("<defs>\n{}</defs>\n", writer.defs);
    }
    let (fill, _) = parts(drawing.background);
    text += &format!("<rect width=\"{width}\" height=\"{height}\" fill=\"{}\"/>\n", hex(fill));
    text + &writer.body + "</svg>\n"
}

/// What was written so far; patterns and clips are defined once each.
#[derive(Default)]
struct Writer {
    defs: String,
    body: String,
    patterns: Vec<Stripes>,
    clips: Vec<Rect>,
}

impl Writer {
    fn item(&mut self, Item { clip, mark }: &Item) {
        let clip = clip.map(|clip| self.clip(clip));
        if let Some(id) = clip {
            let _ = write!(self.body, "<g clip-path=\"url(#c{id})\">");
        }
        self.mark(mark);
        self.body += if clip.is_some() { "</g>\n" } else { "\n" };
    }

    fn mark(&mut self, mark: &Mark) {
        let text = match mark {
            Mark::Rect { rect, radius, fill } => {
                let fill = match fill {
                    Fill::Plain(colour) => paint("fill", *colour),
                    Fill::Stripes(stripes) => {
                        format!(" fill=\"url(#p{})\"", self.pattern(*stripes))
                    }
                };
                format!("<rect{}{}{fill}/>", place(*rect), rounded(*radius))
            }
            Mark::Frame { rect, radius, line } => {
                format!(
                    "<rect{}{} fill=\"none\"{}/>",
                    place(*rect),
                    rounded(*radius),
                    stroke(*line)
                )
            }
            Mark::Polygon { points, fill } => {
                format!("<polygon points=\"{}\"{}/>", joined(points), paint("fill", *fill))
            }
            Mark::Polyline { points, closed, line } => {
                let name = if *closed { "polygon" } else { "polyline" };
                format!("<{name} points=\"{}\" fill=\"none\"{}/>", joined(points), stroke(*line))
            }
            Mark::Disc { centre, radius, fill } => {
                let [x, y, r] = [centre.x, centre.y, *radius].map(number);
                format!("<circle cx=\"{x}\" cy=\"{y}\" r=\"{r}\"{}/>", paint("fill", *fill))
            }
            Mark::Words(words) => words_of(words),
        };
        self.body += &text;
    }

    fn clip(&mut self, clip: Rect) -> usize {
        if let Some(id) = self.clips.iter().position(|known| *known == clip) {
            return id;
        }
        let id = self.clips.len();
        let _ = writeln!(self.defs, "<clipPath id=\"c{id}\"><rect{}/></clipPath>", place(clip));
        self.clips.push(clip);
        id
    }

    /// Stripes are drawn in a square that repeats, three of them so that none is cut at a corner.
    fn pattern(&mut self, stripes: Stripes) -> usize {
        if let Some(id) = self.patterns.iter().position(|known| *known == stripes) {
            return id;
        }
        let id = self.patterns.len();
        let Stripes { colour, period, width, between } = stripes;
        let period_text = number(period);
        let _ = write!(
            self.defs,
            "<pattern id=\"p{id}\" width=\"{period_text}\" height=\"{period_text}\" patternUnits=\"userSpaceOnUse\">"
        );
        if between > 0.0 {
            let fill = paint("fill", colour.gamma_multiply(between));
            let _ =
                write!(self.defs, "<rect width=\"{period_text}\" height=\"{period_text}\"{fill}/>");
        }
        for points in stripe_corners(period, width) {
            let fill = paint("fill", colour);
            let _ = write!(self.defs, "<polygon points=\"{}\"{fill}/>", joined(&points));
        }
        self.defs += "</pattern>\n";
        self.patterns.push(stripes);
        id
    }
}

/// A word is as wide as it was laid out, whatever font a reader puts in its place.
fn words_of(words: &Words) -> String {
    let [x, y, size] = [words.start_x(), words.baseline, words.size].map(number);
    let mut text = format!("<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\"");
    if words.xs.len() > 1 {
        let _ = write!(text, " textLength=\"{}\"", number(words.end_x - words.start_x()));
    }
    let _ = write!(text, " class=\"f{}\"{}", words.face.index(), paint("fill", words.colour));
    if let Some((angle, around)) = words.turn {
        let [angle, x, y] = [angle.to_degrees(), around.x, around.y].map(number);
        let _ = write!(text, " transform=\"rotate({angle} {x} {y})\"");
    }
    text + ">" + &escaped(&words.text) + "</text>"
}

/// The fonts of all words, each with the characters that are used.
fn fonts(items: &[Item]) -> String {
    let mut chars: BTreeMap<Face, BTreeSet<char>> = BTreeMap::new();
    for item in items {
        if let Mark::Words(words) = &item.mark {
            chars.entry(words.face).or_default().extend(words.text.chars());
        }
    }
    let mut text = String::new();
    for (face, chars) in chars {
        let (index, name, generic) = (face.index(), face.name(), face.generic());
        if let Some(font) = subset_of(face, chars.into_iter()) {
            let data = BASE64_STANDARD.encode(font);
            let _ = write!(
                text,
                "@font-face{{font-family:\"weftscope {name}\";src:url(data:font/ttf;base64,{data})}}"
            );
        }
        let _ = write!(text, ".f{index}{{font-family:\"weftscope {name}\",\"{name}\",{generic}}}");
    }
    text
}

fn place(rect: Rect) -> String {
    let [x, y, width, height] = [rect.left(), rect.top(), rect.width(), rect.height()].map(number);
    format!(" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"")
}

fn rounded(radius: f32) -> String {
    if radius > 0.0 { format!(" rx=\"{}\"", number(radius)) } else { String::new() }
}

fn stroke(line: Line) -> String {
    format!("{} stroke-width=\"{}\"", paint("stroke", line.colour), number(line.width))
}

fn paint(attribute: &str, colour: Color32) -> String {
    let (rgb, opacity) = parts(colour);
    let mut text = format!(" {attribute}=\"{}\"", hex(rgb));
    if opacity < 1.0 {
        let _ = write!(text, " {attribute}-opacity=\"{}\"", number(opacity));
    }
    text
}

fn hex([r, g, b]: [u8; 3]) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

fn joined(points: &[Pos2]) -> String {
    let one = |point: &Pos2| format!("{},{}", number(point.x), number(point.y));
    points.iter().map(one).collect::<Vec<_>>().join(" ")
}

/// Thousandths are finer than any printer; no zeros behind the point, no exponent.
fn number(value: f32) -> String {
    let text = format!("{value:.3}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// As text of XML, which has no characters of control.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for chr in text.chars() {
        match chr {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            chr if chr.is_control() || matches!(chr, '\u{fffe}' | '\u{ffff}') => out.push(' '),
            chr => out.push(chr),
        }
    }
    out
}
