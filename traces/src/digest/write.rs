//! Digests as Parquet.

use std::io::Write;
use std::ops::ControlFlow;

use super::row::{DigestOf, IterationRow, OpRow};
use super::schema::{VERSION, iterations, ops};
use crate::tables::TableError;
use crate::tables::column::emit;
use crate::tables::write::parquet_sink;

/// Writes rows of ops; `go_on` counts rows and may stop it.
///
/// # Errors
/// [`TableError`]; what was written until then is not a whole file.
pub fn write_ops<'a>(
    of: &'a DigestOf,
    rows: impl Iterator<Item = OpRow<'a>>,
    out: &mut dyn Write,
    go_on: &mut dyn FnMut(u64) -> ControlFlow<()>,
) -> Result<(), TableError> {
    let server = of.server.as_deref();
    let told = told(of);
    emit(&ops(), rows.map(|row| (server, row)), &mut *parquet_sink(out, told, go_on))
}

/// Writes rows of iterations.
///
/// # Errors
/// As [`write_ops`].
pub fn write_iterations(
    of: &DigestOf,
    rows: &[IterationRow],
    out: &mut dyn Write,
) -> Result<(), TableError> {
    let server = of.server.as_deref();
    let progress = &mut |_| ControlFlow::Continue(());
    let rows = rows.iter().map(|row| (server, row));
    emit(&iterations(), rows, &mut *parquet_sink(out, told(of), progress))
}

/// What a file says of itself, by key.
fn told(of: &DigestOf) -> Vec<(String, String)> {
    let clock = if of.is_unix_time { "unix" } else { "untold" };
    let pairs =
        [("digest", VERSION), ("job", &of.job), ("provenance", &of.provenance), ("clock", clock)];
    let mut told: Vec<(String, String)> =
        pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
    told.push(("rank".to_owned(), of.rank.to_string()));
    let maybe = [("server", &of.server), ("recording", &of.recording)];
    told.extend(
        maybe.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value.clone()?))),
    );
    told
}
