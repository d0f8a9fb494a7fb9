//! The same queries over the same file, here and in Perfetto's trace_processor: the same answers.

use std::fs::File;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use serde_json::Value;
use weftscope_query::{Cell, Database, Taker};
use weftscope_testkit::{Need, recording, skip};
use weftscope_traces::stream::silent;
use weftscope_traces::{OpenOptions, open};

/// One for each thing that people who know Perfetto write; every answer in an order of its own.
///
/// Times count from the first of the recording, since ours begin at the base time of the file. Marks of the profiler stand in
/// other rows here, so what is counted is what ran on streams and threads.
const QUERIES: &[&str] = &[
    // Aggregates by name and by category.
    "select name, count(*), sum(dur), min(dur), max(dur) from slice where category = 'kernel' group by name order by name",
    "select category, count(*), sum(dur) from slice where category in \
     ('kernel', 'gpu_memset', 'cpu_op', 'cuda_runtime', 'cuda_driver') group by category order by category",
    "select cat, name, dur from slice where cat = 'cuda_runtime' order by dur desc, name limit 50",
    // Times against one another.
    "select ts - (select min(ts) from slice where category = 'kernel'), dur, name from slice where category = 'kernel' \
     order by ts, name limit 400",
    "select name, dur, lag(name) over (order by ts), lead(ts) over (order by ts) - ts - dur from slice \
     where category = 'gpu_memset' order by ts",
    // Call stacks.
    "select child.name, parent.name, count(*) from slice child join slice parent on child.parent_id = parent.id \
     where child.category = 'cuda_runtime' group by 1, 2 order by 1, 2",
    "select depth, count(*) from slice where category in ('cpu_op', 'cuda_runtime') group by depth order by depth",
    // Threads and processes.
    "select tid, pid, count(*), sum(dur) from slice join thread_track on slice.track_id = thread_track.id \
     join thread using (utid) join process using (upid) where category = 'cpu_op' group by tid, pid order by tid",
    "include perfetto module slices.with_context; \
     select thread_name, tid, pid, process_name, is_main_thread, count(*) from thread_slice where category = 'cpu_op' \
     group by 1, 2, 3, 4, 5 order by tid",
    // Arguments.
    "select extract_arg(arg_set_id, 'args.stream'), extract_arg(arg_set_id, 'args.grid[0]'), \
     extract_arg(arg_set_id, 'args.block[1]'), count(*), sum(dur) from slice where category = 'kernel' \
     group by 1, 2, 3 order by 1, 2, 3",
    "select flat_key, key, value_type, count(*), sum(int_value), count(distinct string_value) from slice \
     join args using (arg_set_id) where category = 'kernel' group by 1, 2, 3 order by 1, 2, 3",
    "select display_value, count(*) from slice join args using (arg_set_id) where key = 'args.Collective name' \
     group by 1 order by 1",
    "select name, extract_arg(arg_set_id, 'args.nowhere') from slice where category = 'kernel' order by ts limit 3",
    // Arrows.
    "select o.category, i.category, count(*) from flow join slice o on slice_out = o.id join slice i on slice_in = i.id \
     where o.category in ('cuda_runtime', 'cuda_driver') and i.category in ('kernel', 'gpu_memset') group by 1, 2 order by 1, 2",
    "select s.name, a.name, count(*), sum(a.dur) from slice s join ancestor_slice(s.id) a \
     where s.category = 'cuda_runtime' group by 1, 2 order by 1, 2",
    "select s.name, count(*), sum(d.dur) from slice s join descendant_slice(s.id) d where s.category = 'cpu_op' \
     and s.dur > 200000 group by 1 order by 1",
    "select s.name, count(*) from slice s join directly_connected_flow(s.id) where s.category = 'cuda_runtime' \
     group by 1 order by 1",
    "select s.name, count(*) from slice s join following_flow(s.id) where s.category = 'cpu_op' and s.depth = 3 \
     group by 1 order by 1",
    "select s.name, count(*) from slice s join preceding_flow(s.id) where s.category = 'kernel' group by 1 order by 1",
    // What is not in the file.
    "select count(*), sum(value) from counter",
    "select count(*) from gpu_counter_track",
    "include perfetto module time.conversion; select iif(dur > time_from_ms(1), 'long', 'short') as length, count(*) from slice where category = 'kernel' \
     group by length order by length",
];

