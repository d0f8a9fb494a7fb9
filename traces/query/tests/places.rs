//! Layers, halves and phases of a recording whose labels tell none of them: queries know what reports say.

use std::fs::File;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use weftscope_query::{Cell, Database, Taker};
use weftscope_traces::analysis::{Config, Ops, exposed_by};
use weftscope_traces::stream::silent;
use weftscope_traces::{OpenOptions, Trace, open};

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
