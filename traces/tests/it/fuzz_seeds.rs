//! The files that fuzzing starts from, small ones of each format; `traces/fuzz/run` takes them from where this writes
//! them.

use std::fs;
use std::path::Path;

use weftscope_traces::interchange::{
    chrome::{self, ExportOptions},
    perfetto,
};
use weftscope_traces::stream::silent;
use weftscope_traces::{OpenOptions, container, open};

use self::sealed::sealed;
use crate::random::sample;

#[path = "../../fuzz/fuzz_targets/sealed.rs"]
mod sealed;

/// What Kineto writes, in short: every field that the reader looks at.
const KINETO: &str = include_str!("../../fuzz/kineto.json");

/// Oracle: the traces that the seeds were made from.
#[test]
fn fuzz_seeds_are_good_files() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fuzz-seeds");
    let put = |target: &str, name: &str, bytes: &[u8]| {
        let folder = folder.join(target);
        fs::create_dir_all(&folder).expect("a folder can be made");
        fs::write(folder.join(name), bytes).expect("a file can be written");
    };
    let kineto = chrome::read(KINETO.as_bytes(), &OpenOptions::default(), &mut silent);
    assert!(kineto.expect("good").num_slices() > 8);
    put("json", "kineto", KINETO.as_bytes());
    for number in 0..8 {
        let trace = sample(number, 40);
        let mut text = Vec::new();
        let options = ExportOptions::default();
        chrome::write(&trace, &mut text, &options, &mut silent).expect("a Vec takes all");
        put("json", &format!("random-{number}"), &text);
        let mut packets = Vec::new();
        perfetto::write(&trace, &mut packets, &mut silent).expect("a Vec takes all");
        put("perfetto", &format!("random-{number}"), &packets);
        let mut file = Vec::new();
        container::write(&trace, &mut file, &mut silent).expect("a Vec takes all");
        put("weft", &format!("file-{number}"), &file);
        let open = opened(&file);
        assert_eq!(container::read(&sealed(&open)[..], &mut silent).expect("as good"), trace);
        put("weft", &format!("open-{number}"), &open);
    }
    put("perfetto", "packets", PERFETTO);
    let perfetto = open(PERFETTO, &OpenOptions::default(), &mut silent).expect("good");
    assert_eq!(perfetto.num_slices(), 1);
    put("rocprof", "document", crate::rocprof::DOCUMENT.as_bytes());
    for (number, space) in crate::xplane::seeds().iter().enumerate() {
        put("xplane", &format!("space-{number}"), space);
    }
    put("sqlite", "nsight", &bytes(crate::nsight::of_2026()));
    put("sqlite", "rocpd", &bytes(crate::rocpd::of_processes(&[(0, 100)])));
    put("sqlite", "rpd", &bytes(crate::rocpd::of_rocm_profile_data()));
    let traces = Path::new(env!("CARGO_MANIFEST_DIR"));
    for name in [
        "samples/h200x2-default",
        "samples/h200x2-tokenweave",
        "tests/golden/v1",
        "tests/golden/v2",
        "tests/golden/v3",
        "tests/golden/v4",
    ] {
        let file = fs::read(traces.join(name).with_extension("weft")).expect("it ships");
        put("weft", &name.replace('/', "-"), &opened(&file));
    }
}

/// Packets of a Perfetto trace: a track of a thread, and a slice on it.
const PERFETTO: &[u8] = &[
    0x0a, 0x17, 0x50, 0x01, 0xe2, 0x03, 0x12, 0x08, 0x07, 0x12, 0x04, b'm', b'a', b'i', b'n', 0x22,
    0x08, 0x08, 0x28, 0x10, 0x29, 0x2a, 0x02, b't', b'h', // descriptor
    0x0a, 0x12, 0x40, 0x64, 0x50, 0x01, 0x5a, 0x0c, 0x48, 0x01, 0x58, 0x07, 0xba, 0x01, 0x05, b'f',
    b'i', b'r', b's', b't', // begin
    0x0a, 0x0a, 0x40, 0x78, 0x50, 0x01, 0x5a, 0x04, 0x48, 0x02, 0x58, 0x07, // end
];

/// A database as the tests make it, in pages of 512 bytes, so that a fuzzer can change it whole.
fn bytes(mut database: rusqlite::Connection) -> Vec<u8> {
    let bytes = database.serialize(rusqlite::MAIN_DB).expect("bytes").to_vec();
    assert!(bytes.len() < 1 << 14, "{} bytes are more than fuzzing takes", bytes.len());
    bytes
}

/// Packed files, and damaged text, as seeds of what takes any file.
#[test]
fn seeds_of_packed_and_damaged_files() {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fuzz-seeds");
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut seeds = 0;
    for (from, to) in [("packed", "open"), ("cases/input", "json"), ("cases/input/damaged", "json")]
    {
        let folder = target.join(to);
        fs::create_dir_all(&folder).expect("a folder can be made");
        for entry in fs::read_dir(tests.join(from)).expect("it ships") {
            let path = entry.expect("readable").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            let is_of_target = to == "open" || name.ends_with(".json");
            let is_small = fs::metadata(&path).is_ok_and(|meta| meta.len() < 1 << 16);
            if path.is_file() && is_of_target && is_small {
                fs::copy(&path, folder.join(name)).expect("a file can be copied");
                seeds += 1;
            }
        }
    }
    assert!(seeds > 30, "{seeds}");
}

/// Bytes of a chunk's head in a file.
const HEAD_BYTES: usize = 32;

/// The form that [`sealed`] takes, of a good file; chunks of more than 64 KiB end it.
fn opened(file: &[u8]) -> Vec<u8> {
    let mut open = vec![file[8]];
    let mut rest = &file[16..];
    while rest.len() >= HEAD_BYTES {
        let u64_at = |at: usize| {
            let bytes: [u8; 8] = rest[at..at + 8].try_into().expect("eight bytes");
            u64::from_le_bytes(bytes) as usize
        };
        let (kind, packed, stored, raw) = (rest[0], rest[4] & 1 == 1, u64_at(8), u64_at(16));
        let Some(payload) = rest.get(HEAD_BYTES..HEAD_BYTES + stored) else { break };
        let payload = match packed {
            true => lz4_flex::block::decompress(payload, raw).expect("a good file"),
            false => payload.to_vec(),
        };
        let Ok(len) = u16::try_from(payload.len()) else { break };
        open.push(kind);
        open.extend(len.to_le_bytes());
        open.extend(payload);
        rest = &rest[HEAD_BYTES + stored..];
    }
    open
}