#[test]
fn perfetto_answers_the_same() {
    let Some(folder) = std::env::var_os("WEFTSCOPE_PERFETTO_DIR") else {
        return skip(Need::Oracle, "WEFTSCOPE_PERFETTO_DIR does not name Perfetto's wasm folder");
    };
    for name in ["weave_rank0", "sequential_rank1"] {
        let path = recording(name);
        let Some(theirs) = theirs(&path, QUERIES, &folder) else { return };
        let file = File::open(&path).expect("it is there");
        let trace = open(file, &OpenOptions::default(), &mut silent).expect("a recording");
        let mut database = Database::new(&Arc::new(trace)).expect("a database");
        let mut rows = 0;
        let mut differ = Vec::new();
        for (query, expected) in QUERIES.iter().zip(theirs) {
            assert!(expected["error"].is_null(), "{query}: {expected}");
            let mut ours = Rows::default();
            database
                .run(query, || false, &mut ours)
                .unwrap_or_else(|error| panic!("{query}: {error}"));
            let expected = expected["rows"].as_array().expect("rows");
            rows += expected.len();
            if ours.0 != *expected {
                differ.push(format!("{query}\n  ours {:?}\n  Perfetto's {expected:?}", ours.0));
            }
        }
        assert!(differ.is_empty(), "{name}: {} differ\n{}", differ.len(), differ.join("\n"));
        assert!(rows > 300, "{rows} rows were compared");
    }
}

/// Tables whose columns are to be here, all of them.
const TABLES: &[&str] = &[
    "slice",
    "gpu_slice",
    "track",
    "gpu_track",
    "thread_track",
    "process_track",
    "counter",
    "counter_track",
    "gpu_counter_track",
    "thread",
    "process",
    "flow",
    "args",
    "thread_slice",
    "process_slice",
    "trace_bounds",
];

#[test]
fn perfettos_columns_are_here() {
    let Some(folder) = std::env::var_os("WEFTSCOPE_PERFETTO_DIR") else {
        return skip(Need::Oracle, "WEFTSCOPE_PERFETTO_DIR does not name Perfetto's wasm folder");
    };
    let path = recording("weave_rank0");
    let queries: Vec<String> = TABLES
        .iter()
        .map(|table| {
            format!("include perfetto module slices.with_context; select * from {table} limit 0")
        })
        .collect();
    let queries: Vec<&str> = queries.iter().map(String::as_str).collect();
    let Some(theirs) = theirs(&path, &queries, &folder) else { return };
    let file = File::open(&path).expect("it is there");
    let trace = open(file, &OpenOptions::default(), &mut silent).expect("a recording");
    let database = Database::new(&Arc::new(trace)).expect("a database");
    let mut missing = Vec::new();
    for (table, theirs) in TABLES.iter().zip(theirs) {
        let ours = database.tables().iter().find(|it| it.name == *table);
        let ours = ours.unwrap_or_else(|| panic!("there is no {table}"));
        let ours = [ours.columns.clone(), ours.hidden.clone()].concat();
        let names = theirs["cols"].as_array().expect("columns");
        assert!(names.len() > 1, "{table}: {theirs}");
        let names = names.iter().filter_map(Value::as_str);
        let names = names.filter(|name| !ours.iter().any(|column| column == name));
        missing.extend(names.map(|name| format!("{table}.{name}")));
    }
    assert!(missing.is_empty(), "{missing:?}");
}

/// An answer a query; `None` without node.
fn theirs(path: &Path, queries: &[&str], folder: &std::ffi::OsStr) -> Option<Vec<Value>> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/tools/trace_processor.mjs");
    let answer = Command::new("node")
        .arg(script)
        .arg("--json")
        .arg(path)
        .args(queries)
        .env("PERFETTO_DIR", folder)
        .output();
    let Ok(answer) = answer else {
        skip(Need::Oracle, "node is not there");
        return None;
    };
    assert!(answer.status.success(), "{}", String::from_utf8_lossy(&answer.stderr));
    let text = String::from_utf8(answer.stdout).expect("text");
    let lines: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines.len(), queries.len(), "an answer a query");
    Some(lines)
}

#[derive(Default)]
struct Rows(Vec<Value>);

impl Taker for Rows {
    fn columns(&mut self, _: &[String]) -> Result<(), String> {
        Ok(())
    }

    fn row(&mut self, cells: &[Cell<'_>]) -> Result<ControlFlow<()>, String> {
        let cell = |cell: &Cell<'_>| match *cell {
            Cell::Null => Value::Null,
            Cell::Int(int) => int.into(),
            Cell::Real(real) => real.into(),
            Cell::Text(text) => text.into(),
        };
        self.0.push(cells.iter().map(cell).collect());
        Ok(ControlFlow::Continue(()))
    }
}
