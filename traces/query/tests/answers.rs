//! Answers against the same computed from the trace by hand; what a query may not do.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use weftscope_query::{Cell, Database, QueryError, Taker, slice_of_id};
use weftscope_traces::{
    ArgValue, ArgsId, Flow, FlowKind, Kind, Label, LabelId, Lane, LaneId, Meta, Provenance,
    SliceRef, SliceTable, Span, Trace, TraceParts, Track, TrackId, TrackKind,
};

/// Two streams, a thread with calls inside calls and an SM; slices by a small generator.
fn trace() -> Trace {
    let mut parts =
        TraceParts::new(Meta::new("test", Provenance::Modelled { source: "test".to_owned() }));
    let names = ["gemm", "allreduce", "norm", "gemm", "Äther"];
    for (layer, name) in (0..).zip(names) {
        let kind = if name == "allreduce" { Kind::Comm } else { Kind::Gemm };
        let name = name.to_owned();
        parts.labels.push(Label { name, kind, layer: Some(layer), ..Label::default() });
    }
    let kinds = [
        TrackKind::Stream { rank: 0, stream: 7 },
        TrackKind::Stream { rank: 1, stream: 8 },
        TrackKind::HostThread { rank: Some(0), pid: 10, tid: 11 },
        TrackKind::Sm { rank: 0, sm: 3 },
    ];
    let mut seed = 1_u64;
    let mut random = |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below
    };
    for (number, kind) in kinds.into_iter().enumerate() {
        let mut slices = SliceTable::default();
        let mut at_ns = 0;
        for index in 0..200 {
            at_ns += random(20) as i64;
            let end_ns = at_ns + random(50) as i64 + 4;
            let args = if index % 3 == 0 {
                parts.args.push([
                    ("stream", ArgValue::Int(index)),
                    ("shape", ArgValue::Text("4×4".into())),
                ])
            } else {
                ArgsId::NONE
            };
            slices.push(Span::new(at_ns, end_ns), LabelId(random(5) as u32), args, index as u32);
            at_ns = end_ns;
        }
        let is_thread = matches!(kind, TrackKind::HostThread { .. });
        let lane = LaneId(parts.lanes.len() as u32);
        let track = TrackId(number as u32);
        let mut lanes = vec![lane];
        parts.lanes.push(Lane { track, slices: slices.clone() });
        if is_thread {
            let mut inner = SliceTable::default();
            for index in (0..200).step_by(2) {
                let span = slices.span(index);
                let span = Span::new(span.start_ns + 1, span.end_ns - 1);
                inner.push(span, LabelId(4), ArgsId::NONE, 0);
            }
            lanes.push(LaneId(lane.0 + 1));
            parts.lanes.push(Lane { track, slices: inner });
        }
        parts.tracks.push(Track { parent: None, name: format!("track {number}"), kind, lanes });
    }
    let slice = |lane, index| SliceRef { lane: LaneId(lane), index };
    parts.flows.push(Flow { from: slice(2, 5), to: slice(0, 9), kind: FlowKind::Launch });
    Trace::checked(parts).expect("the parts fit")
}

#[derive(Default)]
struct Collected {
    names: Vec<String>,
    rows: Vec<Vec<String>>,
    modules: Vec<String>,
}

impl Taker for Collected {
    fn passed_over(&mut self, modules: &[String]) {
        self.modules.extend_from_slice(modules);
    }

    fn columns(&mut self, names: &[String]) -> Result<(), String> {
        self.names = names.to_vec();
        Ok(())
    }

    fn row(&mut self, cells: &[Cell<'_>]) -> Result<ControlFlow<()>, String> {
        let text = |cell: &Cell<'_>| match cell {
            Cell::Null => "null".to_owned(),
            Cell::Int(int) => int.to_string(),
            Cell::Real(real) => real.to_string(),
            Cell::Text(text) => (*text).to_owned(),
        };
        self.rows.push(cells.iter().map(text).collect());
        Ok(ControlFlow::Continue(()))
    }
}

fn asked(query: &str) -> Result<Collected, QueryError> {
    let mut taken = Collected::default();
    let asked_times = AtomicU64::new(0);
    // A bound of work, not of time, so that the test says the same on any machine.
    let stop = move || asked_times.fetch_add(1, Ordering::Relaxed) > 2_000;
    Database::new(&Arc::new(trace()))?.run(query, stop, &mut taken)?;
    Ok(taken)
}

fn rows(query: &str) -> Vec<Vec<String>> {
    asked(query).unwrap_or_else(|error| panic!("{query}: {error}")).rows
}

