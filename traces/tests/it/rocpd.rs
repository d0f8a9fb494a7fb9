//! ROCm's databases, made here as the schemas of several years have them.

use rusqlite::Connection;
use weftscope_traces::analysis::{Config, Ops, Reports};
use weftscope_traces::stream::silent;
use weftscope_traces::{ArgValue, FlowKind, Kind, OpenOptions, Provenance, Trace, open};

use crate::view::lines;

/// The tables of one process, `{{rank}}` of two, with the suffix `{{set}}`.
const SET: &str = include_str!("rocpd_3.sql");

/// Two processes with a GPU each, as `rocprofv3` writes them and `rocpd merge` puts them together.
fn of_two_processes() -> Connection {
    let database = of_processes(&[(0, 100), (1, 200)]);
    database
        .execute_batch("CREATE VIEW rocpd_info_process AS SELECT * FROM rocpd_info_process_00000;")
        .expect("valid SQL");
    database
}

/// Processes by rank and number.
pub(crate) fn of_processes(processes: &[(u32, u32)]) -> Connection {
    let database = Connection::open_in_memory().expect("memory");
    database.execute_batch("PRAGMA page_size = 512").expect("valid SQL");
    for (rank, pid) in processes {
        let script = SET
            .replace("{{set}}", &format!("_0000{rank}"))
            .replace("{{rank}}", &rank.to_string())
            .replace("{{pid}}", &pid.to_string());
        database.execute_batch(&script).expect("valid SQL");
    }
    database
}

fn bytes(database: &mut Connection) -> Vec<u8> {
    database.serialize(rusqlite::MAIN_DB).expect("bytes").to_vec()
}

fn opened(mut database: Connection) -> Trace {
    open(&bytes(&mut database)[..], &OpenOptions::default(), &mut silent).expect("it opens")
}

fn arguments(trace: &Trace, name: &str) -> Vec<(String, ArgValue)> {
    let found = trace.lanes.iter().find_map(|lane| {
        let slices = &lane.slices;
        let row = (0..slices.len()).find(|&row| trace.label(slices.label[row]).name == name)?;
        Some(trace.args.get(slices.args[row]))
    });
    found.expect("it is there")
}

#[test]
fn processes_gpus_streams_and_threads_are_told_apart() {
    let trace = opened(of_two_processes());
    let source = "ROCprofiler-SDK (rocpd, schema 3)".to_owned();
    assert_eq!(trace.meta.provenance, Provenance::Measured { source });
    assert_eq!(trace.meta.world_size, 2);
    let gpus: Vec<_> = trace
        .meta
        .ranks
        .iter()
        .map(|it| (it.rank, it.device.name.as_str(), it.device.sms, it.device.memory_bytes))
        .collect();
    let mi350 = |rank| (rank, "AMD Instinct MI350X", 256, 309_220_868_096);
    assert_eq!(gpus, [mi350(0), mi350(1)]);
    let mut wanted = Vec::new();
    for _ in 0..2 {
        wanted.extend(
            [
                "marks: 2000 3500 iteration 1",
                "stream 2: 2000 3000 Cijk_Alik_Bljk_BBS_BH_Bias_HA_S_SAV_MT64x32x256",
                "stream 3: 2500 3500 ncclDevKernel_Generic_1(ncclDevKernelArgsStorage<4096ul>)",
                "stream 3: 3600 3700 MEMORY_COPY_DEVICE_TO_HOST",
                "stream 3: 3800 3900 MEMORY_COPY_DEVICE_TO_DEVICE",
                "main: 900 1900 iteration 1",
                "main: 1100 1200 hipLaunchKernel",
                "main: 1110 1190 hsa_signal_create",
                "main: 1300 1400 ncclAllReduce",
                "main: 1450 1500 allocate memory",
                "main: 1600 1600 here",
            ]
            .map(str::to_owned),
        );
    }
    wanted.sort();
    assert_eq!(lines(&trace), wanted);
}

