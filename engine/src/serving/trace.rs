//! Requests from a CSV: our own columns, those of Azure's traces of LLM inference, and those of BurstGPT.

use std::io::Read;

use thiserror::Error;

use super::{ServingRequest, trace_time::seconds};
use crate::batch::MAX_CACHED_TOKENS;

/// A column by what it is, with every name that it has in a trace; capitals do not matter.
struct Column {
    /// In our own files.
    own: &'static str,
    names: &'static [&'static str],
}

const ARRIVAL: Column = Column { own: "arrival_s", names: &["arrival_s", "timestamp"] };
const PROMPT: Column = Column {
    own: "prompt_tokens",
    names: &["prompt_tokens", "ContextTokens", "Request tokens", "input_length"],
};
const OUTPUT: Column = Column {
    own: "output_tokens",
    names: &["output_tokens", "GeneratedTokens", "Response tokens", "output_length"],
};

/// Requests of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestTrace {
    /// In order of arrival, the first at 0.
    pub requests: Vec<ServingRequest>,
    /// The file says when they come; else they all come at once.
    pub has_arrivals: bool,
    /// Rows without a token in the prompt or in the answer, which were left out.
    pub empty_rows: u64,
}

/// Why a file has no requests. Lines count from 1, columns too.
#[derive(Debug, Error)]
pub enum TraceError {
    /// It is no CSV.
    #[error("not a table of comma-separated values: {0}")]
    Csv(#[from] csv::Error),
    /// A column is missing.
    #[error("line 1: no column {wanted} (nor {others}); the columns are {found}")]
    Column {
        /// Its name in our own files.
        wanted: &'static str,
        /// Its other names.
        others: String,
        /// The columns there are.
        found: String,
    },
    /// A value is not what its column has.
    #[error("line {line}, column {column} ({name}): {text:?} is no {wanted}")]
    Value {
        /// The line.
        line: u64,
        /// The column.
        column: usize,
        /// The column's name.
        name: String,
        /// What stands there.
        text: String,
        /// What should.
        wanted: &'static str,
    },
    /// Nothing but empty rows, or none.
    #[error("no row has a prompt and an answer ({rows} rows)")]
    Empty {
        /// Rows there are.
        rows: u64,
    },
}

/// The requests of a CSV with a header: `arrival_s,prompt_tokens,output_tokens` in any order, other columns aside. Known besides
/// are the names of Azure's traces (`TIMESTAMP,ContextTokens,GeneratedTokens`) and BurstGPT's (`Timestamp`, `Request tokens`,
/// `Response tokens`). Without a time of arrival all come at once.
///
/// # Errors
/// [`TraceError`], with line and column.
pub fn read_trace(input: impl Read) -> Result<RequestTrace, TraceError> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(input);
    let header = reader.headers()?.clone();
    let (prompt, output) = (wanted(&header, &PROMPT)?, wanted(&header, &OUTPUT)?);
    let arrival = place(&header, &ARRIVAL);
    let mut rows: Vec<(f64, u32, u32)> = Vec::new();
    let mut empty_rows = 0;
    for record in reader.records() {
        let row = Row { record: record?, header: &header };
        let at_s = arrival.map_or(Ok(0.0), |column| {
            row.value(column, "time: seconds, or a date and a time", seconds)
        })?;
        let (prompt, output) = (row.tokens(prompt)?, row.tokens(output)?);
        if prompt == 0 || output == 0 {
            empty_rows += 1;
        } else {
            rows.push((at_s, prompt, output));
        }
    }
    if rows.is_empty() {
        return Err(TraceError::Empty { rows: empty_rows });
    }
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    let first_s = rows[0].0;
    let request = |&(at_s, prompt_tokens, output_tokens): &(f64, u32, u32)| ServingRequest {
        arrival_ns: ((at_s - first_s) * 1e9).round() as i64,
        prompt_tokens,
        output_tokens,
    };
    let requests = rows.iter().map(request).collect();
    Ok(RequestTrace { requests, has_arrivals: arrival.is_some(), empty_rows })
}

fn place(header: &csv::StringRecord, column: &Column) -> Option<usize> {
    let is_it = |name: &str| {
        let name = name.trim_start_matches('\u{feff}');
        column.names.iter().any(|known| known.eq_ignore_ascii_case(name))
    };
    header.iter().position(is_it)
}

