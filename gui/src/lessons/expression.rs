//! The little language of lessons: quantities of runs, what is made of them, and conditions on them.
//!
//! `iteration(after) < 0.9 * iteration(before) and slack(A, after) > 0us`. A name with its arguments is a quantity, whose
//! last argument is a run of the step; numbers may have a unit (`us`, `ms`, `%`). What cannot be added or compared, because
//! one is a time and the other a count, is an error, and so is a quantity that is not known: never a 0.

use super::value::{Unit, Value};

/// An expression as an author wrote it, and what it says.
#[derive(Clone, Debug, PartialEq)]
pub struct Expression {
    /// As written.
    pub text: String,
    root: Node,
}

/// A quantity that is asked for: its name and its arguments, a run last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Name of the quantity.
    pub name: String,
    /// Arguments, the run last.
    pub arguments: Vec<String>,
}

#[derive(Clone, Debug, PartialEq)]
enum Node {
    Number(Value, bool),
    Call(Call),
    Two(Operator, Box<[Node; 2]>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Less,
    More,
    AtMost,
    AtLeast,
    Equal,
    And,
    Or,
}

impl Expression {
    /// Reads an expression.
    ///
    /// # Errors
    /// What is wrong, and where in the text.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut reader = Reader { text, at: 0 };
        let root = reader.either()?;
        reader.skip_blanks();
        if reader.at < text.len() {
            return Err(reader.error("nothing more"));
        }
        Ok(Self { text: text.to_owned(), root })
    }

    /// Every quantity that it asks for.
    pub fn calls(&self) -> Vec<&Call> {
        let mut calls = Vec::new();
        self.root.gather(&mut calls);
        calls
    }

    /// The one quantity that it is; `None` of anything made of some.
    pub fn only_call(&self) -> Option<&Call> {
        match &self.root {
            Node::Call(call) => Some(call),
            _ => None,
        }
    }

    /// What it is, by what the quantities are.
    ///
    /// # Errors
    /// A quantity that is not known, or two that do not go together.
    pub fn value(&self, of: &dyn Fn(&Call) -> Result<Value, String>) -> Result<Value, String> {
        self.root.value(of).map_err(|error| format!("{error}, in `{}`", self.text))
    }
}

impl Node {
    fn gather<'a>(&'a self, calls: &mut Vec<&'a Call>) {
        match self {
            Self::Number(..) => {}
            Self::Call(call) => calls.push(call),
            Self::Two(_, both) => both.iter().for_each(|one| one.gather(calls)),
        }
    }

    fn value(&self, of: &dyn Fn(&Call) -> Result<Value, String>) -> Result<Value, String> {
        let (operator, both) = match self {
            Self::Number(value, _) => return Ok(*value),
            Self::Call(call) => return of(call),
            Self::Two(operator, both) => (*operator, both),
        };
        let values = [both[0].value(of)?, both[1].value(of)?];
        let is_plain = both.each_ref().map(|node| matches!(node, Self::Number(_, true)));
        combine(operator, values, is_plain)
    }
}

