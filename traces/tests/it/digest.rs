//! Digests as others read them: Parquet as pyarrow has it, in hive's folders, with columns as they are documented.

use std::ops::ControlFlow;
use std::path::Path;
use std::process::Command;

use weftscope_testkit::{Need, skip};
use weftscope_traces::digest::{
    CollectiveRow, DigestOf, IterationRow, Kind, OpRow, OpTimes, columns, read_groups,
    read_iterations, read_op_times, write_iterations, write_ops,
};
use weftscope_traces::{Phase, Split};

const PYARROW: &str = "
import sys, json
try:
    import pyarrow.dataset as dataset, pyarrow.parquet as parquet
except ImportError:
    print('no pyarrow')
    sys.exit()
import glob
files = sorted(glob.glob(sys.argv[1] + '/job=*/rank=*/kind=op/*.parquet'))
table = dataset.dataset(files, partitioning='hive', format='parquet').to_table()
table = table.sort_by([('rank', 'ascending'), ('start_ns', 'ascending')])
for row in table.to_pylist():
    print('row', json.dumps(row))
meta = parquet.read_metadata(sys.argv[2]).metadata
print('told', json.dumps({key.decode(): value.decode() for key, value in meta.items() if key.startswith(b'weftscope')}))
";

fn of(rank: u32) -> DigestOf {
    let server = (rank == 1).then(|| "node-7".to_owned());
    let (job, provenance) = ("a".to_owned(), "measured".to_owned());
    DigestOf { job, server, rank, is_unix_time: true, provenance, recording: None }
}

fn comm(at: i64) -> OpRow<'static> {
    OpRow {
        iteration: Some(4),
        name: "all_reduce",
        kind: weftscope_traces::Kind::Comm,
        layer: Some(2),
        phase: Phase::B,
        split: Split::Second,
        stream: 1,
        start_ns: at,
        end_ns: at + 30,
        sm_ns: Some(900),
        hidden_ns: Some(20),
        exposed_ns: Some(10),
        wait_ns: None,
        collective: Some(CollectiveRow {
            operation: "all_reduce",
            group: Some("0-1"),
            group_name: None,
            ranks: Some(2),
            sequence: None,
            turn: 0,
            arrival_ns: Some(at),
            synchronises: true,
            bytes: Some(64),
            link_bytes: Some(64),
        }),
    }
}

fn compute(at: i64) -> OpRow<'static> {
    OpRow {
        iteration: None,
        name: "gate_up",
        kind: weftscope_traces::Kind::Gemm,
        layer: None,
        phase: Phase::None,
        split: Split::Whole,
        sm_ns: None,
        hidden_ns: None,
        exposed_ns: None,
        collective: None,
        ..comm(at)
    }
}

/// Oracle: pyarrow's reader of hive-partitioned datasets.
#[test]
fn pyarrow_reads_a_digest() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let file = |rank: u32, kind: Kind| {
        let folder = format!("job=a/rank={rank:05}/kind={}", kind.name());
        let folder = dir.path().join(folder);
        std::fs::create_dir_all(&folder).expect("room");
        folder.join("part-0.parquet")
    };
    let late = 1_790_000_000_000_000_000;
    for rank in [0, 1] {
        let mut out = std::fs::File::create(file(rank, Kind::Op)).expect("a file");
        let rows = [compute(late), comm(late + 5 + i64::from(rank))];
        let go_on = &mut |_| std::ops::ControlFlow::Continue(());
        write_ops(&of(rank), rows.into_iter(), &mut out, go_on).expect("room");
        let mut out = std::fs::File::create(file(rank, Kind::Iteration)).expect("a file");
        write_iterations(&of(rank), &[IterationRow::default()], &mut out).expect("room");
    }
    let Some(python) = std::env::var_os("WEFTSCOPE_ORACLE_PYTHON") else {
        return skip(Need::Oracle, "WEFTSCOPE_ORACLE_PYTHON names no Python with pyarrow");
    };
    let mut command = Command::new(python);
    command.args(["-c", PYARROW]).arg(dir.path()).arg(file(1, Kind::Op));
    let answer = command.output().expect("it runs");
    let text = String::from_utf8_lossy(&answer.stdout).into_owned();
    assert!(answer.status.success(), "{text}{}", String::from_utf8_lossy(&answer.stderr));
    if text.starts_with("no pyarrow") {
        return skip(Need::Oracle, "the Python of WEFTSCOPE_ORACLE_PYTHON has no pyarrow");
    }
    let json = |line: &str| -> serde_json::Value { serde_json::from_str(line).expect("JSON") };
    let rows: Vec<_> =
        text.lines().filter_map(|line| line.strip_prefix("row ")).map(json).collect();
    assert_eq!(rows.len(), 4);
    let last = serde_json::json!({
        "server": "node-7", "iteration": 4, "name": "all_reduce", "op_kind": "comm", "layer": 2, "phase": "B",
        "split": 1, "stream": 1, "start_ns": late + 6, "end_ns": late + 36, "sm_ns": 900, "hidden_ns": 20,
        "exposed_ns": 10, "wait_ns": null, "operation": "all_reduce", "comm_group": "0-1", "group_name": null,
        "ranks": 2, "sequence": null, "turn": 0, "arrival_ns": late + 6, "synchronises": 1, "bytes": 64,
        "link_bytes": 64, "job": "a", "rank": 1, "kind": "op",
    });
    assert_eq!(rows[3], last);
    let nothing = [
        "server",
        "iteration",
        "layer",
        "phase",
        "split",
        "sm_ns",
        "hidden_ns",
        "operation",
        "turn",
    ];
    for name in nothing {
        assert!(rows[0].get(name).is_some_and(serde_json::Value::is_null), "{name}");
    }
    let told = text.lines().find_map(|line| line.strip_prefix("told ")).map(json);
    let expected = serde_json::json!({
        "weftscope.digest": "1.0", "weftscope.job": "a", "weftscope.rank": "1", "weftscope.server": "node-7",
        "weftscope.provenance": "measured", "weftscope.clock": "unix",
    });
    assert_eq!(told, Some(expected));
}

