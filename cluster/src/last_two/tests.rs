//! Against sorting, however rows are dealt out.

use super::*;

/// Rows of a time, a rank and a group.
type Row = (i64, i64, usize);

const ROWS: [Row; 9] = [
    (3, 0, 0),
    (9, 5, 0),
    (9, 2, 0),
    (-4, 1, 1),
    (7, 4, 0),
    (-9, 6, 1),
    (8, 3, 2),
    (i64::MIN, 7, 1),
    (-4, 8, 1),
];

fn values(rows: &[Row]) -> (Vec<ArrayRef>, Vec<usize>) {
    let column = |get: fn(&Row) -> i64| -> ArrayRef {
        Arc::new(rows.iter().map(|row| Some(get(row))).collect::<Int64Array>())
    };
    (vec![column(|row| row.0), column(|row| row.1)], rows.iter().map(|row| row.2).collect())
}

/// Oracle: all rows of a group sorted, the latest first, of these the lowest rank.
fn sorted(rows: &[Row], group: usize) -> Two {
    let mut own: Vec<&Row> = rows.iter().filter(|row| row.2 == group).collect();
    own.sort_by_key(|row| (std::cmp::Reverse(row.0), row.1));
    let last = own.first().map(|row| Late { time: row.0, rank: row.1 });
    Two { last, second: own.get(1).map(|row| row.0) }
}

#[test]
fn two_halves_make_the_whole() {
    for cut in 0..=ROWS.len() {
        let mut whole = Groups::default();
        for part in [&ROWS[..cut], &ROWS[cut..]] {
            let mut groups = Groups::default();
            let (rows, of) = values(part);
            groups.update_batch(&rows, &of, None, 3).expect("whole numbers");
            let state = groups.state(EmitTo::All).expect("whole numbers");
            whole.merge_batch(&state, &[0, 1, 2], 3).expect("whole numbers");
        }
        let expected: Vec<Two> = (0..3).map(|group| sorted(&ROWS, group)).collect();
        assert_eq!(whole.0, expected, "cut at {cut}");
        assert_eq!(whole.0[2].second, None, "one alone has none before it");
    }
}

#[test]
fn rows_by_themselves_and_filters_say_the_same() {
    let keep = |row: &Row| row.1 % 3 != 2;
    let kept: Vec<Row> = ROWS.into_iter().filter(keep).collect();
    let filter: BooleanArray = ROWS.iter().map(|row| Some(keep(row))).collect();
    let (rows, of) = values(&ROWS);
    let mut groups = Groups::default();
    groups.update_batch(&rows, &of, Some(&filter), 3).expect("whole numbers");
    let mut merged = Groups::default();
    let states = merged.convert_to_state(&rows, Some(&filter)).expect("whole numbers");
    merged.merge_batch(&states, &of, 3).expect("whole numbers");
    let expected: Vec<Two> = (0..3).map(|group| sorted(&kept, group)).collect();
    assert_eq!(groups.0, expected);
    assert_eq!(merged.0, expected);
}
