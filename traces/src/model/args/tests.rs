use super::*;

/// Keys and values of every kind, near and far, in some order that depends on `n`.
fn row(n: u64) -> Vec<(String, ArgValue)> {
    let hash = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let num_keys = (hash >> 60) % 6 + u64::from(n.is_multiple_of(3));
    (0..num_keys)
        .map(|at| {
            let pick = hash >> (at * 8);
            let value = match pick % 7 {
                0 => ArgValue::Int(n as i64),
                1 => ArgValue::Int(hash as i64),
                2 => ArgValue::Int(-(n as i64)),
                3 => ArgValue::Float(n as f64 / 3.0),
                4 => ArgValue::Text(format!("text {}", pick % 50)),
                5 => ArgValue::Json(format!("[{}]", pick % 9)),
                _ => ArgValue::Int([i64::MIN, i64::MAX, 0, 1][pick as usize / 7 % 4]),
            };
            (format!("key {}", (pick >> 3) % 12), value)
        })
        .collect()
}

fn stored(rows: &[Args]) -> (ArgStore, Vec<ArgsId>) {
    let mut store = ArgStore::default();
    let push = |row: &Args| store.push(row.iter().map(|(k, v)| (k.as_str(), v.clone())));
    let ids = rows.iter().map(push).collect();
    (store, ids)
}

/// Oracle: the rows as they were.
#[test]
fn rows_come_back_in_any_order() {
    let rows: Vec<Args> = (0..3000).map(row).collect();
    let (store, ids) = stored(&rows);
    assert_eq!(store.len(), rows.iter().filter(|row| !row.is_empty()).count());
    for at in (0..3000).map(|n| n * 1777 % 3000) {
        assert_eq!(store.get(ids[at]), rows[at], "row {at}");
    }
    let mut reader = store.reader();
    for (id, row) in ids.iter().zip(&rows) {
        assert_eq!(reader.args(*id), *row);
    }
    assert_eq!(store.get(ArgsId(store.len() as u32)), []);
}

/// Oracle: one store that all rows were pushed into.
#[test]
fn stores_appended_are_one_store() {
    let rows: Vec<Args> = (0..500).map(row).collect();
    let (whole, _) = stored(&rows);
    let (mut first, _) = stored(&rows[..100]);
    let (mut second, _) = stored(&rows[100..250]);
    let (third, _) = stored(&rows[250..400]);
    assert_eq!(
        second.append(third),
        rows[100..250].iter().filter(|r| !r.is_empty()).count() as u32
    );
    first.append(second);
    for row in &rows[400..] {
        first.push(row.iter().map(|(k, v)| (k.as_str(), v.clone())));
    }
    assert!(first == whole);
    let mut other = rows;
    other[333].push(("one more".to_owned(), ArgValue::Int(1)));
    assert!(stored(&other).0 != whole);
}

#[test]
fn rows_that_are_abandoned_leave_nothing() {
    let mut store = ArgStore::default();
    store.add("a", BorrowedValue::Int(1));
    store.abandon_row();
    assert_eq!(store.end_row(), ArgsId::NONE);
    store.add("b", BorrowedValue::Text("x"));
    let row = store.end_row();
    assert_eq!(store.get(row), [("b".to_owned(), ArgValue::Text("x".to_owned()))]);
}

/// What PyTorch says of a kernel: thirteen arguments.
#[test]
fn a_kernels_arguments_take_about_a_byte_each() {
    let mut store = ArgStore::default();
    let num_rows = 10_000;
    for n in 0..num_rows {
        store.add("External id", BorrowedValue::Int(1_000_000 + n));
        for key in ["queued", "device", "context", "stream"] {
            store.add(key, BorrowedValue::Int(7));
        }
        store.add("correlation", BorrowedValue::Int(3_000_000 + 3 * n));
        for key in ["registers per thread", "shared memory"] {
            store.add(key, BorrowedValue::Int(4096));
        }
        for key in ["blocks per SM", "warps per SM"] {
            store.add(key, BorrowedValue::Float(124.121_216));
        }
        store.add("grid", BorrowedValue::Json("[16384,1,1]"));
        store.add("block", BorrowedValue::Json("[128,1,1]"));
        store.add("est. achieved occupancy %", BorrowedValue::Int(100));
        store.end_row();
    }
    let bytes_a_row = store.row_bytes() as f64 / num_rows as f64;
    assert!(bytes_a_row < 17.0, "{bytes_a_row}");
}
