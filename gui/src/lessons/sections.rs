//! The Markdown of a lesson, cut at its headings: `#` the title and the text, `##` a step and its question, `###` its hints,
//! what is tried, and why.

use super::template::Template;

/// The words of a lesson.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Sections {
    pub(super) title: String,
    pub(super) text: Template,
    pub(super) steps: Vec<StepWords>,
}

/// The words of a step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StepWords {
    /// Its heading.
    pub title: String,
    /// What is to be predicted.
    pub question: Template,
    /// Two hints, the second the plainer.
    pub hints: Vec<Template>,
    /// What is tried.
    pub doing: Template,
    /// Why it is so.
    pub why: Template,
}

impl Sections {
    /// Reads the Markdown.
    ///
    /// # Errors
    /// What is missing or wrong, with its heading.
    pub(super) fn parse(markdown: &str) -> Result<Self, String> {
        let mut sections = Self::default();
        for part in parts(markdown) {
            let at = |error| format!("under `{}`: {error}", part.heading);
            let text = Template::parse(&part.body).map_err(at)?;
            match (part.depth, sections.steps.last_mut()) {
                (1, None) if sections.title.is_empty() => {
                    sections.title = part.heading;
                    sections.text = text;
                }
                (2, _) => sections.steps.push(StepWords {
                    title: part.heading,
                    question: text,
                    ..StepWords::default()
                }),
                (3, Some(step)) => match part.heading.as_str() {
                    "Hint" => step.hints.push(text),
                    "Try" => step.doing = text,
                    "Why" => step.why = text,
                    other => {
                        return Err(format!(
                            "the heading `{other}` of step `{}` is none of Hint, Try, Why",
                            step.title
                        ));
                    }
                },
                _ => return Err(format!("the heading `{}` is out of place", part.heading)),
            }
        }
        sections.complete()?;
        Ok(sections)
    }

    fn complete(&self) -> Result<(), String> {
        if self.title.is_empty() {
            return Err("there is no title: a line that begins with `# `".to_owned());
        }
        for step in &self.steps {
            let is_empty = |template: &Template| template.unfilled().is_empty();
            let missing = [
                (is_empty(&step.question), "a question"),
                (step.hints.len() != 2 || step.hints.iter().any(is_empty), "two hints"),
                (is_empty(&step.doing), "what is tried (`### Try`)"),
                (is_empty(&step.why), "why (`### Why`)"),
            ];
            if let Some((_, what)) = missing.into_iter().find(|(is_missing, _)| *is_missing) {
                return Err(format!("step `{}` has not {what}", step.title));
            }
        }
        Ok(())
    }
}

struct Part {
    depth: usize,
    heading: String,
    body: String,
}

fn parts(markdown: &str) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    for line in markdown.lines() {
        let depth = line.bytes().take_while(|&byte| byte == b'#').count();
        match (1..=3).contains(&depth).then(|| line[depth..].strip_prefix(' ')).flatten() {
            Some(heading) => {
                let heading = heading.trim().to_owned();
                parts.push(Part { depth, heading, body: String::new() });
            }
            None => {
                if let Some(part) = parts.last_mut() {
                    part.body += line;
                    part.body.push('\n');
                }
            }
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = "# Waves\nText.\n\nMore.\n## How many?\nQuestion?\n### Hint\nOne\n### Hint\nTwo\n### Try\nIt\n### Why\nSo.\n";

    #[test]
    fn headings_say_what_is_what() {
        let sections = Sections::parse(WHOLE).expect("a lesson");
        assert_eq!((sections.title.as_str(), sections.steps.len()), ("Waves", 1));
        assert_eq!(sections.text.unfilled(), "Text.\n\nMore.");
        let step = &sections.steps[0];
        assert_eq!((step.title.as_str(), step.hints.len()), ("How many?", 2));
        assert_eq!(step.why.unfilled(), "So.");
    }

    #[test]
    fn what_is_missing_is_said() {
        for (from, to, part) in [
            ("# Waves", "Waves", "there is no title"),
            ("### Hint\nOne\n", "", "step `How many?` has not two hints"),
            ("### Why\nSo.\n", "", "has not why"),
            ("### Try", "### Do", "`Do` of step `How many?` is none of Hint, Try, Why"),
            ("So.", "{waves}", "under `Why`: expected a quantity"),
        ] {
            let error = Sections::parse(&WHOLE.replacen(from, to, 1)).expect_err(part);
            assert!(error.contains(part), "{error}");
        }
    }
}
