//! The pages of a lesson that are printed: Markdown, and from it HTML that a browser prints or saves as PDF.

use std::fmt::Write as _;

use pulldown_cmark::{Parser, html};

use crate::lessons::{Answer, Lesson, Predict, Step, Template, Truth, Value, Within, margin};

/// For whom a page is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reader {
    /// Questions, and room to write.
    Student,
    /// Answers too, hints, and pictures.
    Instructor,
}

/// How pages look: one column, a lesson a page, black on white.
const STYLE: &str = "body{font:11pt/1.45 system-ui,sans-serif;max-width:46em;margin:2em auto;padding:0 1em;color:#111}\
h1{font-size:1.7em}h2{font-size:1.35em;border-bottom:1px solid #999;break-before:page}h2:first-of-type{break-before:auto}h3{font-size:1.1em;margin-bottom:.2em}\
h3,h4{break-after:avoid}code{font-family:ui-monospace,monospace;font-size:.92em}img{max-width:100%;max-height:8cm;border:1px solid #ccc}\
ul{padding-left:1.4em}table{border-collapse:collapse}td,th{padding:.15em .8em;border:1px solid #bbb;text-align:left}\
.step{break-inside:avoid}.line{height:1.7em;border-bottom:1px solid #999}\
blockquote{margin:.6em 0;padding:.1em .9em;border-left:3px solid #777;background:#f3f3f3}@media print{body{margin:0}}";

/// A whole page of HTML.
pub(super) fn html(title: &str, markdown: &str) -> String {
    let mut options = pulldown_cmark::Options::empty();
    options.insert(pulldown_cmark::Options::ENABLE_TABLES);
    let mut body = String::new();
    html::push_html(&mut body, Parser::new_ext(markdown, options));
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title><style>{STYLE}</style></head>\n<body>\n{body}</body></html>\n"
    )
}

/// The heading of a lesson, and its text.
pub(super) fn lesson(lesson: &Lesson, truth: &Truth, reader: Reader) -> String {
    let mut page = format!("\n\n## {}. {}\n\n", lesson.number, lesson.title);
    if reader == Reader::Instructor {
        let steps = lesson.steps.len();
        let _always = write!(page, "*{} minutes, {steps} steps*\n\n", lesson.minutes);
    }
    page + &filled(truth, &lesson.text) + "\n"
}

/// A step, with its slides: what trying shows, and that with a guess beside the truth.
pub(super) fn step(
    (at, step): (usize, &Step),
    truth: &Truth,
    (reader, [picture, answered]): (Reader, [&str; 2]),
) -> String {
    let words = &step.words;
    let question = filled(truth, &words.question);
    // What belongs together is not parted by the end of a page.
    let mut page =
        format!("\n<section class=\"step\">\n\n### Step {at}: {}\n\n{question}\n\n", words.title);
    match reader {
        Reader::Student => {
            page += &room(&step.predict);
            page += "\n\nWhat happened, and why?\n\n";
            page += &"<div class=\"line\"></div>".repeat(3);
        }
        Reader::Instructor => {
            let answer = match &step.predict {
                Predict::Setting(_) => {
                    format!("for instance {}", step.reference.words(&step.predict))
                }
                _ => truth.answer.words(&step.predict),
            };
            let [choices, accepted] = [choices(&step.predict), accepted(step, truth)];
            let _always = write!(page, "![Step {at}]({picture})\n\n");
            let _always = write!(page, "{choices}> **Answer: {answer}**{accepted}\n\n");
            let _always = write!(page, "![Step {at}, a guess and the truth]({answered})\n\n");
            for (number, hint) in words.hints.iter().enumerate() {
                let _always = write!(page, "Hint {}: {}\n\n", number + 1, filled(truth, hint));
            }
            let _always = write!(page, "Try: {}\n\n", filled(truth, &words.doing));
            let _always = write!(page, "**Why.** {}", filled(truth, &words.why));
        }
    }
    page + "\n\n</section>\n"
}

/// Where a student writes the prediction.
fn room(predict: &Predict) -> String {
    match predict {
        Predict::Number { asked, .. } => {
            format!("My prediction: \\_\\_\\_\\_\\_\\_\\_\\_\\_\\_\\_\\_ {}", asked.word)
        }
        Predict::Choice(_) => choices(predict),
        Predict::Order { runs, .. } => {
            let places =
                (1..=runs.len()).map(|place| format!("{place}. \\_\\_\\_\\_\\_\\_\\_\\_\\_\\_"));
            let places = places.collect::<Vec<_>>().join("   ");
            format!("To be ordered: {}\n\n{places}", runs.join(", "))
        }
        Predict::Setting(_) => {
            "My knobs: \\_\\_\\_\\_\\_\\_\\_\\_\\_\\_\\_\\_\\_\\_\\_\\_\\_\\_\\_\\_".to_owned()
        }
        Predict::Place(_) => {
            "I point at: \\_\\_\\_\\_\\_\\_\\_\\_\\_\\_\\_\\_ on rank \\_\\_\\_\\_".to_owned()
        }
    }
}

fn choices(predict: &Predict) -> String {
    let Predict::Choice(choices) = predict else { return String::new() };
    let rows = choices.iter().enumerate();
    let rows = rows.map(|(at, choice)| format!("- ☐ {}. {}\n", at + 1, choice.words));
    rows.collect::<String>() + "\n"
}

/// What counts as right, where that is more than one answer.
fn accepted(step: &Step, truth: &Truth) -> String {
    let (Predict::Number { within, asked, .. }, Answer::Number(value)) =
        (&step.predict, &truth.answer)
    else {
        return String::new();
    };
    if matches!(within, Within::Absolute(0.0)) {
        return String::new();
    }
    let margin = margin(*value, *within, asked);
    let [from, to] =
        [-margin, margin].map(|off| asked.words(Value { number: value.number + off, ..*value }));
    format!(" (from {from} to {to} counts)")
}

fn filled(truth: &Truth, template: &Template) -> String {
    truth.filled(template).unwrap_or_else(|_| template.unfilled())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_escaped() {
        let page = html("Waves", "## A < B\n\n`x` & *y*\n");
        assert!(
            page.contains("<h2>A &lt; B</h2>") && page.contains("<code>x</code> &amp; <em>y</em>")
        );
        assert!(page.starts_with("<!DOCTYPE html>") && page.contains("<title>Waves</title>"));
    }
}