#[test]
fn every_row_is_a_slice_or_is_counted() {
    let database = of_two_processes();
    let rows = |table: &str| -> u64 {
        ["_00000", "_00001"]
            .map(|set| {
                let question = format!("SELECT count(*) FROM {table}{set}");
                database.query_row(&question, [], |row| row.get::<_, i64>(0)).expect("a number")
            })
            .iter()
            .sum::<i64>() as u64
    };
    let drawn = ["kernel_dispatch", "memory_copy", "region", "memory_allocate"];
    let drawn: u64 = drawn.iter().map(|name| rows(&format!("rocpd_{name}"))).sum();
    let wanted = drawn + rows("rocpd_sample") + 2 + 2;
    let trace = opened(database);
    // A sample each is a mark, and one a counter's; an iteration each comes of a range.
    let lost: u64 = trace.diagnostics.counts.values().sum();
    let counted: usize = trace.counters.iter().map(|counter| counter.at_ns.len()).sum();
    let in_all = (trace.num_slices() + counted) as u64 + lost;
    assert_eq!(in_all, wanted, "{:?}", trace.diagnostics);
    let counts = &trace.diagnostics.counts;
    assert_eq!(counts["rows of rocpd_kernel_dispatch that end before they start"], 2);
    assert_eq!(counts["counts of events that are not in the file"], 2);
    assert_eq!(trace.diagnostics.remarks["rows of rocpd_graph_launch_00000, not read"], 1);
}

#[test]
fn figures_arrows_counters_and_arguments() {
    let trace = opened(of_two_processes());
    let reports = Reports::of(&Ops::of(&trace, &Config::default()));
    let figures: Vec<_> = reports
        .overlap
        .ranks
        .iter()
        .map(|it| (it.total.compute_ns, it.total.comm_ns, it.total.overlap_ns))
        .collect();
    // The collective, and the copy to the other GPU.
    assert_eq!(figures, [(1000, 1100, 500), (1000, 1100, 500)]);
    let mut arrows: Vec<_> = trace
        .flows
        .iter()
        .filter(|flow| flow.kind == FlowKind::Launch)
        .map(|flow| {
            [flow.from, flow.to].map(|end| trace.lane(end.lane).slices.start_ns[end.index as usize])
        })
        .collect();
    arrows.sort_unstable();
    assert_eq!(arrows, [[1100, 2000], [1100, 2000], [1300, 2500], [1300, 2500]]);
    let counters: Vec<_> = trace
        .counters
        .iter()
        .map(|it| (it.name.as_str(), it.unit.as_str(), it.rank, it.at_ns[0], it.value[0]))
        .collect();
    let power = |rank: u32| {
        ("GPU power, GPU ".to_owned() + &rank.to_string(), "W", Some(rank), 1700, 750.5)
    };
    let wanted = [power(0), power(1)];
    let wanted: Vec<_> = wanted
        .iter()
        .map(|(name, unit, rank, at, value)| (name.as_str(), *unit, *rank, *at, *value))
        .collect();
    assert_eq!(counters, wanted);
    let kernel = arguments(&trace, "Cijk_Alik_Bljk_BBS_BH_Bias_HA_S_SAV_MT64x32x256");
    let text = |text: &str| ArgValue::Text(text.to_owned());
    for (key, value) in [
        ("grid", text("[8, 2, 1]")),
        ("block", text("[256, 1, 1]")),
        ("registers per thread", ArgValue::Int(128)),
        ("shared memory", ArgValue::Int(65_536)),
        ("queue", ArgValue::Int(7)),
        ("SQ_WAVES", ArgValue::Int(64)),
    ] {
        assert!(kernel.contains(&(key.to_owned(), value.clone())), "{key} {value:?} in {kernel:?}");
    }
    let call = arguments(&trace, "ncclAllReduce");
    assert!(call.contains(&("count".to_owned(), text("4096"))), "{call:?}");
    assert!(call.contains(&("category".to_owned(), text("RCCL_API"))), "{call:?}");
}

#[test]
fn streams_that_tell_nothing_apart_and_hundreds_of_them_give_way_to_queues() {
    let rows = |script: &str| -> Vec<String> {
        let database = of_two_processes();
        database.execute_batch(script).expect("valid SQL");
        let trace = opened(database);
        let mut names: Vec<String> = trace
            .tracks
            .iter()
            .filter(|track| {
                matches!(track.kind, weftscope_traces::TrackKind::Stream { rank: 0, .. })
            })
            .map(|track| track.name.clone())
            .collect();
        names.sort();
        names
    };
    assert_eq!(rows("SELECT 1"), ["stream 2", "stream 3"]);
    let one = "UPDATE rocpd_kernel_dispatch_00000 SET stream_id = 0;";
    assert_eq!(rows(one), ["copies", "queue 7", "queue 8"]);
    let many = "WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 100)
        INSERT INTO rocpd_kernel_dispatch_00000 (nid, pid, tid, agent_id, kernel_id, dispatch_id, queue_id, stream_id,
            start, end, workgroup_size_x, workgroup_size_y, workgroup_size_z, grid_size_x, grid_size_y, grid_size_z)
        SELECT 1, 100, 101, 2, 5, i, 7, i, 10000 + 10 * i, 10005 + 10 * i, 1, 1, 1, 1, 1, 1 FROM n;";
    assert_eq!(rows(many), ["copies", "queue 7", "queue 8"]);
}

