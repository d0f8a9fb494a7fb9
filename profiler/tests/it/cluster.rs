//! Simulated clusters: composed layers against all of them simulated, sums against unions, collectives against their members.

use std::collections::{BTreeMap, BTreeSet};

use weftscope_engine::{
    batch::Batch,
    machine, model,
    sim::Simulator,
    spec::{Knobs, RunSpec, StrategyKind},
};
use weftscope_profiler::{
    cluster::{Clocks, Cluster, ClusterError, ClusterSpec, SlowLink, Straggler},
    record::record,
};
use weftscope_traces::{
    Kind, Span,
    analysis::intervals::IntervalSet,
    digest::{IterationRow, OpRow},
};

fn spec() -> ClusterSpec {
    ClusterSpec {
        machine: "h200x2".to_owned(),
        tokens: 2048,
        layers: 8,
        tp: 2,
        pp: 2,
        dp: 2,
        microbatches: 3,
        iterations: 3,
        ..ClusterSpec::default()
    }
}

fn rows(cluster: &Cluster) -> Vec<Vec<OpRow<'static>>> {
    // Rows borrow from their rank; texts are few, and this is a test.
    let still = |text: &str| -> &'static str { Box::leak(text.to_owned().into_boxed_str()) };
    (0..cluster.spec().ranks())
        .map(|rank| {
            let of_rank = cluster.rank(rank);
            let keep = |row: OpRow<'_>| OpRow {
                name: still(row.name),
                collective: row.collective.map(|it| weftscope_traces::digest::CollectiveRow {
                    operation: still(it.operation),
                    group: it.group.map(still),
                    group_name: it.group_name.map(still),
                    ..it
                }),
                ..row
            };
            of_rank.op_rows().map(keep).collect()
        })
        .collect()
}

/// Oracle: the same layers, all of them simulated block by block.
#[test]
fn composed_layers_take_as_long_as_simulated_ones() {
    for strategy in [StrategyKind::TokenWeave, StrategyKind::Default] {
        let spec = ClusterSpec {
            strategy: strategy.name().to_owned(),
            pp: 1,
            dp: 1,
            microbatches: 1,
            iterations: 1,
            host_spread: 0.0,
            ..spec()
        };
        let cluster = Cluster::new(&spec).expect("it can be simulated");
        let all = rows(&cluster);
        let composed = IterationRow::clone(&cluster.rank(0).iteration_rows()[0]);
        let whole = RunSpec {
            model: model::builtin(&spec.model).expect("it is built in"),
            machine: machine::builtin(&spec.machine).expect("it is built in"),
            batch: Batch::prefill(2048, 2048),
            knobs: Knobs { tp: 2, strategy, layers: Some(8), ..Knobs::default() },
        };
        let mut simulator = Simulator::new(&whole.machine);
        let trace = record(&mut simulator, &whole, 1, &mut |_| true).expect("it runs");
        let span =
            trace.span_where(|kind| matches!(kind, weftscope_traces::TrackKind::Stream { .. }));
        let ratio = (composed.end_ns - composed.start_ns) as f64 / span.len_ns() as f64;
        assert!((0.99..1.01).contains(&ratio), "{}: {ratio}", strategy.name());
        let layers: BTreeSet<Option<u32>> = all[0].iter().map(|row| row.layer).collect();
        assert_eq!(layers.len(), 9, "eight layers, and what is outside");
    }
}

#[test]
fn rows_are_consistent() {
    let clocks = Clocks { offset_ms: 5.0, drift_ppm: 20.0 };
    let stragglers = vec![Straggler { rank: 5, slowdown: 1.3, from_iteration: 1 }];
    let cluster =
        Cluster::new(&ClusterSpec { clocks, stragglers, ..spec() }).expect("it can be simulated");
    let all = rows(&cluster);
    let mut members: BTreeMap<_, Vec<(u32, i64, i64)>> = BTreeMap::new();
    for (rank, rows) in (0..).zip(&all) {
        let mut ends: BTreeMap<u32, i64> = BTreeMap::new();
        for row in rows {
            let before = ends.insert(row.stream, row.end_ns);
            assert!(
                before.is_none_or(|before| before <= row.start_ns),
                "a stream is in order: {row:?}"
            );
            let parts = row.hidden_ns.zip(row.exposed_ns).map(|(a, b)| a + b);
            let len_ns = row.kind.is_comm().then_some(row.end_ns - row.start_ns);
            assert_eq!(parts, len_ns);
            if let Some(it) = row.collective {
                let key = (it.operation, it.group, it.group_name, row.iteration, it.turn);
                let clock = cluster.clock_of(cluster.server_of(rank));
                let right = |ns: i64| {
                    let shown = ns - cluster.spec().start_unix_ns - clock.0;
                    (shown as f64 / (1.0 + clock.1)).round() as i64
                };
                let of = (rank, right(row.start_ns), right(row.end_ns));
                members.entry(key).or_default().push(of);
                assert_eq!(
                    it.ranks,
                    Some(match it.group_name {
                        Some("world") => 8,
                        _ => 2,
                    })
                );
            }
        }
    }
    let mut synchronised = 0;
    for ((operation, group, name, ..), of) in &members {
        let expected = if *name == Some("world") { 8 } else { 2 };
        assert_eq!(of.len(), expected, "{operation} of {group:?}: every rank once");
        let last = of.iter().map(|member| member.1).max().unwrap_or(0);
        let ends = || of.iter().map(|member| member.2);
        assert!(
            ends().min() >= Some(last),
            "{operation} of {group:?}: nobody leaves before all are there"
        );
        let apart = ends().max().unwrap_or(0) - ends().min().unwrap_or(0);
        assert!(apart <= 10_000 + 2, "{operation} of {group:?}: {apart} ns apart");
        synchronised += 1;
    }
    assert!(synchronised > 100);
    straggler(&all);
    unions(&cluster, &all);
}

