//! `rank`: several real processes, started as launchers start them.

mod clocks;
mod live;
mod refused;

use std::{
    net::TcpListener,
    ops::ControlFlow,
    path::Path,
    process::{Child, Output, Stdio},
};

use weftscope_traces::{
    OpenOptions, Trace, TrackKind,
    digest::{IterationRow, read_iterations},
};

use super::place::{Place, command, report};

/// Variables by which the machine that tests run on could say itself which rank it is.
const LAUNCHERS: [&str; 16] = [
    "RANK",
    "WORLD_SIZE",
    "LOCAL_RANK",
    "MASTER_ADDR",
    "MASTER_PORT",
    "OMPI_COMM_WORLD_RANK",
    "OMPI_COMM_WORLD_SIZE",
    "MV2_COMM_WORLD_RANK",
    "PMI_RANK",
    "PMI_SIZE",
    "SLURM_PROCID",
    "SLURM_NTASKS",
    "SLURM_STEP_NODELIST",
    "SLURM_JOB_NODELIST",
    "LWS_WORKER_INDEX",
    "JOB_COMPLETION_INDEX",
];

/// A run that is over soon.
const QUICK: [&str; 7] =
    ["--tokens", "1024", "--layers", "1", "--wait", "60s", "--strategy=default"];

/// A port that was free a moment ago, with a free one before it.
fn free_port() -> u16 {
    loop {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        if TcpListener::bind(("127.0.0.1", port - 1)).is_ok() {
            return port;
        }
    }
}