/// Schema 4.1 keeps the place of a row in a track, and categories in a table of their own.
#[test]
fn places_by_track_open_as_those_by_columns() {
    let database = Connection::open_in_memory().expect("memory");
    let script = "
        CREATE TABLE rocpd_info_process_a (id INTEGER, nid INTEGER, pid INTEGER, command TEXT);
        INSERT INTO rocpd_info_process_a VALUES (1, 1, 100, '/usr/bin/python3 train.py');
        CREATE TABLE rocpd_info_thread_a (id INTEGER, pid INTEGER, tid INTEGER, name TEXT);
        INSERT INTO rocpd_info_thread_a VALUES (4, 1, 104, NULL);
        CREATE TABLE rocpd_info_agent_a (id INTEGER, type TEXT, type_index INTEGER, name TEXT);
        INSERT INTO rocpd_info_agent_a VALUES (2, 'GPU', 6, 'gfx950');
        CREATE TABLE rocpd_string_a (id INTEGER, string TEXT);
        INSERT INTO rocpd_string_a VALUES (1, 'step 3'), (2, 'category of another table'), (3, 'hipLaunchKernel');
        CREATE TABLE rocpd_info_category_a (id INTEGER, name TEXT);
        INSERT INTO rocpd_info_category_a VALUES (2, 'MARKER_CORE_RANGE_API');
        CREATE TABLE rocpd_track_a (id INTEGER, pid INTEGER, tid INTEGER, agent_id INTEGER, queue_id INTEGER,
            stream_id INTEGER, name_id INTEGER);
        INSERT INTO rocpd_track_a VALUES (8, 1, 4, NULL, NULL, NULL, NULL), (9, 1, NULL, 2, 5, 1, NULL);
        CREATE TABLE rocpd_event_a (id INTEGER, category_id INTEGER, stack_id INTEGER, extdata BLOB);
        INSERT INTO rocpd_event_a VALUES (1, 2, 11, X'00'), (2, NULL, 12, X'00');
        CREATE TABLE rocpd_info_kernel_symbol_a (id INTEGER, kernel_name TEXT);
        INSERT INTO rocpd_info_kernel_symbol_a VALUES (1, '__amd_rocclr_copyBuffer.kd');
        CREATE TABLE rocpd_kernel_dispatch_a (track_id INTEGER, kernel_id INTEGER, start INTEGER, end INTEGER, event_id INTEGER);
        INSERT INTO rocpd_kernel_dispatch_a VALUES (9, 1, 5000, 6000, 2);
        CREATE TABLE rocpd_region_a (track_id INTEGER, name_id INTEGER, start INTEGER, end INTEGER, event_id INTEGER);
        INSERT INTO rocpd_region_a VALUES (8, 1, 1000, 2000, 1), (8, 3, 1100, 1200, 2);";
    database.execute_batch(script).expect("valid SQL");
    let trace = opened(database);
    assert_eq!(
        lines(&trace),
        [
            "marks: 4000 5000 step 3",
            "stream 1: 4000 5000 __amd_rocclr_copyBuffer.kd",
            "thread 104: 0 1000 step 3",
            "thread 104: 100 200 hipLaunchKernel",
        ]
    );
    assert_eq!(trace.meta.ranks[0].rank, 6);
    let kinds: Vec<_> =
        trace.labels.iter().map(|label| (label.name.as_str(), label.kind)).collect();
    assert!(kinds.contains(&("__amd_rocclr_copyBuffer.kd", Kind::Memcpy)), "{kinds:?}");
}

