//! Layers, halves and phases of a recording whose labels tell none of them: queries know what reports say.

use std::fs::File;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use weftscope_query::{Cell, Database, QueryError, Taker};
use weftscope_traces::analysis::{Config, Ops, exposed_by};
use weftscope_traces::stream::silent;
use weftscope_traces::tables::{self as table, TABLES, TableSource};
use weftscope_traces::{
    ArgsId, Kind, Label, Meta, OpenOptions, Provenance, Span, Trace, TraceBuilder, TrackKind, open,
};

/// PyTorch, two ranks, three passes of four layers whose tokens run in two halves.
fn sample() -> Arc<Trace> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../samples/h200x2-pytorch-weave.weft");
    let file = File::open(path).expect("it is there");
    Arc::new(open(file, &OpenOptions::default(), &mut silent).expect("it is a recording"))
}

#[derive(Default)]
struct Lines(Vec<String>);

impl Taker for Lines {
    fn columns(&mut self, _: &[String]) -> Result<(), String> {
        Ok(())
    }

    fn row(&mut self, cells: &[Cell<'_>]) -> Result<ControlFlow<()>, String> {
        let text = |cell: &Cell<'_>| match *cell {
            Cell::Null => "–".to_owned(),
            Cell::Int(int) => int.to_string(),
            Cell::Real(real) => real.to_string(),
            Cell::Text(text) => text.to_owned(),
        };
        self.0.push(cells.iter().map(text).collect::<Vec<_>>().join(" "));
        Ok(ControlFlow::Continue(()))
    }
}

fn lines(database: &mut Database, query: &str) -> Vec<String> {
    let mut taken = Lines::default();
    database.run(query, || false, &mut taken).unwrap_or_else(|error| panic!("{query}: {error}"));
    taken.0
}

#[test]
fn communication_is_counted_by_layer_and_phase_as_in_the_report() {
    let trace = sample();
    assert!(trace.labels.iter().all(|label| label.layer.is_none()), "labels tell no layer");
    let report = exposed_by(&Ops::of(&trace, &Config::default()));
    let mut database = Database::new(&trace).unwrap();
    for order in ["phase", "+phase"] {
        let query = format!(
            "select phase, count(*), sum(dur) from gpu_slice where kind = 'comm' group by {order} order by {order}"
        );
        let mut expected: Vec<String> = report
            .ops
            .iter()
            .map(|row| format!("{} {} {}", row.phase.name(), row.count, row.comm_ns))
            .collect();
        expected.sort();
        assert_eq!(expected.len(), 5, "A, B, C, D and tail");
        assert_eq!(lines(&mut database, &query), expected, "{query}");
    }
    let query = "select layer, sum(dur) from op where kind = 'comm' group by layer order by layer";
    let mut expected: Vec<String> = report
        .layers
        .iter()
        .map(|row| {
            let layer = row.layer.map_or_else(|| "–".to_owned(), |layer| layer.to_string());
            format!("{layer} {}", row.comm_ns)
        })
        .collect();
    expected.sort_by_key(|line| (!line.starts_with('–'), line.clone()));
    assert_eq!(lines(&mut database, query), expected);
}

/// By what ran: two ranks, three passes, two halves, an attention each.
#[test]
fn every_half_of_a_layer_has_its_attention() {
    let mut database = Database::new(&sample()).unwrap();
    let query =
        "select layer, split, count(*) from gpu_slice where kind = 'attention' group by 1, 2";
    let expected: Vec<String> =
        (0..4).flat_map(|layer| (0..2).map(move |split| format!("{layer} {split} 6"))).collect();
    assert_eq!(lines(&mut database, query), expected);
    let distinct = "select distinct layer from gpu_slice where layer is not null order by layer";
    assert_eq!(lines(&mut database, distinct), ["0", "1", "2", "3"]);
}