fn wanted(header: &csv::StringRecord, column: &Column) -> Result<usize, TraceError> {
    place(header, column).ok_or_else(|| TraceError::Column {
        wanted: column.own,
        others: column.names[1..].join(", "),
        found: if header.is_empty() {
            "none".to_owned()
        } else {
            header.iter().collect::<Vec<_>>().join(", ")
        },
    })
}

struct Row<'a> {
    record: csv::StringRecord,
    header: &'a csv::StringRecord,
}

impl Row<'_> {
    /// A count of tokens; some traces write it as `374.0`.
    fn tokens(&self, column: usize) -> Result<u32, TraceError> {
        self.value(column, "number of tokens up to 16777216", |text| {
            let text = text.strip_suffix(".0").unwrap_or(text);
            text.parse().ok().filter(|&tokens| tokens <= MAX_CACHED_TOKENS)
        })
    }

    fn value<T>(
        &self,
        column: usize,
        wanted: &'static str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<T, TraceError> {
        let text = self.record.get(column).unwrap_or("");
        parse(text).ok_or_else(|| TraceError::Value {
            line: self.record.position().map_or(0, csv::Position::line),
            column: column + 1,
            name: self.header.get(column).unwrap_or("").to_owned(),
            text: text.to_owned(),
            wanted,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(arrival_ns: i64, prompt_tokens: u32, output_tokens: u32) -> ServingRequest {
        ServingRequest { arrival_ns, prompt_tokens, output_tokens }
    }

    fn read(text: &str) -> RequestTrace {
        read_trace(text.as_bytes()).unwrap()
    }

    fn error_of(text: &str) -> String {
        read_trace(text.as_bytes()).unwrap_err().to_string()
    }

    /// First rows of the public files.
    #[test]
    fn three_headers_are_known() {
        let own = read("output_tokens, arrival_s, prompt_tokens\n5, 2.5, 100\n7, 2, 200\n");
        assert_eq!(own.requests, [request(0, 200, 7), request(500_000_000, 100, 5)]);
        assert!(own.has_arrivals);
        let azure = read(
            "TIMESTAMP,ContextTokens,GeneratedTokens\r\n2023-11-16 18:15:46.6805900,374,44\r\n2023-11-16 18:15:50.9951690,396,109\r\n",
        );
        assert_eq!(azure.requests[0], request(0, 374, 44));
        assert!((azure.requests[1].arrival_ns - 4_314_579_000).abs() < 1000, "{azure:?}");
        let burst = read(
            "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n5,ChatGPT,472,18,490,Conversation log\n45,ChatGPT,1087,0,1087,Conversation log\n118,GPT-4,417,276,693,Conversation log\n",
        );
        assert_eq!(burst.requests, [request(0, 472, 18), request(113_000_000_000, 417, 276)]);
        assert_eq!(burst.empty_rows, 1);
    }

    #[test]
    fn without_times_all_come_at_once() {
        let trace = read("\u{feff}prompt_tokens,output_tokens\n10,1\n20.0,2\n");
        assert_eq!(trace.requests, [request(0, 10, 1), request(0, 20, 2)]);
        assert!(!trace.has_arrivals);
    }

    #[test]
    fn what_is_wrong_has_its_place() {
        let message = error_of("arrival_s,prompt_tokens,output_tokens\n0,1,1\n1,many,1\n");
        assert!(
            message.starts_with("line 3, column 2 (prompt_tokens): \"many\" is no number"),
            "{message}"
        );
        let message = error_of("arrival_s,prompt_tokens,output_tokens\nsoon,1,1\n");
        assert!(
            message.starts_with("line 2, column 1 (arrival_s): \"soon\" is no time"),
            "{message}"
        );
        let message = error_of("arrival_s,prompt\n0,1\n");
        assert!(
            message.contains("no column prompt_tokens") && message.ends_with("arrival_s, prompt"),
            "{message}"
        );
        assert!(error_of("prompt_tokens,output_tokens\n1\n").contains("line: 2"));
        assert!(error_of("prompt_tokens,output_tokens\n0,4\n").contains("(1 rows)"));
        assert!(error_of("").ends_with("the columns are none"));
        assert!(error_of("prompt_tokens,output_tokens\n-4,4\n").contains("\"-4\""));
    }
}
