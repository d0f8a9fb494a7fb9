//! Nsight Systems' SQLite exports, made here as the schemas of several years have them.

use rusqlite::Connection;
use weftscope_traces::analysis::{Config, Ops, Reports, bandwidth};
use weftscope_traces::stream::silent;
use weftscope_traces::{FlowKind, OpenOptions, Provenance, Trace, TrackKind, open};

use crate::view::lines_in_order;

/// Process 100 and 200 of machine 1, as the exporter serialises them; a thread has its number in the low bits.
const P100: i64 = 1 << 48 | 100 << 24;
const P200: i64 = 1 << 48 | 200 << 24;

const STRINGS: &str = "
    CREATE TABLE StringIds (id INTEGER NOT NULL PRIMARY KEY, value TEXT NOT NULL);
    INSERT INTO StringIds VALUES (1, 'nvjet_sm90_tst_256x128_64x4_1x2_h_bz_coopA_TNT'), (2, 'nvjet'),
        (3, 'ncclDevKernel_AllReduce_Sum_bf16_RING_LL(ncclDevKernelArgsStorage<4096ul>)'), (4, 'ncclDevKernel'),
        (5, 'cudaLaunchKernel_v7000'), (6, 'cuLaunchKernelEx'), (7, 'worker'), (8, 'model'), (9, 'iteration 2');
";