/// Six layers of six kernels on a stream, told by nothing but their order, and two blocks of each on an SM.
fn blocks() -> Arc<Trace> {
    const LAYER: [(&str, Kind); 6] = [
        ("qkv", Kind::Gemm),
        ("fa", Kind::Attention),
        ("o", Kind::Gemm),
        ("ar", Kind::Comm),
        ("up", Kind::Gemm),
        ("add_norm", Kind::Norm),
    ];
    let provenance = Provenance::Measured { source: "test".into() };
    let mut builder = TraceBuilder::new(Meta::new("test", provenance));
    let labels = LAYER
        .map(|(name, kind)| builder.label(Label { name: name.into(), kind, ..Label::default() }));
    let stream = builder.track(None, "stream 7", TrackKind::Stream { rank: 0, stream: 7 });
    let sm = builder.track(None, "SM 0", TrackKind::Sm { rank: 0, sm: 0 });
    let (stream, sm) = (builder.lane(stream), builder.lane(sm));
    for (at, &label) in (0..).zip(labels.iter().cycle().take(36)) {
        let span = |from: i64, to: i64| Span::new(at * 100 + from, at * 100 + to);
        builder.push(stream, span(0, 90), label, ArgsId::NONE, 0);
        builder.push(sm, span(0, 40), label, ArgsId::NONE, 0);
        builder.push(sm, span(40, 80), label, ArgsId::NONE, 1);
    }
    Arc::new(builder.finish().expect("its lanes are in order"))
}

#[test]
fn blocks_are_of_the_layer_of_their_op() {
    let mut database = Database::new(&blocks()).unwrap();
    let expected: Vec<String> = (0..6).map(|layer| format!("{layer} 12 {}", 600 * layer)).collect();
    for order in ["layer", "+layer"] {
        let query =
            format!("select layer, count(*), min(ts) from block group by {order} order by {order}");
        assert_eq!(lines(&mut database, &query), expected, "{query}");
    }
    let query = "select ts from block where layer = 2 and kind = 'attention' order by ts";
    assert_eq!(lines(&mut database, query), ["1300", "1340"]);
}

/// Oracle: what SQL says, which goes by other code.
#[test]
fn tables_of_slices_and_blocks_say_the_same() {
    for (trace, name, from) in [
        (sample(), "slices", "slice"),
        (blocks(), "slices", "slice"),
        (blocks(), "blocks", "block"),
    ] {
        let table = TABLES.iter().find(|table| table.name == name).unwrap();
        let at = |name: &str| table.columns().iter().position(|it| it.name == name).unwrap();
        let columns = ["start_ns", "layer", "split", "phase"].map(at);
        let text = |cell: &table::Cell<'_>| match cell {
            table::Cell::Null => "–".to_owned(),
            table::Cell::Int(int) => int.to_string(),
            table::Cell::Float(float) => float.to_string(),
            table::Cell::Text(text) => text.to_string(),
        };
        let rows = table.rows(TableSource::Recordings(&[&trace])).unwrap();
        let line = |row: &Vec<table::Cell<'_>>| columns.map(|at| text(&row[at])).join(" ");
        let mut told: Vec<String> = rows.iter().map(line).collect();
        let query = format!("select ts, layer, split, phase from {from}");
        let mut asked = lines(&mut Database::new(&trace).unwrap(), &query);
        told.sort();
        asked.sort();
        assert_eq!(told, asked, "{name}");
        assert!(asked.iter().any(|line| line.contains(" 3 ")), "{name}: layers are told");
    }
}

/// The first query that reads a layer works all of them out: whoever stops it is not made to wait for that, and is told no
/// layer that is not known. Others work nothing out.
#[test]
fn working_out_layers_is_stopped_with_its_query() {
    let trace = blocks();
    let asked = |query: &str, most: usize| {
        let (mut taken, times) = (Lines::default(), Arc::new(AtomicUsize::new(0)));
        let count = Arc::clone(&times);
        let stop = move || count.fetch_add(1, Ordering::Relaxed) >= most;
        let answered = Database::new(&trace).unwrap().run(query, stop, &mut taken);
        (answered, taken.0, times.load(Ordering::Relaxed))
    };
    let by_layer = "select layer from block limit 1";
    let (answered, rows, steps) = asked(by_layer, usize::MAX);
    assert!(answered.is_ok());
    assert_eq!(rows, ["0"]);
    assert!(steps > 3, "{steps} looks whether it is still wanted");
    for most in 0..steps {
        let (answered, rows, _) = asked(by_layer, most);
        assert!(matches!(answered, Err(QueryError::Stopped)), "{most}: {answered:?}");
        assert_eq!(rows, [""; 0], "{most}");
    }
    let (_, _, others) = asked("select name from block limit 1", usize::MAX);
    assert!(others < steps, "{others} and {steps}");
}