/// rocmProfileData, schema 2 with the texts of arguments among the others.
pub(crate) fn of_rocm_profile_data() -> Connection {
    let database = Connection::open_in_memory().expect("memory");
    let script = "
        PRAGMA page_size = 512;
        CREATE TABLE rocpd_metadata (id INTEGER, tag TEXT, value TEXT);
        INSERT INTO rocpd_metadata VALUES (1, 'schema_version', '2');
        CREATE TABLE rocpd_string (id INTEGER, string TEXT);
        INSERT INTO rocpd_string VALUES (1, ''), (2, 'hipLaunchKernel'), (3, 'UserMarker'), (4, 'iteration 7'),
            (5, 'KernelExecution'), (6, 'rcclKernel_AllReduce'), (7, 'CopyHostToDevice'), (8, 'hipGraphLaunch');
        CREATE TABLE rocpd_api (id INTEGER, pid INTEGER, tid INTEGER, start INTEGER, end INTEGER, apiName_id INTEGER, args_id INTEGER);
        INSERT INTO rocpd_api VALUES (11, 100, 101, 0, 500, 3, 4), (12, 100, 101, 100, 150, 2, 1), (13, 100, 102, 200, 250, 8, 1);
        CREATE TABLE rocpd_op (id INTEGER, gpuId INTEGER, queueId INTEGER, start INTEGER, end INTEGER, description_id INTEGER, opType_id INTEGER);
        INSERT INTO rocpd_op VALUES (1, 2, 0, 1000, 2000, 6, 5), (2, 2, 1, 1500, 1700, 1, 7), (3, 2, 0, 2000, 2100, 6, 5), (4, 2, 0, 90, 80, 6, 5);
        CREATE TABLE rocpd_api_ops (id INTEGER, api_id INTEGER, op_id INTEGER);
        INSERT INTO rocpd_api_ops VALUES (1, 12, 1), (2, 13, 2), (3, 13, 3);
        CREATE TABLE rocpd_kernelapi (api_ptr_id INTEGER, stream TEXT, gridX INTEGER, gridY INTEGER, gridZ INTEGER,
            workgroupX INTEGER, workgroupY INTEGER, workgroupZ INTEGER, groupSegmentSize INTEGER);
        INSERT INTO rocpd_kernelapi VALUES (12, '0x0', 4, 1, 1, 256, 1, 1, 512);
        CREATE TABLE rocpd_monitor (id INTEGER, deviceType TEXT, deviceId INTEGER, monitorType TEXT, start INTEGER, end INTEGER, value TEXT);
        INSERT INTO rocpd_monitor VALUES (1, 'gpu', 0, 'sclk', 0, 900, '2100'), (2, 'gpu', 0, 'sclk', 900, 2000, 'high');";
    database.execute_batch(script).expect("valid SQL");
    database
}

#[test]
fn databases_of_rocm_profile_data() {
    let trace = opened(of_rocm_profile_data());
    assert_eq!(
        lines(&trace),
        [
            "marks: 1000 2100 iteration 7",
            "stream 0: 1000 2000 rcclKernel_AllReduce",
            "stream 0: 2000 2100 rcclKernel_AllReduce",
            "stream 1: 1500 1700 CopyHostToDevice",
            "thread 101: 0 500 iteration 7",
            "thread 101: 100 150 hipLaunchKernel",
            "thread 102: 200 250 hipGraphLaunch",
        ]
    );
    assert_eq!(trace.flows.len(), 3);
    let counts = &trace.diagnostics.counts;
    assert_eq!(counts["rows of rocpd_op that end before they start"], 1);
    assert_eq!(counts["rows of rocpd_monitor without a time or a number"], 1);
    let counter = &trace.counters[0];
    assert_eq!((counter.name.as_str(), &counter.value[..]), ("sclk, GPU 0", &[2100.0][..]));
    let kernel = arguments(&trace, "rcclKernel_AllReduce");
    assert!(kernel.contains(&("shared memory".to_owned(), ArgValue::Int(512))), "{kernel:?}");
}

/// Flipped bytes may give anything but a panic, and what is opened can be asked.
#[test]
fn damage_never_panics() {
    let whole = bytes(&mut of_two_processes());
    let mut random = 54321_u64;
    for _ in 0..200 {
        let mut damaged = whole.clone();
        for _ in 0..8 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let at = (random >> 33) as usize % (damaged.len() - 16) + 16;
            damaged[at] = (random >> 24) as u8;
        }
        if let Ok(trace) = open(&damaged[..], &OpenOptions::default(), &mut silent) {
            let _asked = Reports::of(&Ops::of(&trace, &Config::default()));
        }
    }
}