#[test]
fn grouped_and_sorted_rows_are_those_of_the_trace() {
    let trace = trace();
    let mut expected: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
    for lane in trace
        .lanes
        .iter()
        .filter(|lane| !matches!(trace.track(lane.track).kind, TrackKind::Sm { .. }))
    {
        for index in 0..lane.slices.len() {
            let sums = expected.entry(&trace.label(lane.slices.label[index]).name).or_default();
            *sums = (sums.0 + 1, sums.1 + lane.slices.span(index).len_ns());
        }
    }
    let expected: Vec<Vec<String>> = expected
        .iter()
        .map(|(name, (count, sum))| vec![(*name).to_owned(), count.to_string(), sum.to_string()])
        .collect();
    assert_eq!(rows("select name, count(*), sum(dur) from slice group by name"), expected);
    let reversed: Vec<_> = expected.into_iter().rev().collect();
    let query = "select name, count(*), sum(dur) from slice group by name order by name desc";
    assert_eq!(rows(query), reversed);
}

/// Every search that is narrowed or sorted by us against the same with a `+`, which hides the column from the planner.
#[test]
fn narrowed_searches_find_what_a_full_search_finds() {
    let conditions = [
        "ts >= 500",
        "ts > 500 and ts <= 900",
        "ts < 77",
        "ts = 77",
        "track_id = 1",
        "rank = 0 and ts between 100 and 2000",
        "name = 'gemm'",
        "name = 'Äther' and rank = 0",
        "name = 'nothing'",
        "name > 'b'",
        "id = 250",
        "id = 100000",
        "ts > 100.5",
        "rank is null",
        "track_id in (0, 2)",
        "name in ('norm', 'gemm')",
        "name = 'GEMM' collate nocase",
    ];
    let orders = ["", "order by ts", "order by ts desc", "order by name", "order by name desc"];
    for table in ["slice", "gpu_slice", "block"] {
        for condition in conditions {
            for order in orders {
                let query = |condition: &str, order: &str| {
                    let ties = if order.is_empty() { "" } else { ", +id" };
                    format!("select id, ts, dur, name from {table} where {condition} {order}{ties}")
                };
                let hidden = |text: &str| {
                    ["ts", "track_id", "rank", "name", "id"].iter().fold(
                        format!(" {text}"),
                        |text, column| {
                            text.replace(&format!(" {column} "), &format!(" +{column} "))
                        },
                    )
                };
                let (mut found, mut all) =
                    (rows(&query(condition, order)), rows(&query(&hidden(condition), "")));
                let is_sorted = !order.is_empty();
                let ordered = found.clone();
                found.sort();
                all.sort();
                assert!(found == all, "{table} {condition} {order}");
                if is_sorted {
                    let plain = rows(&query(condition, order).replace("order by ", "order by +"));
                    assert!(ordered == plain, "{table} {condition} {order}");
                }
            }
        }
    }
    let ts = |order: &str| rows(&format!("select ts from slice order by {order}"));
    assert_eq!(ts("ts"), ts("+ts"));
    assert_eq!(rows("select distinct name from slice order by name").len(), 4);
    assert_eq!(rows("select distinct name from slice order by name desc")[0][0], "Äther");
}

/// Groups that we bring together against groups that SQLite sorts, a `+` again hiding the columns.
#[test]
fn groups_are_those_that_sqlite_sorts() {
    let columns =
        ["name", "kind", "layer", "split", "phase", "rank", "track_id", "stream", "sm", "depth"];
    let mut groups: Vec<Vec<&str>> = columns.iter().map(|&column| vec![column]).collect();
    for first in columns {
        groups.extend(
            columns.iter().filter(|&&other| other != first).map(|&other| vec![first, other]),
        );
    }
    groups.push(vec!["rank", "name", "depth", "layer"]);
    for table in ["slice", "gpu_slice", "block"] {
        for group in &groups {
            let (shown, hidden) = (group.join(", "), format!("+{}", group.join(", +")));
            let query = |by: &str, order: &str| {
                format!(
                    "select {shown}, count(*), sum(dur) from {table} where ts > 100 group by {by} {order}"
                )
            };
            let mut ours = rows(&query(&shown, ""));
            let mut sorted = rows(&query(&hidden, ""));
            ours.sort();
            sorted.sort();
            assert!(ours == sorted && !ours.is_empty(), "{table} {shown}");
            let ordered =
                |by: &str| rows(&format!("select {shown}, id from {table} order by {by}, +id"));
            assert!(ordered(&shown) == ordered(&hidden), "{table} {shown}");
            let mut distinct =
                rows(&format!("select distinct {shown} from {table} where ts > 100"));
            distinct.sort();
            let keys: Vec<_> = ours.iter().map(|row| row[..group.len()].to_vec()).collect();
            assert!(distinct == keys, "{table} {shown}");
        }
    }
}

