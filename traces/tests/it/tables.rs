//! Tables as others read them: every format holds the same cells, Parquet as pyarrow has it, and what they are is documented.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::process::Command;

use weftscope_testkit::{Need, skip};
use weftscope_traces::analysis::{CompareConfig, Config, Ops, Reports, Statistics, compare};
use weftscope_traces::stream::silent;
use weftscope_traces::tables::{Answered, TABLES, Table, TableError, TableFormat, TableSource};
use weftscope_traces::{
    ArgsId, CounterSeries, Kind, Label, Meta, Provenance, Span, Trace, TraceBuilder, TrackKind,
};

use crate::oracles::run;
use crate::random::sample;

/// One table of a recording in one format.
fn written(table: &Table, trace: &Trace, format: TableFormat) -> Vec<u8> {
    let mut out = Vec::new();
    let ops = Ops::of(trace, &Config::default());
    if table.is_of_comparison() {
        let report = compare(&ops, &ops, CompareConfig::default());
        let source = TableSource::Comparison(&report);
        table.write(source, format, &mut out, &mut silent).expect("a Vec takes all");
        return out;
    }
    let (answers, statistics) = (Reports::of(&ops), Statistics::of(&ops));
    let all =
        [Answered { file: "a, \"b\".json", trace, answers: &answers, statistics: &statistics }];
    let source = TableSource::Report(&all);
    table.write(source, format, &mut out, &mut silent).expect("a Vec takes all");
    out
}

/// The records of a text, as RFC 4180 has them; the oracle of what is written.
fn records(text: &str) -> Vec<Vec<String>> {
    let mut records = vec![vec![String::new()]];
    let mut chars = text.chars().peekable();
    let mut is_quoted = false;
    while let Some(c) = chars.next() {
        let last = records.last_mut().expect("one");
        match c {
            '"' if is_quoted && chars.peek() == Some(&'"') => {
                chars.next();
                last.last_mut().expect("a field").push('"');
            }
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => last.push(String::new()),
            '\n' if !is_quoted => records.push(vec![String::new()]),
            c => last.last_mut().expect("a field").push(c),
        }
    }
    assert_eq!(records.pop(), Some(vec![String::new()]), "the last line ends too");
    records
}

/// A cell of JSON as CSV has it.
fn cell(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Null => String::new(),
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Number(number) if number.is_f64() => {
            format!("{:?}", number.as_f64().expect("a float"))
        }
        other => other.to_string(),
    }
}

#[test]
fn csv_and_json_of_every_table_hold_the_same_cells() {
    for (number, trace) in [run(2), sample(3, 300), sample(5, 300)].into_iter().enumerate() {
        for table in TABLES {
            let csv = String::from_utf8(written(table, &trace, TableFormat::Csv)).expect("UTF-8");
            let records = records(&csv);
            let names: Vec<&str> = table.columns().iter().map(|column| column.name).collect();
            assert_eq!(records[0], names, "{}", table.name);
            let json = written(table, &trace, TableFormat::Json);
            let rows: Vec<serde_json::Value> = serde_json::from_slice(&json).expect("JSON");
            assert_eq!(records.len() - 1, rows.len(), "{} of trace {number}", table.name);
            for (record, row) in records[1..].iter().zip(&rows) {
                let row = row.as_object().expect("an object");
                assert_eq!(row.len(), names.len());
                let cells: Vec<String> = names.iter().map(|name| cell(&row[*name])).collect();
                assert_eq!(*record, cells, "{} of trace {number}", table.name);
            }
        }
    }
}

/// Oracle: the trace itself.
#[test]
fn slices_blocks_and_counters_are_all_there() {
    let trace = run(2);
    let rows = |name: &str| -> Vec<serde_json::Value> {
        let table = Table::of_name(name).expect("it exists");
        serde_json::from_slice(&written(table, &trace, TableFormat::Json)).expect("JSON")
    };
    let (slices, blocks, counters) = (rows("slices"), rows("blocks"), rows("counters"));
    assert_eq!(slices.len() + blocks.len(), trace.num_slices());
    let total = |rows: &[serde_json::Value]| -> i64 {
        rows.iter().filter_map(|row| row["duration_ns"].as_i64()).sum()
    };
    let lanes = trace
        .lanes
        .iter()
        .flat_map(|lane| (0..lane.slices.len()).map(|row| lane.slices.span(row).len_ns()));
    assert_eq!(total(&slices) + total(&blocks), lanes.sum::<i64>());
    let samples: usize = trace.counters.iter().map(|counter| counter.at_ns.len()).sum();
    assert_eq!(counters.len(), samples);
    assert!(counters.iter().all(|row| row["unit"] == "GB/s"));
    for row in slices.iter().chain(&blocks) {
        assert_eq!(row["provenance"], "modelled");
        let unix_ns = row["start_unix_ns"].as_i64().expect("known");
        assert_eq!(unix_ns - row["start_ns"].as_i64().expect("known"), 1_790_857_026_000_000_000);
    }
    let gemm = blocks.iter().find(|row| row["name"] == "gate_up").expect("blocks of it");
    assert_eq!((&gemm["kind"], &gemm["phase"]), (&"gemm".into(), &"A".into()));
}