/// What is written is read: rows, what is not known, and whose it is; and what is none of it is told.
#[test]
fn what_is_written_is_read_back() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let path = dir.path().join("it.parquet");
    let open = || std::fs::File::open(&path).expect("it is there");
    let whose = DigestOf { recording: Some("/data/rank 1.weft".to_owned()), ..of(1) };
    let known = IterationRow {
        iteration: Some(3),
        name: "iteration 3".to_owned(),
        start_ns: -5,
        end_ns: 1_790_000_000_000_000_000,
        compute_ns: 7,
        comm_ns: 8,
        hidden_ns: 2,
        exposed_ns: 6,
        exposed_memcpy_ns: 1,
        idle_ns: 4,
        wait_ns: Some(0),
        sm_weighted_pct: Some(12.5),
        sm_ns: None,
        ops: 9,
        comm_ops: 3,
    };
    let rows = [known, IterationRow { wait_ns: None, ..IterationRow::default() }];
    let mut out = std::fs::File::create(&path).expect("a file");
    write_iterations(&whose, &rows, &mut out).expect("room");
    let read = read_iterations(open()).expect("a digest");
    assert_eq!((read.of, &read.rows[..]), (whose.clone(), &rows[..]));
    // Rows of ops have other columns.
    let told = read_op_times(open(), &mut |_| ControlFlow::Continue(())).unwrap_err();
    assert_eq!(told.to_string(), "its column layer is missing, or of another type");

    let rows = [compute(100), comm(200), OpRow { wait_ns: Some(3), ..comm(300) }];
    let mut out = std::fs::File::create(&path).expect("a file");
    let go_on = &mut |_| ControlFlow::Continue(());
    write_ops(&whose, rows.into_iter(), &mut out, go_on).expect("room");
    let mut times = Vec::new();
    let take = &mut |op| {
        times.push(op);
        ControlFlow::Continue(())
    };
    read_op_times(open(), take).expect("a digest");
    let of = |row: &OpRow<'_>| OpTimes {
        iteration: row.iteration,
        layer: row.layer.map(i64::from),
        start_ns: row.start_ns,
        end_ns: row.end_ns,
        exposed_ns: row.exposed_ns,
        wait_ns: row.wait_ns,
    };
    assert_eq!(times, rows.iter().map(of).collect::<Vec<_>>());
    // Of three ops two are collectives of one group, in one layer.
    let groups = read_groups(open()).expect("a digest");
    assert_eq!((groups.rank, groups.has_layers, groups.groups.len()), (1, true, 1));
    let of_group = &groups.groups[0];
    assert_eq!((of_group.ranks.as_str(), of_group.name.as_str()), ("0-1", ""));
    let counts: Vec<_> = of_group.operations.iter().collect();
    assert_eq!(counts.len(), 1, "{counts:?}");
    let expected = comm(200).collective.expect("a collective");
    assert_eq!(counts[0].operation, expected.operation);
    assert_eq!((counts[0].ops, counts[0].most_bytes), (2, expected.bytes));

    std::fs::write(&path, b"PAR1 and nothing else").expect("room");
    assert!(read_iterations(open()).is_err());
}

/// Every column as `docs/digest.md` has it.
#[test]
fn columns_are_documented() {
    let mut expected = String::new();
    for kind in Kind::ALL {
        expected += &format!(
            "\n## kind={}\n\n| column | type | what it says |\n| --- | --- | --- |\n",
            kind.name()
        );
        for column in columns(kind) {
            expected +=
                &format!("| {} | {} | {} |\n", column.name, column.cell.name(), column.about);
        }
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/digest.md");
    let page = std::fs::read_to_string(path).expect("the page exists");
    let at = page.find("\n## kind=").expect("a section");
    if page[at..] != expected {
        let right = Path::new(env!("CARGO_TARGET_TMPDIR")).join("digest.md");
        std::fs::write(&right, format!("{}{expected}", &page[..at])).expect("room");
        panic!("docs/digest.md says something else; what it should be is in {}", right.display());
    }
}