/// `plain`: which of the two is a number without a unit, which goes with anything.
fn combine(
    operator: Operator,
    [one, other]: [Value; 2],
    plain: [bool; 2],
) -> Result<Value, String> {
    let (a, b) = (one.number, other.number);
    let is_logic = [one, other].map(|value| value.unit == Unit::Holds);
    let alike = one.unit == other.unit || plain.contains(&true);
    let unit = if plain[0] { other.unit } else { one.unit };
    let refuse = || {
        let [one, other] = [one.unit, other.unit].map(Unit::name);
        Err(format!("{one} and {other} do not go together"))
    };
    if matches!(operator, Operator::And | Operator::Or) != (is_logic == [true, true]) {
        return refuse();
    }
    Ok(match operator {
        Operator::And => Value::holds(a > 0.0 && b > 0.0),
        Operator::Or => Value::holds(a > 0.0 || b > 0.0),
        Operator::Multiply if plain.contains(&true) => Value { number: a * b, unit },
        Operator::Multiply if matches!(one.unit, Unit::Share | Unit::Times | Unit::Count) => {
            Value { number: a * b, unit: other.unit }
        }
        Operator::Multiply if matches!(other.unit, Unit::Share | Unit::Times | Unit::Count) => {
            Value { number: a * b, unit: one.unit }
        }
        Operator::Divide if plain[1] => Value { number: a / b, unit: one.unit },
        // Tiles over SMs are waves, not times.
        Operator::Divide if other.unit == Unit::Count => Value { number: a / b, unit: one.unit },
        Operator::Divide if one.unit == other.unit => Value::times(a / b),
        Operator::Divide if matches!(other.unit, Unit::Share | Unit::Times) => {
            Value { number: a / b, unit: one.unit }
        }
        Operator::Multiply | Operator::Divide => return refuse(),
        _ if !alike => return refuse(),
        Operator::Add => Value { number: a + b, unit },
        Operator::Subtract => Value { number: a - b, unit },
        Operator::Less => Value::holds(a < b),
        Operator::More => Value::holds(a > b),
        Operator::AtMost => Value::holds(a <= b),
        Operator::AtLeast => Value::holds(a >= b),
        Operator::Equal => Value::holds(a == b),
    })
}

struct Reader<'a> {
    text: &'a str,
    /// Byte offset of what comes next.
    at: usize,
}