#[test]
fn the_place_of_a_mistake_is_said() {
    let query = "include perfetto module x;\n-- längs\nselect name,\n  durr from slice";
    let error = asked(query).err().expect("a mistake");
    let place = error.place(query).expect("a place");
    assert_eq!((place.line, place.column, place.text.as_str()), (4, 3, "  durr from slice"));
    let error = asked("select 1 frm x y").err().expect("a mistake");
    assert!(error.place("select 1 frm x y").is_some(), "{error}");
    let error = asked("select extract_args(1, 'x') from slice").err();
    let Some(QueryError::Unknown { name, known, .. }) = error else { panic!("no such function") };
    assert!(name == "extract_args" && known.contains(&"extract_arg".to_owned()));
}

#[test]
fn what_takes_rows_may_have_enough() {
    struct Few(usize);
    impl Taker for Few {
        fn columns(&mut self, _: &[String]) -> Result<(), String> {
            Ok(())
        }
        fn row(&mut self, _: &[Cell<'_>]) -> Result<ControlFlow<()>, String> {
            self.0 += 1;
            Ok(if self.0 == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        }
    }
    let mut few = Few(0);
    let mut database = Database::new(&Arc::new(trace())).unwrap();
    database.run("select * from slice", || false, &mut few).unwrap();
    assert_eq!(few.0, 3);
}

/// Ids in the tables are those by which the window finds a slice.
#[test]
fn ids_are_of_slices() {
    let trace = trace();
    for row in rows("select id, ts, dur from slice union all select id, ts, dur from block") {
        let slice = slice_of_id(&trace, row[0].parse().unwrap()).expect("a slice");
        let span = trace.span_of(slice);
        assert_eq!(
            (span.start_ns.to_string(), span.len_ns().to_string()),
            (row[1].clone(), row[2].clone())
        );
    }
    assert_eq!((slice_of_id(&trace, -1), slice_of_id(&trace, 1 << 40)), (None, None));
}

#[test]
fn what_stands_around_slices_joins() {
    let query =
        "select count(*), min(c.dur < p.dur) from slice c join slice p on c.parent_id = p.id";
    assert_eq!(rows(query), [["100", "1"]]);
    let query = "select s.ts, t.ts, kind from flow join slice s on s.id = slice_out join slice t on t.id = slice_in";
    let query = query.replace("kind", "flow.kind");
    let trace = trace();
    let starts = [(2, 5), (0, 9)].map(|(lane, index): (u32, usize)| {
        trace.lane(LaneId(lane)).slices.start_ns[index].to_string()
    });
    assert_eq!(rows(&query), [[starts[0].as_str(), starts[1].as_str(), "launch"]]);
    assert_eq!(rows("select tid, pid, count(*) from thread_slice"), [["11", "10", "300"]]);
    let query = "select sum(extract_arg(arg_set_id, 'args.stream')), min(extract_arg(arg_set_id, 'shape')) from gpu_slice";
    assert_eq!(rows(query), [["13266", "4×4"]]);
    assert_eq!(
        rows("select extract_arg(999999999, 'shape'), extract_arg(-1, 'x')"),
        [["null", "null"]]
    );
    let query = "select trace_dur() = end_ts - start_ts from trace_bounds";
    assert_eq!(rows(query), [["1"]]);
    let taken = asked("INCLUDE PERFETTO MODULE slices.with_context; select 1 as one").unwrap();
    assert_eq!(
        (taken.modules, taken.names),
        (vec!["slices.with_context".to_owned()], vec!["one".to_owned()])
    );
}

#[test]
fn queries_only_read_and_end() {
    let refused = [
        "create table x(a)",
        "attach 'x' as y",
        "pragma writable_schema = 1",
        "pragma hard_heap_limit = 0",
        "delete from slice",
        "drop view gpu_track",
        "select load_extension('x')",
        "begin",
        "vacuum into '/tmp/x'",
    ];
    for query in refused {
        assert!(asked(query).is_err(), "{query}");
    }
    assert!(matches!(asked("create table x(a)").err(), Some(QueryError::Denied(_))));
    let endless =
        "with recursive n(i) as (select 1 union all select i + 1 from n) select sum(i) from n";
    assert!(matches!(asked(endless).err(), Some(QueryError::Stopped)));
    for query in ["select zeroblob(1000000000000)", "select printf('%1000000000d', 1)"] {
        let error = asked(query).err();
        assert!(matches!(error, Some(QueryError::TooBig(_))), "{query}: {error:?}");
    }
    assert!(matches!(asked("select 1; select 2").err(), Some(QueryError::Several)));
    assert!(matches!(asked("-- nothing").err(), Some(QueryError::Nothing)));
    let Some(QueryError::Unknown { name, known, .. }) = asked("select 1 from slcie").err() else {
        panic!("there is no such table");
    };
    assert!(name == "slcie" && known.contains(&"gpu_track".to_owned()));
    let Some(QueryError::Unknown { name, known, .. }) = asked("select s.durr from slice s").err()
    else {
        panic!("there is no such column");
    };
    assert!(name == "durr" && known.contains(&"dur".to_owned()));
}
