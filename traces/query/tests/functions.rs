//! Tables of analyses against the analyses, and functions over times against counting every nanosecond.

use std::collections::BTreeSet;
use std::fs::File;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use weftscope_query::{Cell, Database, QUESTIONS, QueryError, Taker};
use weftscope_traces::analysis::{Config, Ops, Reports};
use weftscope_traces::stream::silent;
use weftscope_traces::{OpenOptions, Trace, TrackKind, open};

/// A sample that ships with the program.
fn sample() -> Arc<Trace> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../samples/h200x2-default.weft");
    let file = File::open(path).expect("it is there");
    Arc::new(open(file, &OpenOptions::default(), &mut silent).expect("it is a recording"))
}

#[derive(Default)]
struct Ints(Vec<Vec<i64>>);

impl Taker for Ints {
    fn columns(&mut self, _: &[String]) -> Result<(), String> {
        Ok(())
    }

    fn row(&mut self, cells: &[Cell<'_>]) -> Result<ControlFlow<()>, String> {
        let int = |cell: &Cell<'_>| match *cell {
            Cell::Int(int) => int,
            _ => -1,
        };
        self.0.push(cells.iter().map(int).collect());
        Ok(ControlFlow::Continue(()))
    }
}

fn asked(database: &mut Database, query: &str) -> Result<Vec<Vec<i64>>, QueryError> {
    let mut taken = Ints::default();
    let mut asked = 0_u64;
    let stop = move || {
        asked += 1;
        asked > 20_000
    };
    database.run(query, stop, &mut taken)?;
    Ok(taken.0)
}

fn rows(database: &mut Database, query: &str) -> Vec<Vec<i64>> {
    asked(database, query).unwrap_or_else(|error| panic!("{query}: {error}"))
}

#[test]
fn tables_of_analyses_say_what_the_analyses_say() {
    let trace = sample();
    let mut database = Database::new(&trace).unwrap();
    let ops = Ops::of(&trace, &Config::default());
    let answers = Reports::of(&ops);
    let query = "select rank, compute_ns, exposed_comm_ns, exposed_memcpy_ns, idle_ns, span_ns from accounts \
                 where iteration is null order by rank";
    let of = |account: &weftscope_traces::analysis::RankAccount| {
        let total = &account.total;
        let idle_ns = total.idle_ns;
        let parts = [total.compute_ns, total.exposed_comm_ns, total.exposed_memcpy_ns, idle_ns];
        let mut row = vec![i64::from(account.rank)];
        row.extend(parts);
        row.push(total.span.len_ns());
        row
    };
    let mut expected: Vec<Vec<i64>> = answers.accounts.ranks.iter().map(of).collect();
    expected.sort();
    assert!(!expected.is_empty());
    assert_eq!(rows(&mut database, query), expected);
    let tables = database.tables().to_vec();
    for table in tables.iter().filter(|table| !table.is_function) {
        let all = table.columns.iter().chain(&table.hidden);
        let names: Vec<String> = all.map(|name| format!("\"{name}\"")).collect();
        let query = format!("select {} from {} limit 3", names.join(", "), table.name);
        rows(&mut database, &query);
    }
}

/// Spans of the ops on a rank's streams, cut to a length that can be counted nanosecond by nanosecond.
fn bits(trace: &Trace, rank: u32, upto_ns: i64) -> BTreeSet<i64> {
    let mut bits = BTreeSet::new();
    for lane in &trace.lanes {
        let kind = &trace.track(lane.track).kind;
        if !matches!(kind, TrackKind::Stream { rank: of, .. } if *of == rank) {
            continue;
        }
        for index in 0..lane.slices.len() {
            let span = lane.slices.span(index);
            if span.start_ns < upto_ns {
                bits.extend(span.start_ns..span.end_ns);
            }
        }
    }
    bits
}

