//! What a query may do: read, for as long and with as much memory as it is given.

use rusqlite::Connection;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;

/// Bytes of one value.
const VALUE_BYTES: i32 = 64 << 20;
/// Bytes of a query.
const QUERY_BYTES: i32 = 1 << 20;
/// Bytes that SQLite takes for everything.
const HEAP_BYTES: i64 = 2 << 30;

/// Bounds what a connection takes; after [`close`] nothing but reading is possible.
pub(crate) fn bound(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, VALUE_BYTES)?;
    connection.set_limit(Limit::SQLITE_LIMIT_SQL_LENGTH, QUERY_BYTES)?;
    connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
    connection.pragma_update(None, "hard_heap_limit", HEAP_BYTES)
}

/// Allows reading and nothing else from now on.
pub(crate) fn close(connection: &mut Connection) -> rusqlite::Result<()> {
    connection.authorizer(Some(|context: AuthContext<'_>| match context.action {
        AuthAction::Select | AuthAction::Read { .. } | AuthAction::Recursive => {
            Authorization::Allow
        }
        AuthAction::Function { function_name }
            if !function_name.eq_ignore_ascii_case("load_extension") =>
        {
            Authorization::Allow
        }
        _ => Authorization::Deny,
    }))
}