impl Reader<'_> {
    fn either(&mut self) -> Result<Node, String> {
        self.chain(&[("or ", Operator::Or)], Self::both)
    }

    fn both(&mut self) -> Result<Node, String> {
        self.chain(&[("and ", Operator::And)], Self::comparison)
    }

    fn comparison(&mut self) -> Result<Node, String> {
        let left = self.sum()?;
        let signs = [
            ("<=", Operator::AtMost),
            (">=", Operator::AtLeast),
            ("<", Operator::Less),
            (">", Operator::More),
            ("==", Operator::Equal),
        ];
        let Some(operator) = self.sign(&signs) else { return Ok(left) };
        let right = self.sum()?;
        Ok(Node::Two(operator, Box::new([left, right])))
    }

    fn sum(&mut self) -> Result<Node, String> {
        self.chain(&[("+", Operator::Add), ("-", Operator::Subtract)], Self::product)
    }

    fn product(&mut self) -> Result<Node, String> {
        self.chain(&[("*", Operator::Multiply), ("/", Operator::Divide)], Self::atom)
    }

    fn chain(
        &mut self,
        signs: &[(&str, Operator)],
        part: fn(&mut Self) -> Result<Node, String>,
    ) -> Result<Node, String> {
        let mut left = part(self)?;
        while let Some(operator) = self.sign(signs) {
            left = Node::Two(operator, Box::new([left, part(self)?]));
        }
        Ok(left)
    }

    fn sign(&mut self, signs: &[(&str, Operator)]) -> Option<Operator> {
        self.skip_blanks();
        let rest = &self.text[self.at..];
        let (sign, operator) = signs.iter().find(|(sign, _)| rest.starts_with(sign))?;
        self.at += sign.len();
        Some(*operator)
    }

    fn atom(&mut self) -> Result<Node, String> {
        self.skip_blanks();
        let rest = &self.text[self.at..];
        if rest.starts_with('(') {
            self.at += 1;
            let inside = self.either()?;
            self.skip_blanks();
            if !self.text[self.at..].starts_with(')') {
                return Err(self.error("`)`"));
            }
            self.at += 1;
            return Ok(inside);
        }
        match rest.chars().next() {
            Some(first) if first.is_ascii_digit() => self.number(),
            Some(first) if first.is_alphabetic() => self.call(),
            _ => Err(self.error("a number or a quantity")),
        }
    }

    fn number(&mut self) -> Result<Node, String> {
        let rest = &self.text[self.at..];
        let is_part = |letter: char| letter.is_ascii_digit() || letter == '.';
        let end = rest.find(|letter| !is_part(letter)).unwrap_or(rest.len());
        let number: f64 = rest[..end].parse().map_err(|_| self.error("a number"))?;
        self.at += end;
        let units = [
            ("ns", Unit::Time, 1.0),
            ("us", Unit::Time, 1e3),
            ("ms", Unit::Time, 1e6),
            ("%", Unit::Share, 0.01),
        ];
        let rest = &self.text[self.at..];
        let found = units.iter().find(|(name, ..)| rest.starts_with(name));
        let Some((name, unit, scale)) = found else {
            return Ok(Node::Number(Value::count(number), true));
        };
        self.at += name.len();
        Ok(Node::Number(Value { number: number * scale, unit: *unit }, false))
    }

    fn call(&mut self) -> Result<Node, String> {
        let rest = &self.text[self.at..];
        let Some((name, behind)) = rest.split_once('(') else {
            return Err(self.error("a quantity with its run, as `iteration(after)`"));
        };
        let Some((inside, _)) = behind.split_once(')') else { return Err(self.error("`)`")) };
        let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        if !name.chars().all(is_name) {
            return Err(self.error("a quantity with its run, as `iteration(after)`"));
        }
        self.at += name.len() + inside.len() + 2;
        let arguments = inside.split(',').map(|part| part.trim().to_owned()).collect();
        Ok(Node::Call(Call { name: name.to_owned(), arguments }))
    }

    fn skip_blanks(&mut self) {
        self.at = self.text.len() - self.text[self.at..].trim_start().len();
    }

    fn error(&self, wanted: &str) -> String {
        let column = self.text[..self.at].chars().count() + 1;
        format!("expected {wanted} at column {column} of `{}`", self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Result<Value, String> {
        let of = |call: &Call| match (call.name.as_str(), call.arguments.join(" ").as_str()) {
            ("iteration", "before") => Ok(Value::time_ns(2_000)),
            ("iteration", "after") => Ok(Value::time_ns(1_500)),
            ("hidden", "fuse-only") => Ok(Value::share(0.64)),
            ("waves", "gate_up after") => Ok(Value::count(7)),
            _ => Err(format!("{} is not known", call.name)),
        };
        Expression::parse(text)?.value(&of)
    }

    #[test]
    fn what_is_made_of_quantities() {
        let cases = [
            ("iteration(after)", Value::time_ns(1_500)),
            ("iteration(before) - iteration(after)", Value::time_ns(500)),
            ("iteration(before) / iteration(after)", Value::times(2_000.0 / 1_500.0)),
            ("hidden(fuse-only) * iteration(before)", Value::time_ns(1_280)),
            ("(waves(gate_up, after) + 1) * 2", Value::count(16)),
            ("2us + iteration(after)", Value::time_ns(3_500)),
            (
                "iteration(before) / waves(gate_up, after)",
                Value { number: 2_000.0 / 7.0, unit: Unit::Time },
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(value(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn conditions_hold_or_do_not() {
        for (text, holds) in [
            ("iteration(after) < iteration(before)", true),
            ("iteration(after) < 0.5 * iteration(before)", false),
            ("hidden(fuse-only) > 60% and waves(gate_up, after) >= 7", true),
            ("hidden(fuse-only) > 70% or waves(gate_up, after) == 8", false),
        ] {
            assert_eq!(value(text), Ok(Value::holds(holds)), "{text}");
        }
    }

    #[test]
    fn what_does_not_go_together_or_is_not_known_is_said() {
        for (text, part) in [
            ("iteration(after) + waves(gate_up, after)", "a time and a count"),
            ("iteration(after) and iteration(before)", "do not go together"),
            ("slack(A, after)", "slack is not known, in `slack(A, after)`"),
            ("iteration(after", "expected `)` at column 1"),
            ("iteration(after) extra", "expected nothing more at column 18"),
            ("3 + ", "expected a number or a quantity at column 5"),
        ] {
            let error = value(text).expect_err(text);
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