#[test]
fn functions_over_times_count_as_nanoseconds_do() {
    let trace = sample();
    let mut database = Database::new(&trace).unwrap();
    let start_ns = trace.span_where(|kind| matches!(kind, TrackKind::Stream { .. })).start_ns;
    let upto_ns = start_ns + 2_000_000;
    let of = |rank: u32| {
        format!("'select ts, dur from gpu_slice where rank = {rank} and ts < {upto_ns}'")
    };
    let (zero, one) = (bits(&trace, 0, upto_ns), bits(&trace, 1, upto_ns));
    assert!(!zero.is_empty() && !one.is_empty());
    let hull = zero.last().unwrap() + 1 - zero.first().unwrap();
    for (call, expected) in [
        (format!("merged({})", of(0)), zero.len()),
        (format!("gaps_of({})", of(0)), hull as usize - zero.len()),
        (format!("intersected({}, {})", of(0), of(1)), (&zero & &one).len()),
        (format!("subtracted({}, {})", of(0), of(1)), (&zero - &one).len()),
    ] {
        let query = format!("select coalesce(sum(dur), 0) from {call}");
        assert_eq!(rows(&mut database, &query), [[expected as i64]], "{call}");
    }
    let width = 170_000;
    let windows =
        rows(&mut database, &format!("select ts, dur, busy from busy({}, {width})", of(0)));
    assert_eq!(windows.iter().map(|row| row[1]).sum::<i64>(), hull);
    for row in &windows {
        assert_eq!(row[2], zero.range(row[0]..row[0] + row[1]).count() as i64, "{row:?}");
    }
    let windows = rows(&mut database, "select ts, dur from buckets(10, 35, 10)");
    assert_eq!(windows, [[10, 10], [20, 10], [30, 5]]);
    let joined = "select count(*) from (select 1 as w union select 2) join buckets(0, 4, w)";
    assert_eq!(rows(&mut database, joined), [[6]]);
}

#[test]
fn what_is_given_wrongly_is_said() {
    let mut database = Database::new(&sample()).unwrap();
    let queries = [
        "select * from merged('select ts from gpu_slice')",
        "select * from merged('select name, dur from gpu_slice')",
        "select * from merged('select ts, dur from nowhere')",
        "select * from merged('create table x(a)')",
        "select * from merged(5)",
        "select * from merged",
        "select * from buckets(0, 100, 0)",
        "select * from buckets(-9223372036854775807, 9223372036854775807, 1)",
        "select * from buckets(0, 9000000000000000000, 1)",
        "select * from merged('with recursive n(i) as (select 1 union all select i + 1 from n) select i, 1 from n')",
    ];
    for query in queries {
        let error = asked(&mut database, query).err();
        assert!(error.is_some(), "{query}");
    }
    let error = asked(&mut database, queries[4]).err().map(|error| error.to_string());
    assert!(error.is_some_and(|error| error.contains("merged: argument 1 (query)")));
    // The end of the query around it ends the query within.
    assert!(matches!(asked(&mut database, queries[9]).err(), Some(QueryError::Stopped)));
    assert!(asked(&mut database, "select * from merged('select 9223372036854775807, 5')").is_err());
    assert_eq!(rows(&mut database, "select 1"), [[1]]);
}

#[test]
fn ready_questions_have_answers_that_add_up() {
    let trace = sample();
    let mut database = Database::new(&trace).unwrap();
    let mut total = 0;
    let mut longest = 0;
    for lane in &trace.lanes {
        if matches!(trace.track(lane.track).kind, TrackKind::Stream { .. }) {
            for index in 0..lane.slices.len() {
                total += lane.slices.span(index).len_ns();
                longest = longest.max(lane.slices.span(index).len_ns());
            }
        }
    }
    let answers = Reports::of(&Ops::of(&trace, &Config::default()));
    for question in QUESTIONS {
        let rows = rows(&mut database, question.sql);
        let sum = |column: usize| rows.iter().map(|row| row[column]).sum::<i64>();
        match question.name {
            "longest-kernels" => assert_eq!(rows[0][1], longest),
            "kernels-by-time" => assert_eq!(sum(3), total),
            "busy" => {
                let busy = |rank: u32| -> i64 {
                    let of_rank = |row: &&Vec<i64>| row[0] == i64::from(rank);
                    rows.iter().filter(of_rank).map(|row| row[3]).sum()
                };
                for account in &answers.accounts.ranks {
                    let of = &account.total;
                    assert!(busy(account.rank) >= of.span.len_ns() - of.idle_ns);
                }
            }
            "where-time-goes" => assert_eq!(rows.len(), answers.accounts.ranks.len()),
            "iterations" => assert_eq!(
                rows.len(),
                rows.iter().map(|row| (row[0], row[1])).collect::<BTreeSet<_>>().len()
            ),
            _ => {}
        }
    }
}
