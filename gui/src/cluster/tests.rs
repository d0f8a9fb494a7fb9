//! Digests of four ranks that are made up, read and looked at.

use std::{fs, path::Path};

use weftscope_traces::{
    Kind as OpKind, Phase, Split,
    digest::{CollectiveRow, DigestOf, IterationRow, OpRow, write_iterations, write_ops},
};

use super::*;
use crate::jobs::JobControl;

/// Four ranks on two servers, two iterations of 1000 ns: rank 2 computes a fifth longer, and the others wait for it.
fn made(folder: &Path) {
    for rank in 0..4_u32 {
        let slow = rank == 2;
        let compute_ns = if slow { 720 } else { 600 };
        let wait_ns = if slow { 0 } else { 120 };
        let of = DigestOf {
            job: "made".to_owned(),
            server: Some(format!("node-{}", rank / 2)),
            rank,
            is_unix_time: true,
            provenance: "measured".to_owned(),
            recording: (rank == 2).then(|| "/data/rank2.weft".to_owned()),
        };
        let begins_ns = |iteration: i64| 5_000 + 1_000 * iteration + i64::from(rank);
        let row = |iteration: i64| IterationRow {
            iteration: Some(iteration),
            start_ns: begins_ns(iteration),
            end_ns: begins_ns(iteration) + 1_000,
            compute_ns,
            comm_ns: 1_000 - compute_ns,
            exposed_ns: 1_000 - compute_ns,
            wait_ns: Some(wait_ns),
            ops: 2,
            comm_ops: 1,
            ..IterationRow::default()
        };
        // Rank 3 has told of the first alone.
        let rows: Vec<_> = (0..if rank == 3 { 1 } else { 2 }).map(row).collect();
        let ops = rows.iter().flat_map(|row| {
            let product = OpRow {
                iteration: row.iteration,
                name: "gate_up",
                kind: OpKind::Gemm,
                layer: Some(0),
                phase: Phase::None,
                split: Split::Whole,
                stream: 0,
                start_ns: row.start_ns,
                end_ns: row.start_ns + compute_ns,
                sm_ns: None,
                hidden_ns: None,
                exposed_ns: None,
                wait_ns: None,
                collective: None,
            };
            let collective = CollectiveRow {
                operation: "all_reduce",
                group: Some("0-3"),
                group_name: None,
                ranks: Some(4),
                sequence: None,
                turn: 0,
                arrival_ns: Some(product.end_ns),
                synchronises: true,
                bytes: None,
                link_bytes: None,
            };
            let reduce = OpRow {
                name: "all_reduce",
                kind: OpKind::Comm,
                start_ns: product.end_ns,
                end_ns: row.end_ns,
                hidden_ns: Some(0),
                exposed_ns: Some(row.end_ns - product.end_ns),
                wait_ns: Some(wait_ns),
                collective: Some(collective),
                ..product
            };
            [product, reduce]
        });
        let rank_folder = folder.join(format!("job=made/rank={rank:05}"));
        let file = |kind: &str| {
            let folder = rank_folder.join(format!("kind={kind}"));
            fs::create_dir_all(&folder).unwrap();
            fs::File::create(folder.join("part-0.parquet")).unwrap()
        };
        write_iterations(&of, &rows, &mut file("iteration")).unwrap();
        let go_on = &mut |_| std::ops::ControlFlow::Continue(());
        write_ops(&of, ops, &mut file("op"), go_on).unwrap();
    }
}

fn cluster(folder: &Path) -> Cluster {
    let job = folder_of(folder).unwrap().unwrap();
    read(&job, &JobControl::default()).unwrap().unwrap()
}

#[test]
fn a_folder_of_digests_is_known_by_what_is_in_it() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(folder_of(folder.path()), Ok(None));
    made(folder.path());
    let job = folder.path().join("job=made");
    assert_eq!(folder_of(folder.path()), Ok(Some(job.clone())));
    assert_eq!(folder_of(&job), Ok(Some(job.clone())));
    assert_eq!(folder_of(&job.join("rank=00000")), Ok(None));
    fs::create_dir(folder.path().join("job=other")).unwrap();
    let told = folder_of(folder.path()).unwrap_err();
    assert!(told.contains("2 jobs: name one of job=made, job=other"), "{told}");
}

#[test]
fn what_ranks_do_is_what_their_digests_say() {
    let folder = tempfile::tempdir().unwrap();
    made(folder.path());
    let cluster = cluster(folder.path());
    assert_eq!((cluster.job.as_str(), cluster.ranks.len()), ("made", 4));
    assert_eq!(cluster.iterations, [Some(0), Some(1)]);
    assert_eq!((cluster.num_servers(), cluster.unread.len()), (Some(2), 0));
    let value = |rank, column, measure| cluster.value(rank, column, measure);
    assert_eq!(value(0, 0, Measure::Exposed), Some(0.4));
    assert_eq!(value(2, 1, Measure::Exposed), Some(0.28));
    assert_eq!(value(0, 0, Measure::Waiting), Some(0.12));
    assert_eq!(value(2, 0, Measure::Waiting), Some(0.0));
    assert_eq!(value(2, 0, Measure::Compute), Some(0.72));
    let slower = value(2, 0, Measure::Slower).unwrap();
    assert!((slower - 0.2).abs() < 1e-9, "{slower}");
    assert_eq!(value(0, 0, Measure::Slower), Some(0.0));
    // What a rank has not told is not known, and not 0.
    assert_eq!(value(3, 1, Measure::Exposed), None);
    assert_eq!(cluster.ranks[2].of.recording.as_deref(), Some("/data/rank2.weft"));
    // The straggler stands first by what it does longer, and last by what it waits.
    assert_eq!(Order::Most.of(&cluster, Measure::Slower, None)[0], 2);
    assert_eq!(Order::Most.of(&cluster, Measure::Waiting, None)[3], 2);
    assert_eq!(Order::Rank.of(&cluster, Measure::Waiting, None), [0, 1, 2, 3]);
}

