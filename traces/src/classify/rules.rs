//! Rules in a file: which names are which kind, in order, each with examples that are tried as it is read.

use std::ops::Range;

use regex::{RegexSet, RegexSetBuilder};
use serde::Deserialize;
use thiserror::Error;
use toml::Spanned;

use super::names::essence;
use crate::Kind;

/// What is wrong in a file of rules, and where.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{file}, line {line}{}: {cause}", rule.as_ref().map_or_else(String::new, |rule| format!(", rule \"{rule}\"")))]
pub struct RulesError {
    /// The file, as it was called.
    pub file: String,
    /// Line in it, from 1.
    pub line: usize,
    /// The rule, where it is about one.
    pub rule: Option<String>,
    /// What is wrong, in one line.
    pub cause: String,
}

/// A file as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    rule: Vec<Spanned<Written>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: String,
    kind: Spanned<String>,
    r#match: Vec<Spanned<String>>,
    #[serde(default)]
    anywhere: bool,
    #[serde(default)]
    examples: Vec<Spanned<String>>,
    #[serde(default)]
    unlike: Vec<Spanned<String>>,
}

/// Rules of one file, compiled.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    kinds: Vec<Kind>,
    /// On [`essence`], and on names as written; each with the rule of every pattern.
    sets: [(RegexSet, Vec<usize>); 2],
    /// As written.
    text: String,
}

impl Rules {
    /// Reads rules; `file` is what errors call it.
    pub(super) fn parse(file: &str, text: &str) -> Result<Self, RulesError> {
        let place = Place { file, text };
        let written: File = toml::from_str(text).map_err(|error| {
            place.error(error.span().unwrap_or_default(), None, error.message())
        })?;
        let mut kinds = Vec::new();
        let mut patterns: [(Vec<&str>, Vec<usize>); 2] = Default::default();
        for (index, rule) in written.rule.iter().map(Spanned::get_ref).enumerate() {
            kinds.push(place.kind(rule)?);
            for pattern in &rule.r#match {
                place.check(rule, pattern)?;
                let (texts, rules) = &mut patterns[usize::from(rule.anywhere)];
                texts.push(pattern.get_ref());
                rules.push(index);
            }
        }
        let whole = |cause: &regex::Error| place.error(0..0, None, &last_line(cause));
        let [of_essence, anywhere] = patterns.map(|(texts, rules)| (set(&texts), rules));
        let rules = Self {
            kinds,
            sets: [
                (of_essence.0.map_err(|error| whole(&error))?, of_essence.1),
                (anywhere.0.map_err(|error| whole(&error))?, anywhere.1),
            ],
            text: text.to_owned(),
        };
        rules.try_examples(&place, &written.rule)?;
        Ok(rules)
    }

    /// The rules as they are written.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The kind that the first rule to match says.
    pub(super) fn kind(&self, name: &str) -> Option<Kind> {
        self.rule(name).map(|rule| self.kinds[rule])
    }

    fn rule(&self, name: &str) -> Option<usize> {
        let [(of_essence, essence_rules), (anywhere, anywhere_rules)] = &self.sets;
        let first = first_match(of_essence, &essence(name)).map(|at| essence_rules[at]);
        let other = first_match(anywhere, name).map(|at| anywhere_rules[at]);
        first.into_iter().chain(other).min()
    }

    fn try_examples(
        &self,
        place: &Place<'_>,
        written: &[Spanned<Written>],
    ) -> Result<(), RulesError> {
        for (index, rule) in written.iter().map(Spanned::get_ref).enumerate() {
            let wrong = |name: &&Spanned<String>, is_its_own: bool| {
                (self.rule(name.get_ref()) == Some(index)) != is_its_own
            };
            if let Some(name) = rule.examples.iter().find(|name| wrong(name, true)) {
                let cause = match self.rule(name.get_ref()) {
                    Some(other) => format!(
                        "the example \"{}\" is decided by the rule \"{}\"",
                        name.get_ref(),
                        written[other].get_ref().name
                    ),
                    None => format!("the example \"{}\" does not match", name.get_ref()),
                };
                return Err(place.error(name.span(), Some(rule), &cause));
            }
            if let Some(name) = rule.unlike.iter().find(|name| wrong(name, false)) {
                let cause = format!("\"{}\" should not match, but does", name.get_ref());
                return Err(place.error(name.span(), Some(rule), &cause));
            }
        }
        Ok(())
    }
}