/// What is not known is empty and null, never 0.
#[test]
fn unknown_is_empty() {
    let mut out =
        TraceBuilder::new(Meta::new("one", Provenance::Unknown { source: String::new() }));
    let track = out.track(None, "a\nb, \"c\"", TrackKind::Stream { rank: 0, stream: 7 });
    let lane = out.lane(track);
    let label = |name: &str, kind| Label { name: name.to_owned(), kind, ..Label::default() };
    let comm = out.label(label("ncclAllReduce", Kind::Comm));
    out.push(lane, Span::new(0, 10), comm, ArgsId::NONE, 0);
    let value = vec![f64::NAN];
    out.counter(CounterSeries {
        name: "c".into(),
        at_ns: vec![0],
        value,
        ..CounterSeries::default()
    });
    let trace = out.finish().expect("valid");
    let text = |name: &str, format| {
        let table = Table::of_name(name).expect("it exists");
        String::from_utf8(written(table, &trace, format)).expect("UTF-8")
    };
    let slices = text("slices", TableFormat::Csv);
    let expected = "0,,10,0,stream,\"a\nb, \"\"c\"\"\",0,7,,,ncclAllReduce,comm,,,,,,unknown\n";
    assert_eq!(slices.split_once('\n').map(|(_, rows)| rows), Some(expected));
    let ranks: serde_json::Value =
        serde_json::from_str(&text("ranks", TableFormat::Json)).expect("JSON");
    assert_eq!(ranks[0]["wait_ns"], serde_json::Value::Null, "one rank waits for nobody known");
    let counters: serde_json::Value =
        serde_json::from_str(&text("counters", TableFormat::Json)).expect("JSON");
    assert_eq!(counters[0]["value"], serde_json::Value::Null);
    assert!(counters[0].get("unit").is_some_and(serde_json::Value::is_null));
}

const PYARROW: &str = "
import sys
try:
    import pyarrow.parquet as parquet
except ImportError:
    print('no pyarrow')
    sys.exit()
file = parquet.ParquetFile(sys.argv[1])
meta = file.metadata
told = {key.decode(): value.decode() for key, value in (meta.metadata or {}).items()}
print('told', told.get('weftscope.provenance'), told.get('weftscope.base_time_unix_ns'))
print('groups', [meta.row_group(at).num_rows for at in range(meta.num_row_groups)])
for field in file.schema_arrow:
    print('column', field.name, field.type)
import json
for row in file.read().to_pylist():
    print('row', json.dumps(list(row.values())))
";

/// What pyarrow reads, line by line; `None` when it is not there.
fn pyarrow(file: &Path) -> Option<Vec<String>> {
    let Some(python) = std::env::var_os("WEFTSCOPE_ORACLE_PYTHON") else {
        skip(Need::Oracle, "WEFTSCOPE_ORACLE_PYTHON names no Python with pyarrow");
        return None;
    };
    let answer = Command::new(python).args(["-c", PYARROW]).arg(file).output().expect("it runs");
    let text = String::from_utf8_lossy(&answer.stdout).into_owned();
    assert!(answer.status.success(), "{text}{}", String::from_utf8_lossy(&answer.stderr));
    if text.starts_with("no pyarrow") {
        skip(Need::Oracle, "the Python of WEFTSCOPE_ORACLE_PYTHON has no pyarrow");
        return None;
    }
    Some(text.lines().map(str::to_owned).collect())
}