/// Oracle: of each stretch what its ops say, by hand: computation in the first 60 % (72 %), waiting in the next 12 %.
#[test]
fn within_an_iteration_time_counts_from_each_ranks_start() {
    let folder = tempfile::tempdir().unwrap();
    made(folder.path());
    let cluster = cluster(folder.path());
    let within = within(&cluster, 1, &JobControl::default()).unwrap();
    assert_eq!((within.len_ns, within.column, within.unread.len()), (1_000, 1, 0));
    let at = |share: f64| (share * BINS as f64) as usize;
    for (rank, share, measure, expected) in [
        (0, 0.30, Measure::Waiting, 0.0),
        (0, 0.65, Measure::Waiting, 1.0),
        (0, 0.80, Measure::Waiting, 0.0),
        (0, 0.30, Measure::Exposed, 0.0),
        (0, 0.80, Measure::Exposed, 1.0),
        (2, 0.65, Measure::Exposed, 0.0),
        (2, 0.65, Measure::Compute, 1.0),
        (2, 0.80, Measure::Exposed, 1.0),
        (2, 0.80, Measure::Idle, 0.0),
    ] {
        let value = within.value(rank, at(share), measure).unwrap();
        assert!((value - expected).abs() < 1e-3, "{rank} {share} {measure:?}: {value}");
    }
    assert_eq!(within.value(3, 0, Measure::Exposed), None);
    let waited: f64 = (0..BINS).filter_map(|bin| within.value(0, bin, Measure::Waiting)).sum();
    assert!((waited / BINS as f64 - 0.12).abs() < 1e-3, "{waited}");
}

#[test]
fn what_cannot_be_read_is_counted_and_the_rest_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    made(folder.path());
    let broken = folder.path().join("job=made/rank=00001/kind=iteration/part-0.parquet");
    fs::write(&broken, b"PAR1").unwrap();
    let cluster = cluster(folder.path());
    assert_eq!(cluster.ranks.len(), 3);
    assert!(cluster.unread[0].contains("rank=00001"), "{:?}", cluster.unread);
    let empty = folder.path().join("job=none");
    fs::create_dir(&empty).unwrap();
    let told = read(&empty, &JobControl::default()).unwrap().unwrap_err();
    assert!(told.contains("no digest of a rank"), "{told}");
}

/// A thousand ranks in ten rows: the one that differs is in the row that it falls into.
#[test]
fn the_worst_of_a_row_is_seen() {
    let value = |at: usize, column: usize| {
        if column == 1 { Some(if at == 437 { 0.9 } else { 0.1 }) } else { None }
    };
    let grid = Grid::of(0..1000, (10, 2), value);
    assert_eq!((grid.cells.len(), grid.range), (10, (0.1, 0.9)));
    assert_eq!(grid.cells[4][1], Some(Cell { value: 0.9, at: 437 }));
    assert!(grid.cells.iter().all(|row| row[0].is_none()));
    assert_eq!(grid.cells[5][1].unwrap().value, 0.1);
    // Of few ranks none is drawn twice.
    assert_eq!(Grid::of(2..5, (10, 1), |_, _| Some(1.0)).cells.len(), 3);
    assert_eq!(Grid::of(0..0, (10, 1), |_, _| Some(1.0)), Grid::default());
}

/// A run that goes on has a part for each stretch; what is being written has another name.
#[test]
fn parts_of_a_run_that_goes_on_are_read_as_one() {
    let folder = tempfile::tempdir().unwrap();
    let iterations = folder.path().join("job=live/rank=00000/kind=iteration");
    fs::create_dir_all(&iterations).unwrap();
    let of = DigestOf { job: "live".to_owned(), ..DigestOf::default() };
    let row = |iteration: Option<i64>, at: i64| IterationRow {
        iteration,
        start_ns: at * 1_000,
        end_ns: at * 1_000 + 900,
        compute_ns: 600,
        exposed_ns: 300,
        comm_ns: 300,
        wait_ns: Some(10),
        ..IterationRow::default()
    };
    let write = |part: i64, number: Option<i64>| {
        let file = iterations.join(format!("part-{part}.parquet"));
        write_iterations(&of, &[row(number, part)], &mut fs::File::create(file).unwrap()).unwrap();
    };
    (0..12).for_each(|part| write(part, Some(part)));
    fs::write(iterations.join(".part-12.parquet.7-0.part"), b"PAR1").unwrap();
    let numbered = cluster(folder.path());
    assert_eq!(numbered.iterations, (0..12).map(Some).collect::<Vec<_>>());
    assert!(numbered.unread.is_empty(), "{:?}", numbered.unread);
    // Without numbers all parts are one row: 12 times 900 ns, and 100 ns between each two.
    (0..12).for_each(|part| write(part, None));
    let whole = cluster(folder.path());
    assert_eq!(whole.iterations, [None]);
    let row = whole.ranks[0].rows[0].as_ref().unwrap();
    assert_eq!((row.start_ns, row.end_ns, row.compute_ns), (0, 11_900, 7_200));
    assert_eq!((row.wait_ns, row.idle_ns), (Some(120), 1_100));
    assert_eq!(whole.value(0, 0, Measure::Exposed), Some(3_600.0 / 11_900.0));
}