/// In its group it is the other that waits, from the iteration on from which it is slow.
fn straggler(all: &[Vec<OpRow<'_>>]) {
    let waited = |rank: usize, iteration: i64| -> i64 {
        let own = all[rank].iter().filter(|row| row.iteration == Some(iteration));
        own.filter_map(|row| row.wait_ns).sum()
    };
    assert!(waited(4, 0) * 4 < waited(4, 1), "{} {}", waited(4, 0), waited(4, 1));
    assert!(waited(5, 1) * 4 < waited(4, 1), "{} {}", waited(5, 1), waited(4, 1));
}

/// Oracle: interval arithmetic over the rows.
fn unions(cluster: &Cluster, all: &[Vec<OpRow<'_>>]) {
    for (rank, rows) in (0..).zip(all) {
        for row in cluster.rank(rank).iteration_rows() {
            let of = |keep: fn(Kind) -> bool| -> IntervalSet {
                let own = rows.iter().filter(|op| op.iteration == row.iteration && keep(op.kind));
                own.map(|op| Span::new(op.start_ns, op.end_ns)).collect()
            };
            let (compute, comm) = (of(Kind::is_compute), of(Kind::is_comm));
            assert_eq!(compute.len_ns(), row.compute_ns);
            assert_eq!(comm.len_ns(), row.comm_ns);
            let off = (comm.intersect_len_ns(&compute) - row.hidden_ns).abs();
            // Clocks round each op by itself.
            assert!(off <= row.ops, "{off} ns of {}", row.hidden_ns);
            assert_eq!(row.hidden_ns + row.exposed_ns, row.comm_ns);
        }
    }
}

#[test]
fn a_slow_link_is_slow_in_what_crosses_it_and_nowhere_else() {
    let of = |slow_links: Vec<SlowLink>| {
        let cluster =
            Cluster::new(&ClusterSpec { slow_links, ..spec() }).expect("it can be simulated");
        let mut took: BTreeMap<String, i64> = BTreeMap::new();
        for row in rows(&cluster).iter().flatten().filter(|row| row.name == "recv") {
            let group = row.collective.and_then(|it| it.group).unwrap_or_default();
            let least = took.entry(group.to_owned()).or_insert(i64::MAX);
            *least = (*least).min(row.end_ns - row.start_ns);
        }
        took
    };
    let (without, with) = (of(Vec::new()), of(vec![SlowLink { between: [2, 3], times: 6.0 }]));
    let groups: Vec<&String> = without.keys().collect();
    assert_eq!(groups, ["0,2", "1,3", "4,6", "5,7"]);
    for (group, before) in &without {
        let slower = with[group] as f64 / *before as f64;
        match group.as_str() {
            "4,6" | "5,7" => assert!(slower > 3.0, "{group}: {slower}"),
            _ => assert!((0.99..1.01).contains(&slower), "{group}: {slower}"),
        }
    }
}

#[test]
fn what_cannot_be_is_refused() {
    let refused = |text: &str| match ClusterSpec::from_json(text) {
        Ok(_) => panic!("{text}"),
        Err(error) => error.to_string(),
    };
    assert!(refused(r#"{"tp": 3}"#).contains("a divisor of the 8 GPUs"));
    assert!(refused(r#"{"pp": 7}"#).contains("a divisor of the 80 layers"));
    assert!(
        refused(r#"{"stragglers": [{"rank": 16, "slowdown": 2}]}"#).contains("between 0 and 15")
    );
    assert!(refused(r#"{"machine": "abacus"}"#).contains("there is no machine abacus"));
    assert!(refused(r#"{"racks": 3}"#).contains("unknown field"));
    assert!(matches!(ClusterSpec::from_json("{"), Err(ClusterError::Json(_))));
    assert!(ClusterSpec::from_json("{}").is_ok());
}
