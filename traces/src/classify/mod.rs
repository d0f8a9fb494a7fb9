//! What a GPU kernel does, told by its name.
//!
//! Recorders give names and nothing else, and name lists always lag behind the libraries. So the rules are a file that
//! people can read and add to: `traces/rules/kernels.toml` ships with the program, a user's own come before it.

mod names;
mod rules;

pub use names::own_name;

use std::sync::{Arc, LazyLock};

use regex::Regex;
use thiserror::Error;

pub use rules::RulesError;
use rules::{Rules, last_line};

use crate::Kind;

/// A pattern of the user's that is no regular expression.
#[derive(Clone, Debug, Error)]
#[error("communication pattern \"{pattern}\" is not a regular expression: {cause}")]
pub struct ClassifyError {
    /// The pattern as given.
    pub pattern: String,
    /// What the parser says.
    pub cause: String,
}

/// Tells the [`Kind`] of a GPU kernel by its name; built once, used once per distinct name.
#[derive(Clone, Debug, Default)]
pub struct Classifier {
    extra_comm: Vec<Regex>,
    own: Option<Arc<Rules>>,
}

/// The rules that ship.
static SHIPPED: LazyLock<Rules> = LazyLock::new(|| {
    Rules::parse("kernels.toml", include_str!("../../rules/kernels.toml"))
        .expect("the tests read the file that ships")
});

impl Classifier {
    /// The built-in rules, with `extra_comm` as further patterns of communication kernels.
    ///
    /// The extra patterns are matched anywhere in the name as written, case as given.
    ///
    /// # Errors
    /// [`ClassifyError`] names the first pattern that does not parse.
    pub fn new(extra_comm: &[String]) -> Result<Self, ClassifyError> {
        let extra_comm = extra_comm
            .iter()
            .map(|pattern| {
                let fault =
                    |error| ClassifyError { pattern: pattern.clone(), cause: last_line(&error) };
                Regex::new(pattern).map_err(fault)
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { extra_comm, own: None })
    }

    /// The same with a user's own rules before those that ship: the text of a file as `traces/rules/kernels.toml` is one,
    /// called `file` in errors.
    ///
    /// # Errors
    /// [`RulesError`] names file, line and rule of the first fault; an example that its rule does not decide is one.
    pub fn with_rules(self, file: &str, text: &str) -> Result<Self, RulesError> {
        Ok(Self { own: Some(Arc::new(Rules::parse(file, text)?)), ..self })
    }

    /// What was added to the rules that ship: patterns of communication, then the text of a file of rules. Two that were
    /// told the same take every name for the same.
    pub fn told(&self) -> Vec<&str> {
        let patterns = self.extra_comm.iter().map(Regex::as_str);
        patterns.chain(self.own.as_ref().map(|own| own.text())).collect()
    }

    /// The kind of the kernel called `name` (demangled, mangled or shortened); [`Kind::Other`] when no rule fits.
    pub fn kind(&self, name: &str) -> Kind {
        if self.extra_comm.iter().any(|pattern| pattern.is_match(name)) {
            return Kind::Comm;
        }
        let own = self.own.as_ref().and_then(|own| own.kind(name));
        own.or_else(|| SHIPPED.kind(name)).unwrap_or(Kind::Other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_that_ship_decide_their_examples() {
        // Reading the file tries them.
        let text = include_str!("../../rules/kernels.toml");
        Rules::parse("kernels.toml", text).expect("every example has its answer");
        let rules = text.matches("\n[[rule]]").count();
        assert_eq!(text.matches("\nexamples = [").count(), rules, "each has examples");
    }

    #[test]
    fn names_that_no_rule_knows_are_other_kernels() {
        for name in ["", "my_kernel", "void moe_align_block_size_kernel<int>(int*)", "myncclkernel"]
        {
            assert_eq!(Classifier::default().kind(name), Kind::Other, "{name}");
        }
    }

    #[test]
    fn a_users_patterns_and_rules_come_first() {
        let classifier = Classifier::new(&["^my_ring".to_owned()]).expect("a valid pattern");
        assert_eq!(classifier.kind("my_ring_gemm"), Kind::Comm);
        assert_eq!(classifier.kind("other_gemm"), Kind::Gemm);
        let error = Classifier::new(&["(".to_owned()]).expect_err("an open group");
        let expected = "communication pattern \"(\" is not a regular expression: unclosed group";
        assert_eq!(error.to_string(), expected);
        let own = "[[rule]]\nname = 'ours'\nkind = 'fused'\nmatch = ['^other_gemm$']\n";
        let classifier = classifier.with_rules("own.toml", own).expect("a valid rule");
        assert_eq!(classifier.kind("other_gemm"), Kind::Fused);
        assert_eq!(classifier.kind("nvjet_x"), Kind::Gemm);
    }
}