/// Two processes with a GPU each, as version 2026 exports them.
pub(crate) fn of_2026() -> Connection {
    let database = Connection::open_in_memory().expect("memory");
    let script = format!(
        "PRAGMA page_size = 512;
        {STRINGS}
        CREATE TABLE META_DATA_EXPORT (name TEXT NOT NULL, value TEXT);
        INSERT INTO META_DATA_EXPORT VALUES ('EXPORT_PRODUCT_VERSION', '2026.2.1.210');
        CREATE TABLE TARGET_INFO_SESSION_START_TIME (utcEpochNs INTEGER, utcTime TEXT);
        INSERT INTO TARGET_INFO_SESSION_START_TIME VALUES (1779630014975716426, '2026-05-24T13:40:14');
        CREATE TABLE TARGET_INFO_GPU (id INTEGER NOT NULL, name TEXT, smCount INTEGER, totalMemory INTEGER,
            computeMajor INTEGER, computeMinor INTEGER);
        INSERT INTO TARGET_INFO_GPU VALUES (4, 'NVIDIA H200', 132, 150000000000, 9, 0), (6, 'NVIDIA H100', 132, 80, 9, 0);
        CREATE TABLE TARGET_INFO_CUDA_DEVICE (gpuId INTEGER, cudaId INTEGER NOT NULL, pid INTEGER NOT NULL);
        INSERT INTO TARGET_INFO_CUDA_DEVICE VALUES (4, 0, 100), (6, 0, 200);
        CREATE TABLE PROCESSES (globalPid INTEGER, pid INTEGER, name TEXT);
        INSERT INTO PROCESSES VALUES ({P100}, 100, 'python3'), ({P200}, 200, 'python3');
        CREATE TABLE ThreadNames (nameId INTEGER NOT NULL, priority INTEGER, globalTid INTEGER);
        INSERT INTO ThreadNames VALUES (7, 20, {P100} + 101);
        CREATE TABLE CUPTI_ACTIVITY_KIND_KERNEL (start INTEGER NOT NULL, end INTEGER NOT NULL, deviceId INTEGER NOT NULL,
            contextId INTEGER NOT NULL, greenContextId INTEGER, streamId INTEGER NOT NULL, correlationId INTEGER,
            globalPid INTEGER, demangledName INTEGER NOT NULL, shortName INTEGER NOT NULL, registersPerThread INTEGER,
            gridX INTEGER, gridY INTEGER, gridZ INTEGER, blockX INTEGER, blockY INTEGER, blockZ INTEGER,
            staticSharedMemory INTEGER, dynamicSharedMemory INTEGER, graphNodeId INTEGER);
        INSERT INTO CUPTI_ACTIVITY_KIND_KERNEL VALUES
            (1000, 2000, 0, 1, NULL, 7, 11, {P100}, 1, 2, 168, 256, 1, 1, 384, 1, 1, 1024, 200000, NULL),
            (1500, 2500, 0, 1, NULL, 13, 12, {P100}, 3, 4, 96, 24, 1, 1, 640, 1, 1, 0, 0, NULL),
            (3000, 4000, 0, 1, NULL, 7, 13, {P100}, 1, 2, 168, 256, 1, 1, 384, 1, 1, 1024, 200000, NULL),
            (1600, 2500, 0, 2, NULL, 13, 12, {P200}, 3, 4, 96, 24, 1, 1, 640, 1, 1, 0, 0, NULL),
            (9000, 8000, 0, 2, NULL, 13, 14, {P200}, 3, 4, 96, 24, 1, 1, 640, 1, 1, 0, 0, NULL);
        CREATE TABLE CUPTI_ACTIVITY_KIND_MEMCPY (start INTEGER, end INTEGER, deviceId INTEGER, streamId INTEGER,
            correlationId INTEGER, globalPid INTEGER, bytes INTEGER, copyKind INTEGER, srcKind INTEGER, dstKind INTEGER);
        INSERT INTO CUPTI_ACTIVITY_KIND_MEMCPY VALUES (100, 200, 0, 7, 9, {P100}, 4096, 1, 1, 2);
        CREATE TABLE CUPTI_ACTIVITY_KIND_MEMSET (start INTEGER, end INTEGER, deviceId INTEGER, streamId INTEGER,
            globalPid INTEGER, bytes INTEGER, memKind INTEGER);
        INSERT INTO CUPTI_ACTIVITY_KIND_MEMSET VALUES (250, 260, 0, 7, {P100}, 4, 2);
        CREATE TABLE CUPTI_ACTIVITY_KIND_RUNTIME (start INTEGER, end INTEGER, globalTid INTEGER, correlationId INTEGER,
            nameId INTEGER, returnValue INTEGER);
        INSERT INTO CUPTI_ACTIVITY_KIND_RUNTIME VALUES (500, 600, {P100} + 101, 11, 5, 0), (700, 800, {P100} + 101, 12, 6, 1),
            (900, 950, {P100} + 102, 13, 5, 0), (700, 800, {P200} + 201, 12, 6, 0);
        CREATE TABLE CUPTI_ACTIVITY_KIND_SYNCHRONIZATION (start INTEGER, end INTEGER, streamId INTEGER, globalPid INTEGER,
            syncType INTEGER);
        INSERT INTO CUPTI_ACTIVITY_KIND_SYNCHRONIZATION VALUES (3000, 4100, 7, {P100}, 3);
        CREATE TABLE NVTX_EVENTS (start INTEGER, end INTEGER, eventType INTEGER, text TEXT, globalTid INTEGER,
            textId INTEGER, domainId INTEGER);
        INSERT INTO NVTX_EVENTS VALUES (0, NULL, 75, 'model', {P100} + 101, NULL, 5),
            (400, 820, 59, 'iteration 1', {P100} + 101, NULL, 5), (830, 990, 59, NULL, {P100} + 101, 9, 0),
            (450, 460, 59, 'forward', {P100} + 101, NULL, 5), (300, NULL, 34, 'here', {P100} + 101, NULL, 0),
            (300, NULL, 59, 'open', {P100} + 101, NULL, 0), (410, 900, 60, 'across', {P100} + 101, NULL, 0);
        CREATE TABLE GPU_METRICS (rawTimestamp INTEGER, timestamp INTEGER, typeId INTEGER, metricId INTEGER, value INTEGER);
        INSERT INTO GPU_METRICS VALUES (0, 1000, 4, 8, 40), (0, 2000, 4, 8, 60), (0, 1000, 6, 8, 10);
        CREATE TABLE TARGET_INFO_GPU_METRICS (typeId INTEGER, metricId INTEGER, metricName TEXT);
        INSERT INTO TARGET_INFO_GPU_METRICS VALUES (4, 8, 'SMs Active [Throughput %]');
        CREATE TABLE OSRT_API (start INTEGER, end INTEGER, globalTid INTEGER, nameId INTEGER);
        INSERT INTO OSRT_API VALUES (1, 2, {P100} + 101, 7), (3, 4, {P100} + 101, 7);
        CREATE TABLE DIAGNOSTIC_EVENT (timestamp INTEGER, severity INTEGER, text TEXT);
        INSERT INTO DIAGNOSTIC_EVENT VALUES (0, 1, 'Profiling has started.'), (5, 2, 'Some events\nwere lost.');"
    );
    database.execute_batch(&script).expect("valid SQL");
    database
}

fn bytes(database: &mut Connection) -> Vec<u8> {
    database.serialize(rusqlite::MAIN_DB).expect("bytes").to_vec()
}

fn opened(bytes: &[u8]) -> Result<Trace, String> {
    open(bytes, &OpenOptions::default(), &mut silent).map_err(|error| error.to_string())
}