/// The first pattern that matches. To ask first whether any does costs little where one does, and saves the list of all
/// where none does.
fn first_match(patterns: &RegexSet, name: &str) -> Option<usize> {
    patterns.is_match(name).then(|| patterns.matches(name).iter().next())?
}

fn set(patterns: &[&str]) -> Result<RegexSet, regex::Error> {
    RegexSetBuilder::new(patterns).case_insensitive(true).build()
}

/// The line of a parser's answer that says what is wrong; the others draw where.
pub(super) fn last_line(error: &regex::Error) -> String {
    let text = error.to_string();
    let line = text.lines().last().unwrap_or_default();
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}

/// The text of a file, for errors.
struct Place<'a> {
    file: &'a str,
    text: &'a str,
}

impl Place<'_> {
    fn error(&self, at: Range<usize>, rule: Option<&Written>, cause: &str) -> RulesError {
        let before = self.text.get(..at.start).unwrap_or_default();
        RulesError {
            file: self.file.to_owned(),
            line: before.matches('\n').count() + 1,
            rule: rule.map(|rule| rule.name.clone()),
            cause: cause.replace('\n', " "),
        }
    }

    fn kind(&self, rule: &Written) -> Result<Kind, RulesError> {
        let name = rule.kind.get_ref();
        Kind::from_name(name).filter(|kind| !matches!(kind, Kind::Host | Kind::Wait)).ok_or_else(|| {
            let cause = format!(
                "unknown kind \"{name}\" (known: gemm, attention, norm, elementwise, comm, fused, memcpy, mark, other)"
            );
            self.error(rule.kind.span(), Some(rule), &cause)
        })
    }

    fn check(&self, rule: &Written, pattern: &Spanned<String>) -> Result<(), RulesError> {
        set(&[pattern.get_ref()]).map(drop).map_err(|error| {
            let cause = format!(
                "\"{}\" is no regular expression: {}",
                pattern.get_ref(),
                last_line(&error)
            );
            self.error(pattern.span(), Some(rule), &cause)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        Rules::parse("my.toml", text).expect_err("a fault").to_string()
    }

    #[test]
    fn the_first_rule_that_matches_decides() {
        let text = "[[rule]]\nname='a'\nkind='comm'\nmatch=['^my_ring']\nexamples=['my_ring_gemm']\n\
            [[rule]]\nname='b'\nkind='gemm'\nmatch=['gemm']\nanywhere=true\nexamples=['f<gemm>()']\nunlike=['f']\n";
        let rules = Rules::parse("my.toml", text).expect("two rules");
        let kinds = ["MY_RING", "void other_gemm<1>()", "f"].map(|name| rules.kind(name));
        assert_eq!(kinds, [Some(Kind::Comm), Some(Kind::Gemm), None]);
    }

    #[test]
    fn errors_name_file_rule_and_place() {
        let rule = |rest: &str| format!("\n[[rule]]\nname = 'x'\n{rest}\n");
        for (text, expected) in [
            (
                rule("kind = 'comm'\nmatch = ['a', '(']"),
                "my.toml, line 5, rule \"x\": \"(\" is no regular expression: unclosed group",
            ),
            (
                rule("kind = 'com'\nmatch = []"),
                "my.toml, line 4, rule \"x\": unknown kind \"com\" (known: gemm",
            ),
            (
                rule("kind = 'comm'\nmatch = ['a']\nexamples = ['b']"),
                "my.toml, line 6, rule \"x\": the example \"b\" does not match",
            ),
            (
                rule("kind = 'comm'\nmatch = ['a']\nunlike = ['a']"),
                "my.toml, line 6, rule \"x\": \"a\" should not match, but does",
            ),
            (
                rule("kind = 'comm'\nmatch = ['a']\ncolour = 'red'"),
                "my.toml, line 6: unknown field `colour`",
            ),
            ("rule = 3".to_owned(), "my.toml, line 1: invalid type"),
            ("[[rule".to_owned(), "my.toml, line 1: "),
        ] {
            let said = error(&text);
            assert!(said.starts_with(expected), "{said}");
            assert!(!said.contains('\n'), "{said}");
        }
        let two = rule("kind = 'comm'\nmatch = ['a']")
            + &rule("kind = 'gemm'\nmatch = ['ab']\nexamples = ['ab']");
        assert!(error(&two).contains("is decided by the rule \"x\""));
    }
}
