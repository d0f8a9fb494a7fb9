//! Texts of lessons: Markdown with quantities in braces, which are filled in from a run.

use super::{
    expression::{Call, Expression},
    value::Value,
};

/// A text with places to fill.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Template {
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq)]
enum Piece {
    Text(String),
    Quantity(Expression),
}

impl Template {
    /// Reads a text.
    ///
    /// # Errors
    /// What is wrong with a quantity.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut rest = text.trim();
        while let Some((before, behind)) = rest.split_once('{') {
            let Some((inside, after)) = behind.split_once('}') else {
                let near: String = behind.chars().take(24).collect();
                return Err(format!("a `{{` is not closed before `{near}`"));
            };
            pieces.push(Piece::Text(before.to_owned()));
            pieces.push(Piece::Quantity(Expression::parse(inside)?));
            rest = after;
        }
        pieces.push(Piece::Text(rest.to_owned()));
        Ok(Self { pieces })
    }

    /// The quantities in it.
    pub fn expressions(&self) -> impl Iterator<Item = &Expression> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Text(_) => None,
            Piece::Quantity(expression) => Some(expression),
        })
    }

    /// The text with every quantity as the window writes numbers.
    ///
    /// # Errors
    /// A quantity that is not known.
    pub fn filled(&self, of: &dyn Fn(&Call) -> Result<Value, String>) -> Result<String, String> {
        let one = |piece: &Piece| match piece {
            Piece::Text(text) => Ok(text.clone()),
            Piece::Quantity(expression) => expression.value(of).map(Value::words),
        };
        self.pieces.iter().map(one).collect()
    }

    /// The text with `…` where quantities stand, before anything has run.
    pub fn unfilled(&self) -> String {
        let one = |piece: &Piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Quantity(_) => "…".to_owned(),
        };
        self.pieces.iter().map(one).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_filled_in() {
        let text =
            "It takes {iteration(after)}, **{iteration(before) / iteration(after)}** as fast.";
        let template = Template::parse(text).expect("a text");
        let of = |call: &Call| {
            Ok(Value::time_ns(if call.arguments[0] == "after" { 2_000_000 } else { 2_500_000 }))
        };
        assert_eq!(template.filled(&of), Ok("It takes 2.00 ms, **1.25×** as fast.".to_owned()));
        assert_eq!(template.unfilled(), "It takes …, **…** as fast.");
        assert!(template.filled(&|_| Err("not known".to_owned())).is_err());
        assert!(Template::parse("a {iteration(after) b").is_err());
    }
}