#[test]
fn processes_gpus_streams_and_threads_are_told_apart() {
    let trace = opened(&bytes(&mut of_2026())).unwrap();
    let source = "Nsight Systems 2026.2.1.210".to_owned();
    assert_eq!(trace.meta.provenance, Provenance::Measured { source });
    assert_eq!(trace.meta.base_time_unix_ns, 1_779_630_014_975_716_426);
    let gpus: Vec<_> =
        trace.meta.ranks.iter().map(|it| (it.rank, it.device.name.as_str())).collect();
    assert_eq!(gpus, [(4, "NVIDIA H200"), (6, "NVIDIA H100")]);
    same_lines(
        &lines_in_order(&trace),
        &[
            "marks: 1000 2500 iteration 1",
            "marks: 3000 4000 iteration 2",
            "stream 7: 100 200 Memcpy HtoD (Pinned -> Device)",
            "stream 7: 250 260 Memset (Device)",
            "stream 7: 1000 2000 nvjet_sm90_tst_256x128_64x4_1x2_h_bz_coopA_TNT",
            "stream 7: 3000 4000 nvjet_sm90_tst_256x128_64x4_1x2_h_bz_coopA_TNT",
            "stream 13: 1500 2500 ncclDevKernel_AllReduce_Sum_bf16_RING_LL(ncclDevKernelArgsStorage<4096ul>)",
            "stream 13: 1600 2500 ncclDevKernel_AllReduce_Sum_bf16_RING_LL(ncclDevKernelArgsStorage<4096ul>)",
            "worker: 400 820 iteration 1",
            "worker: 450 460 forward",
            "worker: 500 600 cudaLaunchKernel",
            "worker: 700 800 cuLaunchKernelEx",
            "worker: 830 990 iteration 2",
            "worker: 300 300 here",
            "thread 102: 900 950 cudaLaunchKernel",
            "thread 201: 700 800 cuLaunchKernelEx",
            "synchronization: 3000 4100 waits for a stream",
            "asynchronous 0: 410 900 across",
        ],
    );
}

/// Both sorted: the order of lanes says nothing.
fn same_lines(found: &[String], wanted: &[&str]) {
    let (mut found, mut wanted) = (found.to_vec(), wanted.to_vec());
    found.sort();
    wanted.sort_unstable();
    assert_eq!(found, wanted);
}

/// A payload as NCCL's calls have it: 32 bytes of header, of which the second eight are the schema's number, then fields.
fn payload(schema: u64, fields: &[&[u8]]) -> Vec<u8> {
    let body = fields.concat();
    let head = [1, schema, body.len() as u64, 32].map(u64::to_le_bytes).concat();
    [head, body].concat()
}