/// Oracle: pyarrow, against the same table in JSON.
#[test]
fn pyarrow_reads_every_table() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    for trace in [run(2), sample(4, 300)] {
        for table in TABLES {
            let path = dir.path().join(format!("{}.parquet", table.name));
            std::fs::write(&path, written(table, &trace, TableFormat::Parquet)).expect("room");
            let Some(lines) = pyarrow(&path) else { return };
            let of = |what: &'static str| lines.iter().filter_map(move |it| it.strip_prefix(what));
            let types: BTreeMap<&str, &str> =
                [("integer", "int64"), ("number", "double"), ("text", "string")].into();
            let columns: Vec<String> = table
                .columns()
                .iter()
                .map(|column| format!("{} {}", column.name, types[column.cell.name()]))
                .collect();
            assert_eq!(of("column ").collect::<Vec<_>>(), columns, "{}", table.name);
            let json = written(table, &trace, TableFormat::Json);
            let expected: Vec<serde_json::Value> = serde_json::from_slice(&json).expect("JSON");
            let rows: Vec<Vec<serde_json::Value>> =
                of("row ").map(|row| serde_json::from_str(row).expect("JSON")).collect();
            assert_eq!(rows.len(), expected.len(), "{}", table.name);
            for (row, expected) in rows.iter().zip(&expected) {
                let names = table.columns().into_iter().map(|column| &expected[column.name]);
                let (row, expected): (Vec<String>, Vec<String>) =
                    row.iter().map(cell).zip(names.map(cell)).unzip();
                assert_eq!(row, expected, "{}", table.name);
            }
        }
    }
}

/// A recording of more rows than are kept at once, written as a stream.
#[test]
fn long_tables_are_several_row_groups_and_can_be_cancelled() {
    let provenance = Provenance::Modelled { source: "test".to_owned() };
    let mut meta = Meta::new("long", provenance);
    meta.base_time_unix_ns = 5;
    let mut out = TraceBuilder::new(meta);
    let track = out.track(None, "SM 0", TrackKind::Sm { rank: 0, sm: 0 });
    let (lane, label) = (out.lane(track), out.label(Label::default()));
    let count = TableFormat::ROW_GROUP as i64 + 1000;
    for at in 0..count {
        out.push(lane, Span::new(3 * at, 3 * at + 2), label, ArgsId::NONE, at as u32);
    }
    let trace = out.finish().expect("valid");
    let blocks = Table::of_name("blocks").expect("it exists");
    let source = TableSource::Recordings(&[&trace]);
    let stop = &mut |_| std::ops::ControlFlow::Break(());
    let stopped = blocks.write(source, TableFormat::Csv, &mut Vec::new(), stop);
    assert!(matches!(stopped, Err(TableError::Cancelled)));
    let dir = tempfile::tempdir().expect("a temporary folder");
    let path = dir.path().join("blocks.parquet");
    let mut file = File::create(&path).expect("a file");
    blocks.write(source, TableFormat::Parquet, &mut file, &mut silent).expect("room");
    let bytes = path.metadata().expect("it exists").len();
    assert!(
        bytes < 2 * count as u64,
        "{bytes} bytes of {count} rows: times are steps, names are told once"
    );
    let Some(lines) = pyarrow(&path) else { return };
    assert_eq!(lines[0], "told modelled 5");
    assert_eq!(lines[1], format!("groups [{}, 1000]", TableFormat::ROW_GROUP));
    let last = lines.last().expect("rows");
    let at = 3 * (count - 1);
    assert!(
        last.starts_with(&format!("row [{at}, {}, 2, 0, 0, 0, {}", at + 5, count - 1)),
        "{last}"
    );
}

/// Every table and every column as `docs/tables.md` has them.
#[test]
fn tables_are_documented() {
    let mut expected = String::new();
    for table in TABLES {
        expected += &format!("\n## {}\n\n{}\n\n", table.name, capital(table.about));
        expected += "| column | type | what it says |\n| --- | --- | --- |\n";
        for column in table.columns() {
            expected +=
                &format!("| {} | {} | {} |\n", column.name, column.cell.name(), column.about);
        }
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/tables.md");
    let page = std::fs::read_to_string(path).expect("the page exists");
    let at = page.find("\n## ").expect("a section");
    if page[at..] != expected {
        let right = Path::new(env!("CARGO_TARGET_TMPDIR")).join("tables.md");
        std::fs::write(&right, format!("{}{expected}", &page[..at])).expect("room");
        panic!("docs/tables.md says something else; what it should be is in {}", right.display());
    }
}

fn capital(text: &str) -> String {
    format!("{}{}.", text[..1].to_uppercase(), &text[1..])
}
