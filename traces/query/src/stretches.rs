//! An answer as rows of the timeline: what each of its columns says of a stretch.

use std::ops::ControlFlow;

use weftscope_traces::edit::{Answer, AnswerSlice};
use weftscope_traces::{ArgValue, Span};

use crate::cell::Cell;
use crate::taker::Taker;

/// Stretches at most.
const MOST: usize = 2_000_000;
/// No recording has times further from its base time.
const FURTHEST_NS: i64 = 1 << 61;

/// Takes an answer with columns `ts` and `dur`, and, where it has them, `name`, `rank` and `track`: the row that a stretch
/// stands on. Other columns become arguments.
pub struct StretchTaker {
    answer: Answer,
    names: Vec<String>,
    roles: Vec<Role>,
    skipped: u64,
}

/// What a column says of a stretch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Ts,
    Dur,
    Name,
    Rank,
    Row,
    Argument,
}

impl StretchTaker {
    /// For an answer of this name to this query.
    pub fn new(name: &str, query: &str) -> Self {
        let (name, query) = (name.to_owned(), query.trim().to_owned());
        let answer = Answer { name, query, slices: Vec::new() };
        Self { answer, names: Vec::new(), roles: Vec::new(), skipped: 0 }
    }

    /// The stretches, and how many rows were passed over because they have no time.
    pub fn finish(self) -> (Answer, u64) {
        (self.answer, self.skipped)
    }

    fn stretch(&self, cells: &[Cell<'_>]) -> Option<AnswerSlice> {
        let of = |role| {
            let at = self.roles.iter().position(|&it| it == role);
            at.and_then(|at| cells.get(at).copied())
        };
        let start_ns = whole(of(Role::Ts)?)?;
        // Perfetto's −1 is what has not ended: a point in time, as far as is known.
        let dur_ns = of(Role::Dur).and_then(whole).unwrap_or(0).max(0);
        if start_ns.saturating_abs() > FURTHEST_NS || dur_ns > FURTHEST_NS {
            return None;
        }
        let arguments = self.names.iter().zip(&self.roles).zip(cells);
        let args = arguments.filter(|((_, role), _)| **role == Role::Argument);
        Some(AnswerSlice {
            span: Span::new(start_ns, start_ns + dur_ns),
            name: of(Role::Name).and_then(text).unwrap_or_else(|| self.answer.name.clone()),
            rank: of(Role::Rank).and_then(whole).and_then(|rank| u32::try_from(rank).ok()),
            row: of(Role::Row).and_then(text).unwrap_or_default(),
            args: args
                .filter_map(|((name, _), cell)| Some((name.clone(), argument(*cell)?)))
                .collect(),
        })
    }
}

impl Taker for StretchTaker {
    fn columns(&mut self, names: &[String]) -> Result<(), String> {
        let mut taken = Vec::new();
        for name in names {
            let role = match name.to_ascii_lowercase().as_str() {
                "ts" => Role::Ts,
                "dur" => Role::Dur,
                "name" => Role::Name,
                "rank" => Role::Rank,
                "track" => Role::Row,
                _ => Role::Argument,
            };
            // Of two columns with one name the first says it.
            let is_new = !taken.contains(&role);
            taken.push(if is_new { role } else { Role::Argument });
        }
        for (role, name) in [(Role::Ts, "ts"), (Role::Dur, "dur")] {
            if !taken.contains(&role) {
                return Err(format!(
                    "a track needs columns ts and dur, and this answer has no {name}: `select … as {name}`"
                ));
            }
        }
        (self.names, self.roles) = (names.to_vec(), taken);
        Ok(())
    }

    fn row(&mut self, cells: &[Cell<'_>]) -> Result<ControlFlow<()>, String> {
        match self.stretch(cells) {
            Some(_) if self.answer.slices.len() == MOST => {
                return Err(format!("a track takes {MOST} rows at most: add a `limit`"));
            }
            Some(slice) => self.answer.slices.push(slice),
            None => self.skipped += 1,
        }
        Ok(ControlFlow::Continue(()))
    }
}

fn whole(cell: Cell<'_>) -> Option<i64> {
    match cell {
        Cell::Int(int) => Some(int),
        Cell::Real(real) if real.abs() < FURTHEST_NS as f64 => Some(real.round() as i64),
        _ => None,
    }
}

fn text(cell: Cell<'_>) -> Option<String> {
    match cell {
        Cell::Null => None,
        Cell::Int(int) => Some(int.to_string()),
        Cell::Real(real) => Some(real.to_string()),
        Cell::Text(text) => Some(text.to_owned()),
    }
}

fn argument(cell: Cell<'_>) -> Option<ArgValue> {
    match cell {
        Cell::Null => None,
        Cell::Int(int) => Some(ArgValue::Int(int)),
        Cell::Real(real) => Some(ArgValue::Float(real)),
        Cell::Text(text) => Some(ArgValue::Text(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_say_when_what_and_where() {
        let mut taker = StretchTaker::new("mine", " select 1 ");
        let names = ["ts", "DUR", "name", "rank", "track", "bytes", "ts"].map(str::to_owned);
        taker.columns(&names).unwrap();
        let row = [
            Cell::Int(5),
            Cell::Real(2.4),
            Cell::Text("x"),
            Cell::Int(1),
            Cell::Int(7),
            Cell::Int(9),
            Cell::Null,
        ];
        assert!(taker.row(&row).unwrap().is_continue());
        assert!(taker.row(&[Cell::Int(5), Cell::Int(-1)]).unwrap().is_continue());
        assert!(taker.row(&[Cell::Null, Cell::Int(1)]).unwrap().is_continue());
        let (answer, skipped) = taker.finish();
        assert_eq!((answer.query.as_str(), answer.slices.len(), skipped), ("select 1", 2, 1));
        let slice = &answer.slices[0];
        assert_eq!(slice.span, Span::new(5, 7));
        assert_eq!((slice.name.as_str(), slice.rank, slice.row.as_str()), ("x", Some(1), "7"));
        assert_eq!(slice.args, [("bytes".to_owned(), ArgValue::Int(9))]);
        let slice = &answer.slices[1];
        assert_eq!((slice.span, slice.name.as_str(), slice.rank), (Span::new(5, 5), "mine", None));
        let error = StretchTaker::new("mine", "").columns(&names[1..3]).unwrap_err();
        assert!(error.contains("has no ts"), "{error}");
    }
}