/// Two ranks say in the payloads of NCCL how many bytes they reduce: 64 MiB among 2 in 1 ms are 67.1 GB/s over the bus. The
/// all-gather is launched as its group ends; each of 2 ranks brings 1 MiB.
#[test]
fn sizes_of_collectives_are_in_payloads_of_nvtx() {
    let mut database = of_2026();
    let script = "
        ALTER TABLE NVTX_EVENTS ADD COLUMN binaryData BLOB;
        CREATE TABLE NVTX_PAYLOAD_SCHEMA_ENTRIES (domainId INTEGER, schemaId INTEGER, idx INTEGER, type INTEGER, name TEXT,
            offset INTEGER);
        INSERT INTO NVTX_PAYLOAD_SCHEMA_ENTRIES VALUES
            (1, 71, 0, 18, 'NCCL communicator ID', NULL), (1, 71, 1, 5, 'No. of ranks', 8),
            (1, 72, 0, 18, 'NCCL communicator ID', NULL), (1, 72, 1, 22, 'Message size [bytes]', 8),
            (1, 72, 2, 9001, 'Reduction operation', 16);
        INSERT INTO StringIds VALUES (20, 'ncclDevKernel_AllGather_RING_LL');";
    database.execute_batch(script).expect("valid SQL");
    let event = |start: i64, end: i64, name: &str, data: Option<Vec<u8>>| {
        let row = "INSERT INTO NVTX_EVENTS VALUES (?1, ?2, 59, ?3, ?4, NULL, 1, ?5)";
        let row = database.execute(row, (start, end, name, P100 + 101, data));
        row.expect("a row");
    };
    let id = 0xABC_u64.to_le_bytes();
    event(10, 20, "ncclCommInitRank", Some(payload(71, &[&id, &2_u32.to_le_bytes(), &[0; 4]])));
    let bytes_of = |bytes: u64| bytes.to_le_bytes();
    event(10_000, 10_100, "ncclAllReduce", Some(payload(72, &[&id, &bytes_of(64 << 20), &[0; 8]])));
    event(19_900, 19_950, "ncclGroupStart", None);
    event(20_000, 20_100, "ncclAllGather", Some(payload(72, &[&id, &bytes_of(1 << 20), &[0; 8]])));
    event(20_200, 20_300, "ncclGroupEnd", None);
    let calls = format!(
        "INSERT INTO CUPTI_ACTIVITY_KIND_RUNTIME VALUES (10050, 10060, {P100} + 101, 71, 5, 0),
            (20250, 20260, {P100} + 101, 72, 5, 0);
        INSERT INTO CUPTI_ACTIVITY_KIND_KERNEL VALUES
            (100000, 1100000, 0, 1, NULL, 13, 71, {P100}, 3, 4, 96, 24, 1, 1, 640, 1, 1, 0, 0, NULL),
            (2000000, 2100000, 0, 1, NULL, 13, 72, {P100}, 20, 4, 96, 24, 1, 1, 640, 1, 1, 0, 0, NULL);"
    );
    database.execute_batch(&calls).expect("valid SQL");
    let trace = opened(&bytes(&mut database)).expect("an export");
    let report = bandwidth(&Ops::of(&trace, &Config::default()));
    let rows: Vec<_> = report
        .rows
        .iter()
        .map(|row| (row.operation.as_str(), row.ranks, row.bytes, row.count, row.bus_per_s))
        .collect();
    let mib = f64::from(1 << 20);
    let expected = [
        ("all_reduce", Some(2), Some(64.0 * mib), 1, 64.0 * mib / 1e-3),
        ("all_gather", Some(2), Some(2.0 * mib), 1, mib / 1e-4),
    ];
    assert_eq!(rows, expected);
    assert_eq!(report.unknown, 2, "the two of before say nothing");
}

#[test]
fn every_row_is_a_slice_or_is_counted() {
    let trace = opened(&bytes(&mut of_2026())).unwrap();
    // Rows of the tables read: 5 kernels, a copy, a set, 4 calls, a wait, 7 of NVTX of which one names a domain; and two
    // iterations come of them.
    let slices: usize = trace.lanes.iter().map(|lane| lane.slices.len()).sum();
    let lost: u64 = trace.diagnostics.counts.values().sum();
    assert_eq!(slices as u64 + lost, 5 + 1 + 1 + 4 + 1 + 6 + 2, "{:?}", trace.diagnostics);
    let counts = &trace.diagnostics.counts;
    assert_eq!(counts["rows of CUPTI_ACTIVITY_KIND_KERNEL that end before they start"], 1);
    assert_eq!(counts["NVTX ranges that were still open at the end"], 1);
    assert_eq!(trace.diagnostics.remarks["rows of OSRT_API, not read"], 2);
    let notes = trace.diagnostics.notes.join("\n");
    assert!(notes.contains("Nsight Systems says: Some events were lost."), "{notes}");
    assert!(!notes.contains("Profiling has started"), "{notes}");
}

#[test]
fn figures_arrows_and_counters() {
    let trace = opened(&bytes(&mut of_2026())).unwrap();
    let reports = Reports::of(&Ops::of(&trace, &Config::default()));
    let figures: Vec<_> = reports
        .overlap
        .ranks
        .iter()
        .map(|it| (it.total.compute_ns, it.total.comm_ns, it.total.overlap_ns, it.total.wait_ns))
        .collect();
    assert_eq!(figures, [(2000, 1000, 500, Some(100)), (0, 900, 0, Some(0))]);
    let arrows: Vec<_> = trace
        .flows
        .iter()
        .filter(|flow| flow.kind == FlowKind::Launch)
        .map(|flow| {
            let start = |end: weftscope_traces::SliceRef| {
                trace.lane(end.lane).slices.start_ns[end.index as usize]
            };
            (start(flow.from), start(flow.to))
        })
        .collect();
    let mut arrows_sorted = arrows;
    arrows_sorted.sort_unstable();
    assert_eq!(arrows_sorted, [(500, 1000), (700, 1500), (700, 1600), (900, 3000)]);
    let counters: Vec<_> = trace
        .counters
        .iter()
        .map(|it| (it.name.as_str(), it.rank, it.at_ns.clone(), it.value.clone()))
        .collect();
    assert_eq!(
        counters,
        [
            ("SMs Active [Throughput %]", Some(4), vec![1000, 2000], vec![40.0, 60.0]),
            ("SMs Active [Throughput %]", Some(6), vec![1000], vec![10.0]),
        ]
    );
}