/// Starts one process of a job.
fn start(place: &Place, args: &[&str], variables: &[(&str, String)]) -> Child {
    let mut command = command(&[&["rank"], args].concat());
    LAUNCHERS.iter().for_each(|name| {
        command.env_remove(name);
    });
    command.envs(variables.iter().map(|(name, value)| (*name, value.as_str())));
    command.current_dir(place.path("."));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Starts processes that are told by flags who they are; `more` has the arguments of one more.
fn by_flags(place: &Place, world: u32, more: &dyn Fn(u32) -> Vec<String>) -> Vec<Child> {
    let (world_text, address) = (world.to_string(), format!("127.0.0.1:{}", free_port()));
    let start_one = |rank: u32| {
        let (rank_text, more) = (rank.to_string(), more(rank));
        let mut args = vec!["--rank", &rank_text, "--world", &world_text, "--address", &address];
        args.extend(QUICK);
        args.extend(more.iter().map(String::as_str));
        start(place, &args, &[])
    };
    (0..world).map(start_one).collect()
}

fn ended(children: Vec<Child>) -> Vec<Output> {
    children.into_iter().map(|child| child.wait_with_output().unwrap()).collect()
}

/// What all said, when all went well.
fn well(children: Vec<Child>) -> Vec<String> {
    let told = |output: Output| {
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    ended(children).into_iter().map(told).collect()
}

fn opened(place: &Place, name: &str) -> Trace {
    let file = std::fs::File::open(place.path(name)).unwrap();
    let go_on = &mut |_| ControlFlow::Continue(());
    weftscope_traces::open(file, &OpenOptions::default(), go_on).unwrap()
}

/// Lengths of the ops of a rank, in order.
fn lengths_ns(trace: &Trace, of: u32) -> Vec<i64> {
    let streams = trace.lanes.iter().filter(
        |lane| matches!(trace.track(lane.track).kind, TrackKind::Stream { rank, .. } if rank == of),
    );
    let lens = |lane: &weftscope_traces::Lane| -> Vec<i64> {
        (0..lane.slices.len()).map(|row| lane.slices.span(row).len_ns()).collect()
    };
    streams.flat_map(lens).collect()
}

/// Rows of iterations of a rank, part by part.
fn parts(place: &Place, folder: &str, rank: u32) -> Vec<Vec<IterationRow>> {
    let folder = place.path(&format!("{folder}/rank={rank:05}/kind=iteration"));
    let read = |path: &Path| read_iterations(std::fs::File::open(path).ok()?).ok();
    let part = |number: usize| read(&folder.join(format!("part-{number}.parquet")));
    (0..).map_while(part).map(|part| part.rows).collect()
}

/// Oracle: one process that simulates all ranks.
#[test]
fn each_launcher_s_processes_find_each_other_and_record_their_own_ranks() {
    let place = Place::new();
    let quick = ["--tokens", "1024", "--layers", "1", "--tp", "2", "--strategy=default"];
    place.ok(&[&["record", "-o", "all.weft", "--iterations", "2"][..], &quick].concat());
    let all = opened(&place, "all.weft");
    let expected = [lengths_ns(&all, 0), lengths_ns(&all, 1)];
    assert!(expected[0].len() > 10);
    type Launcher = (&'static str, fn(u32, u16) -> Vec<(&'static str, String)>);
    let launchers: [Launcher; 4] = [
        ("torchrun", |rank, port| {
            vec![
                ("RANK", rank.to_string()),
                ("WORLD_SIZE", "2".to_owned()),
                ("LOCAL_RANK", rank.to_string()),
                ("MASTER_ADDR", "127.0.0.1".to_owned()),
                ("MASTER_PORT", (port - 1).to_string()),
                // A launcher in a launcher: the inner one's word counts.
                ("SLURM_PROCID", "0".to_owned()),
                ("SLURM_NTASKS", "1".to_owned()),
            ]
        }),
        ("srun", |rank, port| {
            vec![
                ("SLURM_PROCID", rank.to_string()),
                ("SLURM_NTASKS", "2".to_owned()),
                ("SLURM_LOCALID", rank.to_string()),
                ("SLURM_JOB_NODELIST", "localhost,elsewhere[3-4]".to_owned()),
                ("MASTER_PORT", (port - 1).to_string()),
            ]
        }),
        ("mpirun", |rank, port| {
            vec![
                ("OMPI_COMM_WORLD_RANK", rank.to_string()),
                ("OMPI_COMM_WORLD_SIZE", "2".to_owned()),
                ("OMPI_COMM_WORLD_LOCAL_RANK", rank.to_string()),
                ("OMPI_COMM_WORLD_LOCAL_SIZE", "2".to_owned()),
                ("MASTER_PORT", (port - 1).to_string()),
            ]
        }),
        ("kubernetes", |rank, port| {
            vec![
                ("JOB_COMPLETION_INDEX", rank.to_string()),
                ("WORLD_SIZE", "2".to_owned()),
                ("MASTER_ADDR", "localhost".to_owned()),
                ("MASTER_PORT", (port - 1).to_string()),
            ]
        }),
    ];
    for (launcher, variables) in launchers {
        let (port, output) = (free_port(), format!("{launcher}-{{rank}}.weft"));
        let args = [&["-o", &output, "--iterations", "2"][..], &QUICK].concat();
        let children = [1, 0].map(|rank| start(&place, &args, &variables(rank, port)));
        let said = well(children.into());
        assert!(said[0].contains("rank 1 of 2 on "), "{launcher}: {said:?}");
        assert!(said[0].contains(" rank 0's, to within "), "{launcher}: {said:?}");
        for rank in [0, 1] {
            let own = opened(&place, &format!("{launcher}-{rank}.weft"));
            let ranks: Vec<u32> = own.meta.ranks.iter().map(|info| info.rank).collect();
            assert_eq!((ranks, own.meta.world_size), (vec![rank], 2), "{launcher}");
            assert!(own.meta.ranks[0].server.is_some() && own.meta.base_time_unix_ns > 0);
            assert!(lengths_ns(&own, 1 - rank).is_empty());
            assert_eq!(lengths_ns(&own, rank), expected[rank as usize], "{launcher}");
        }
    }
    let merged = report(&place, &["torchrun-0.weft", "torchrun-1.weft"]);
    assert_eq!(merged["together"]["ranks"].as_array().map(Vec::len), Some(2), "{merged:#}");
}

/// A process may hold several ranks of the plan.
#[test]
fn processes_of_several_ranks_hold_them_in_a_row() {
    let place = Place::new();
    let more = |rank: u32| {
        let gpus = if rank == 0 { "3" } else { "1" };
        let args = ["-o", "{rank}.weft", "--gpus", gpus, "--tp", "4"];
        args.map(str::to_owned).to_vec()
    };
    well(by_flags(&place, 2, &more));
    for (name, expected) in [("0.weft", vec![0, 1, 2]), ("1.weft", vec![3])] {
        let ranks =
            opened(&place, name).meta.ranks.iter().map(|info| info.rank).collect::<Vec<_>>();
        assert_eq!(ranks, expected, "{name}");
    }
}
