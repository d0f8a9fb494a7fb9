//! Formulas as they are read, worked out.

/// The value of a formula whose names `value_of` knows; `None` for one that cannot be read, or a name that is not known.
///
/// Operators stand between spaces, so that names may have several words, and signs of their own.
pub(super) fn evaluate(formula: &str, value_of: &dyn Fn(&str) -> Option<f64>) -> Option<f64> {
    if let Some(value) = value_of(formula) {
        return Some(value);
    }
    let tokens = tokens(formula);
    let mut reader = Reader { tokens: &tokens, value_of };
    let value = reader.sum()?;
    reader.tokens.is_empty().then_some(value)
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Sign(char),
    Name(String),
}

fn tokens(formula: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut name: Vec<&str> = Vec::new();
    let spaced = formula.replace('(', " ( ").replace(')', " ) ");
    for word in spaced.split_whitespace() {
        let mut chars = word.chars();
        match (chars.next(), chars.next()) {
            (Some(sign @ ('+' | '−' | '×' | '÷' | '(' | ')')), None) => {
                if !name.is_empty() {
                    tokens.push(Token::Name(name.join(" ")));
                    name.clear();
                }
                tokens.push(Token::Sign(sign));
            }
            _ => name.push(word),
        }
    }
    if !name.is_empty() {
        tokens.push(Token::Name(name.join(" ")));
    }
    tokens
}

struct Reader<'a> {
    tokens: &'a [Token],
    value_of: &'a dyn Fn(&str) -> Option<f64>,
}

impl Reader<'_> {
    fn next_if(&mut self, signs: &[char]) -> Option<char> {
        match self.tokens.first() {
            Some(&Token::Sign(sign)) if signs.contains(&sign) => {
                self.tokens = &self.tokens[1..];
                Some(sign)
            }
            _ => None,
        }
    }

    fn sum(&mut self) -> Option<f64> {
        let mut value = self.product()?;
        while let Some(sign) = self.next_if(&['+', '−']) {
            let next = self.product()?;
            value = if sign == '+' { value + next } else { value - next };
        }
        Some(value)
    }

    fn product(&mut self) -> Option<f64> {
        let mut value = self.one()?;
        while let Some(sign) = self.next_if(&['×', '÷']) {
            let next = self.one()?;
            value = if sign == '×' { value * next } else { value / next };
        }
        Some(value)
    }

    fn one(&mut self) -> Option<f64> {
        if self.next_if(&['(']).is_some() {
            return self.closed();
        }
        let Some(Token::Name(name)) = self.tokens.first() else { return None };
        self.tokens = &self.tokens[1..];
        let rounds: Option<fn(f64) -> f64> = match name.as_str() {
            "ceil" => Some(f64::ceil),
            "whole" => Some(f64::trunc),
            _ => None,
        };
        if let Some(round) = rounds.filter(|_| self.next_if(&['(']).is_some()) {
            return Some(round(self.closed()?));
        }
        (self.value_of)(name).or_else(|| name.parse().ok())
    }

    fn closed(&mut self) -> Option<f64> {
        let value = self.sum()?;
        self.next_if(&[')']).map(|_| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_read_as_they_stand() {
        let known = |name: &str| match name {
            "all of it" => Some(12.0),
            "SM-weighted" => Some(5.0),
            "a" => Some(2.0),
            _ => None,
        };
        let cases = [
            ("all of it − a × 3", Some(6.0)),
            ("(all of it − a) × 3", Some(30.0)),
            ("all of it ÷ a ÷ 3", Some(2.0)),
            ("ceil(SM-weighted ÷ a) + 1", Some(4.0)),
            ("all of it − (a + (a + 1))", Some(7.0)),
            ("all of it − b", None),
            ("(a", None),
            ("a a", None),
            ("", None),
        ];
        for (formula, want) in cases {
            assert_eq!(evaluate(formula, &known), want, "{formula}");
        }
    }
}
