use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What was tuned for one token count: a row in the JSON format of the TokenWeave artifact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableRow {
    /// CTAs of the fused kernel when it runs without overlap. Written by the artifact's tuner and read by nothing.
    pub baseline_ctas: u32,
    /// CTAs of the fused kernel under attention.
    pub attention_ctas: u32,
    /// CTAs of the fused kernel under the MLP.
    pub mlp_ctas: u32,
    /// Tokens by which the prefix is longer than half of the padded batch.
    pub split_offset: i32,
}

/// A tuned table: token count → row. Specific to a model, a tensor-parallel degree and a kind of workload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<String, TableRow>", into = "BTreeMap<String, TableRow>")]
pub struct SplitTable {
    rows: BTreeMap<u32, TableRow>,
}

/// Why a text is no table.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum TableError {
    /// Not JSON, or not of this shape; the message has line and column.
    #[error("not a split table: {0}")]
    Json(String),
    /// A key is not a token count.
    #[error(
        "the key {key:?} is not a token count; keys are positive whole numbers such as \"4096\""
    )]
    Key {
        /// The key.
        key: String,
    },
    /// A value is out of range.
    #[error("{field} of key {key} is 0; a collective needs at least one CTA")]
    NoCtas {
        /// The key.
        key: u32,
        /// The field.
        field: &'static str,
    },
    /// Nothing in it.
    #[error("the split table has no rows")]
    Empty,
}

impl SplitTable {
    /// A table of these rows; a later row of the same key replaces an earlier one.
    pub fn from_rows(rows: impl IntoIterator<Item = (u32, TableRow)>) -> Self {
        Self { rows: rows.into_iter().collect() }
    }

    /// Reads the JSON format of the TokenWeave artifact: an object from token counts (as strings) to
    /// `{baseline_ctas, attention_ctas, mlp_ctas, split_offset}`.
    ///
    /// # Errors
    /// [`TableError`] with the place in the text or the key.
    pub fn parse(json: &str) -> Result<Self, TableError> {
        let named: BTreeMap<String, TableRow> =
            serde_json::from_str(json).map_err(|err| TableError::Json(err.to_string()))?;
        Self::try_from(named)
    }

    /// The same format, keys in ascending order, one row a line.
    pub fn to_json(&self) -> String {
        let line = |(tokens, row): (&u32, &TableRow)| {
            let TableRow { baseline_ctas, attention_ctas, mlp_ctas, split_offset } = row;
            format!(
                "  \"{tokens}\": {{ \"baseline_ctas\": {baseline_ctas}, \"attention_ctas\": {attention_ctas}, \
                 \"mlp_ctas\": {mlp_ctas}, \"split_offset\": {split_offset} }}"
            )
        };
        format!("{{\n{}\n}}\n", self.rows.iter().map(line).collect::<Vec<_>>().join(",\n"))
    }

    /// The table that ships with the program for a model and degree, if there is one.
    pub fn builtin(model: &str, tp: u32) -> Option<Self> {
        match (model, tp) {
            ("llama-3.3-70b", 8) => {
                Some(Self::parse(include_str!("../../tables/llama-3.3-70b_tp8.json")))
            }
            _ => None,
        }?
        .ok()
    }

    /// The row whose key is nearest to `tokens`, and that key; of two equally near keys the smaller.
    pub fn nearest(&self, tokens: u32) -> Option<(u32, TableRow)> {
        self.rows.iter().min_by_key(|(key, _)| key.abs_diff(tokens)).map(|(key, row)| (*key, *row))
    }

    /// Rows in ascending order of tokens.
    pub fn rows(&self) -> impl Iterator<Item = (u32, TableRow)> {
        self.rows.iter().map(|(key, row)| (*key, *row))
    }
}

impl TryFrom<BTreeMap<String, TableRow>> for SplitTable {
    type Error = TableError;

    fn try_from(named: BTreeMap<String, TableRow>) -> Result<Self, TableError> {
        let mut rows = BTreeMap::new();
        for (key, row) in named {
            let tokens = match key.parse::<u32>() {
                Ok(tokens) if tokens > 0 => tokens,
                _ => return Err(TableError::Key { key }),
            };
            for (field, ctas) in
                [("attention_ctas", row.attention_ctas), ("mlp_ctas", row.mlp_ctas)]
            {
                if ctas == 0 {
                    return Err(TableError::NoCtas { key: tokens, field });
                }
            }
            rows.insert(tokens, row);
        }
        if rows.is_empty() { Err(TableError::Empty) } else { Ok(Self { rows }) }
    }
}

impl From<SplitTable> for BTreeMap<String, TableRow> {
    fn from(table: SplitTable) -> Self {
        table.rows.into_iter().map(|(tokens, row)| (tokens.to_string(), row)).collect()
    }
}