#[test]
fn an_old_export_with_few_columns_opens() {
    let mut database = Connection::open_in_memory().unwrap();
    let script = format!(
        "{STRINGS}
        CREATE TABLE CUPTI_ACTIVITY_KIND_KERNEL (start INT NOT NULL, end INT NOT NULL, deviceId INT NOT NULL,
            streamId INT NOT NULL, shortName INT NOT NULL);
        INSERT INTO CUPTI_ACTIVITY_KIND_KERNEL VALUES (10, 20, 0, 7, 2), (20, 30, 1, 7, 4), (30, '40', 0, 7, 99);"
    );
    database.execute_batch(&script).unwrap();
    let trace = opened(&bytes(&mut database)).unwrap();
    let ranks = trace.tracks.iter().filter(|it| matches!(it.kind, TrackKind::Rank { .. })).count();
    assert_eq!(ranks, 2);
    same_lines(
        &lines_in_order(&trace),
        &["stream 7: 10 20 nvjet", "stream 7: 20 30 ncclDevKernel", "stream 7: 30 40 (no name)"],
    );
}

#[test]
fn graphs_recorded_whole_are_said() {
    let mut database = of_2026();
    let script = format!(
        "CREATE TABLE CUPTI_ACTIVITY_KIND_GRAPH_TRACE (start INTEGER, end INTEGER, deviceId INTEGER, streamId INTEGER,
            correlationId INTEGER, globalPid INTEGER, graphId INTEGER);
        INSERT INTO CUPTI_ACTIVITY_KIND_GRAPH_TRACE VALUES (5000, 6000, 0, 7, 15, {P100}, 3);"
    );
    database.execute_batch(&script).unwrap();
    let trace = opened(&bytes(&mut database)).unwrap();
    let notes = trace.diagnostics.notes.join("\n");
    assert!(notes.contains("1 launches of CUDA graphs are recorded as wholes"), "{notes}");
    assert!(
        lines_in_order(&trace)
            .iter()
            .any(|it| it == "stream 7: 5000 6000 CUDA graph 3, kernels not recorded")
    );
}

#[test]
fn other_databases_are_told_what_they_are() {
    let mut database = Connection::open_in_memory().unwrap();
    database.execute_batch("CREATE TABLE moz_places (id INTEGER)").unwrap();
    let error = opened(&bytes(&mut database)).unwrap_err();
    assert!(error.contains("its tables are moz_places"), "{error}");
    let error = opened(b"SQLite format 3\0").unwrap_err();
    assert!(error.contains("damaged"), "{error}");
}

#[test]
fn of_a_database_that_is_cut_off_the_rest_is_read() {
    let mut database = of_2026();
    let many = format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
        INSERT INTO CUPTI_ACTIVITY_KIND_KERNEL SELECT 10000 + 10 * i, 10005 + 10 * i, 0, 1, NULL, 7, NULL, {P100}, 1, 2,
            168, 1, 1, 1, 1, 1, 1, 0, 0, NULL FROM n"
    );
    database.execute_batch(&many).unwrap();
    let whole = bytes(&mut database);
    let slices = |trace: &Trace| trace.lanes.iter().map(|lane| lane.slices.len()).sum::<usize>();
    let all = slices(&opened(&whole).unwrap());
    let trace = opened(&whole[..whole.len() * 3 / 4]).unwrap();
    assert!((1000..all).contains(&slices(&trace)), "{} of {all}", slices(&trace));
    let notes = trace.diagnostics.notes.join("\n");
    assert!(notes.contains("the database is cut off"), "{notes}");
    let error = opened(&whole[..whole.len() / 4]).unwrap_err();
    assert!(error.contains("cut off"), "{error}");
}

/// Flipped bytes may give anything but a panic, and what is opened can be asked.
#[test]
fn damage_never_panics() {
    let whole = bytes(&mut of_2026());
    let mut random = 12345_u64;
    for _ in 0..300 {
        let mut damaged = whole.clone();
        for _ in 0..8 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let at = (random >> 33) as usize % (damaged.len() - 16) + 16;
            damaged[at] = (random >> 24) as u8;
        }
        if let Ok(trace) = opened(&damaged) {
            let _asked = Reports::of(&Ops::of(&trace, &Config::default()));
        }
    }
}
