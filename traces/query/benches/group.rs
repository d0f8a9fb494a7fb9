//! Grouping ten million slices, beside the same rows in a table of SQLite's own: `cargo bench -p weftscope-query`.
//!
//! `-- --slices 1000000` says how many. Each query is asked three times and the best is printed, after what the first
//! needed to make its order: wall seconds, and of the best also CPU seconds, which other programs do not disturb. The
//! answers of both are held to be the same.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Instant;

use rusqlite::Connection;
use weftscope_query::{Cell, Database, Taker};
use weftscope_traces::{
    ArgsId, Kind, Label, LabelId, Meta, Provenance, Span, Trace, TraceBuilder, TrackKind,
};

/// Ranks, streams of a rank, and names.
const RANKS: u32 = 8;
const STREAMS: u32 = 3;
const NAMES: u32 = 400;

const QUERIES: [&str; 6] = [
    "select name, count(*), sum(dur) from slice group by name",
    "select name, rank, count(*), sum(dur) from slice group by name, rank",
    "select kind, sum(dur), max(dur) from slice group by kind",
    "select rank, count(*), sum(dur) from slice group by rank",
    "select name, count(*), avg(dur) as mean from slice where rank = 3 group by name order by mean desc limit 10",
    "select count(*), sum(dur) from slice where ts between 1000000 and 2000000",
];

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let at = args.iter().position(|arg| arg == "--slices");
    let slices = at.and_then(|at| args.get(at + 1)?.parse().ok());
    let slices: u64 = slices.unwrap_or(10_000_000);
    let trace = Arc::new(trace(slices));
    let mut database = Database::new(&trace).expect("a database");
    let peer = peer(&trace);
    println!("{slices} slices on {} streams, {NAMES} names", RANKS * STREAMS);
    println!("| query | first | again | CPU | SQLite's own table, CPU |");
    println!("| --- | --- | --- | --- | --- |");
    for query in QUERIES {
        let mut asked = || {
            let (began, began_s) = (Instant::now(), cpu_s());
            let mut rows = Rows::default();
            database.run(query, || false, &mut rows).expect("an answer");
            ((began.elapsed().as_secs_f64(), cpu_s() - began_s), rows.0)
        };
        let ((first_s, _), answer) = asked();
        let ((one_s, one_cpu_s), _) = asked();
        let ((other_s, other_cpu_s), _) = asked();
        let (again_s, again_cpu_s) = (one_s.min(other_s), one_cpu_s.min(other_cpu_s));
        let began_s = cpu_s();
        let mut expected = asked_of(&peer, query);
        let peer_s = cpu_s() - began_s;
        let mut sorted = answer;
        sorted.sort();
        expected.sort();
        assert!(sorted == expected, "{query}");
        println!(
            "| `{query}` | {first_s:.2} s | {again_s:.2} s | {again_cpu_s:.2} s | {peer_s:.2} s |"
        );
    }
}

/// Slices one after another on the streams of all ranks.
fn trace(slices: u64) -> Trace {
    let source = "bench".to_owned();
    let mut out = TraceBuilder::new(Meta::new("bench", Provenance::Modelled { source }));
    for name in 0..NAMES {
        let kind = Kind::ALL[name as usize % Kind::ALL.len()];
        let name = format!(
            "sm90_xmma_gemm_bf16bf16_bf16f32_f32_tn_n_tilesize{name}x128x64_warpgroupsize1x1x1"
        );
        out.label(Label { name, kind, ..Label::default() });
    }
    let mut seed = 1_u64;
    for rank in 0..RANKS {
        for stream in 0..STREAMS {
            let track = out.track(None, "stream", TrackKind::Stream { rank, stream });
            let lane = out.lane(track);
            let table = out.slices_mut(lane);
            let mut at_ns = 0;
            for item in 0..slices / u64::from(RANKS * STREAMS) {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_041);
                let end_ns = at_ns + 1 + (seed >> 54) as i64;
                let label = LabelId((seed >> 33) as u32 % NAMES);
                table.push(Span::new(at_ns, end_ns), label, ArgsId::NONE, item as u32);
                at_ns = end_ns;
            }
        }
    }
    out.finish().expect("a trace")
}

/// The same rows in a table of SQLite's, without an index.
fn peer(trace: &Trace) -> Connection {
    let connection = Connection::open_in_memory().expect("memory");
    let table = "create table slice(ts integer, dur integer, name text, kind text, rank integer)";
    connection.execute_batch(&format!("{table}; begin")).expect("a table");
    let mut insert = connection.prepare("insert into slice values (?, ?, ?, ?, ?)").expect("SQL");
    for lane in &trace.lanes {
        let rank = trace.track(lane.track).kind.rank();
        for index in 0..lane.slices.len() {
            let (span, label) = (lane.slices.span(index), trace.label(lane.slices.label[index]));
            let row = (span.start_ns, span.len_ns(), &label.name, label.kind.name(), rank);
            insert.execute(row).expect("room");
        }
    }
    drop(insert);
    connection.execute_batch("commit").expect("room");
    connection
}

/// CPU seconds of this thread, where the system tells.
fn cpu_s() -> f64 {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let ns = told.split_whitespace().next().and_then(|ns| ns.parse::<f64>().ok());
    ns.map_or(f64::NAN, |ns| ns / 1e9)
}

fn asked_of(peer: &Connection, query: &str) -> Vec<Vec<String>> {
    let mut statement = peer.prepare(query).expect("SQL");
    let columns = statement.column_count();
    let mut rows = statement.query([]).expect("an answer");
    let mut out = Vec::new();
    while let Some(row) = rows.next().expect("an answer") {
        let cell = |at| match row.get_ref(at).expect("a cell") {
            rusqlite::types::ValueRef::Integer(int) => int.to_string(),
            rusqlite::types::ValueRef::Real(real) => format!("{real:.6}"),
            rusqlite::types::ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
            _ => String::new(),
        };
        out.push((0..columns).map(cell).collect());
    }
    out
}

#[derive(Default)]
struct Rows(Vec<Vec<String>>);

impl Taker for Rows {
    fn columns(&mut self, _: &[String]) -> Result<(), String> {
        Ok(())
    }

    fn row(&mut self, cells: &[Cell<'_>]) -> Result<ControlFlow<()>, String> {
        let text = |cell: &Cell<'_>| match *cell {
            Cell::Null => String::new(),
            Cell::Int(int) => int.to_string(),
            Cell::Real(real) => format!("{real:.6}"),
            Cell::Text(text) => text.to_owned(),
        };
        self.0.push(cells.iter().map(text).collect());
        Ok(ControlFlow::Continue(()))
    }
}
