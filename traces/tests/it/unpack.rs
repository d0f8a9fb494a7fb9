//! Packed files: every packer's output opens, and damage to the packing costs what is behind it.
//!
//! The files of `tests/packed` were made by Python's `zipfile` and `tarfile`, Info-ZIP, GNU tar and `zstd`; all hold
//! `rank0.json` of that folder, most of them more.

use std::fs;
use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use weftscope_traces::stream::silent;
use weftscope_traces::{OpenError, OpenOptions, Trace, open};

fn packed(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packed");
    fs::read(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn import(bytes: &[u8]) -> Result<Trace, OpenError> {
    open(bytes, &OpenOptions::default(), &mut silent)
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Compression::best());
    out.write_all(text).expect("a Vec takes all");
    out.finish().expect("a Vec takes all")
}

fn notes(trace: &Trace) -> String {
    trace.diagnostics.notes.join("\n")
}

/// Kernels in `rank0.json`, and in what stands for rank 1.
const KERNELS: usize = 40;

/// Oracle: the same file as it is.
#[test]
fn every_packer_s_files_open() {
    let plain = import(&packed("rank0.json")).expect("plain");
    assert_eq!((plain.num_slices(), plain.meta.ranks.len()), (KERNELS, 1));
    for (name, ranks, others) in [
        ("two.zip", 2, 2),
        ("streamed.zip", 2, 2),
        ("stored.zip", 2, 2),
        ("long.zip", 1, 1),
        ("streamed-long.zip", 1, 1),
        ("info.zip", 2, 0),
        ("ustar.tar.gz", 2, 2),
        ("gnu.tar.gz", 2, 2),
        ("pax.tar.gz", 2, 2),
        ("v7.tar.zst", 2, 0),
        ("one.zst", 1, 0),
        ("frames.zst", 1, 0),
    ] {
        let trace = import(&packed(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(trace.diagnostics.is_clean(), "{name}: {:?}", trace.diagnostics);
        assert_eq!(trace.num_slices(), ranks * KERNELS, "{name}");
        assert_eq!(trace.meta.ranks.len(), ranks, "{name}");
        let said = trace.diagnostics.remarks.get("files in the archive that are no trace");
        assert_eq!(said.copied().unwrap_or(0), others, "{name}");
        assert_eq!(trace.lanes[0].slices, plain.lanes[0].slices, "{name}");
    }
}

#[test]
fn layers_are_taken_off_up_to_five() {
    let mut bytes = packed("rank0.json");
    for layers in 1..=5 {
        bytes = gzip(&bytes);
        assert_eq!(import(&bytes).expect("layers").num_slices(), KERNELS, "{layers}");
    }
    let error = import(&gzip(&bytes)).expect_err("too many");
    assert_eq!(error.to_string(), "the file is packed more than 5 times over");
}

#[test]
fn what_stands_behind_a_gzip_stream_is_said_rightly() {
    let plain = packed("rank0.json");
    let (front, back) = plain.split_at(plain.len() / 3);
    let (front, back) = (gzip(front), gzip(back));
    let whole = [&front[..], &back].concat();
    let padded = |zeros: usize| [&whole[..], &vec![0; zeros]].concat();
    for bytes in [whole.clone(), padded(1), padded(512), padded(100_000)] {
        let trace = import(&bytes).expect("whole");
        assert_eq!(trace.num_slices(), KERNELS);
        assert!(trace.diagnostics.is_clean(), "{:?}", trace.diagnostics);
    }
    let between = [&front[..], &[0; 100], &back].concat();
    assert!(import(&between).expect("padded between").diagnostics.is_clean());
    for (garbage, at, n) in [(&b"garbage!"[..], 0, 8), (b"\0\0\0xyz", 3, 3), (b"\x1f", 0, 1)] {
        let bytes = [&whole[..], garbage].concat();
        let trace = import(&bytes).expect("kept");
        assert_eq!(trace.num_slices(), KERNELS);
        let note = format!(
            "{n} bytes behind the gzip stream, from byte {} on, are no gzip and were not read",
            whole.len() + at
        );
        assert_eq!(notes(&trace), note);
    }
}

#[test]
fn a_wrong_checksum_costs_nothing_and_is_said() {
    let whole = gzip(&packed("rank0.json"));
    for back in [1, 5, 8] {
        let mut bytes = whole.clone();
        let at = bytes.len() - back;
        bytes[at] ^= 1;
        let trace = import(&bytes).expect("all of it is there");
        assert_eq!(trace.num_slices(), KERNELS);
        let note = format!(
            "the checksum of its gzip stream at byte {} is wrong: what it holds may be damaged",
            whole.len() - 8
        );
        assert_eq!(notes(&trace), note);
    }
}

/// Wherever it is cut: what was read is a beginning of the whole, more as the cut comes later, and the cut is said.
#[test]
fn packed_files_cut_off_anywhere_give_what_stands_before() {
    let plain = packed("rank0.json");
    let whole = import(&plain).expect("plain").lanes[0].slices.clone();
    let two = [&plain[..], b"\n", &plain].concat();
    let files =
        [gzip(&plain), packed("one.zst"), packed("two.zip"), packed("ustar.tar.gz"), gzip(&two)];
    for (file, bytes) in files.iter().enumerate() {
        let mut read = 0;
        for end in 1..bytes.len() {
            match import(&bytes[..end]) {
                Ok(trace) => {
                    let slices = &trace.lanes[0].slices;
                    let n = slices.len().min(KERNELS);
                    assert_eq!(slices.start_ns[..n], whole.start_ns[..n], "{file} cut at {end}");
                    assert!(trace.num_slices() >= read, "{file} cut at {end}");
                    // All there is of a zip archive stands before its directory.
                    assert!(
                        notes(&trace).contains("cut off") || trace.num_slices() == 2 * KERNELS,
                        "{file} cut at {end}: {:?}",
                        trace.diagnostics
                    );
                    read = trace.num_slices();
                }
                Err(error) => {
                    let error = error.to_string();
                    assert!(read == 0 && !error.contains('\n'), "{file} cut at {end}: {error}");
                    assert!(end < 4 || error.contains("cut off"), "{file} cut at {end}: {error}");
                }
            }
        }
        assert!(read >= KERNELS - 8, "{file}: {read}");
    }
}

/// A byte changed anywhere: no panic, and a word of it unless all is there. A changed stream may also give more than was
/// packed; its checksum tells.
#[test]
fn packed_files_damaged_anywhere_say_so() {
    for name in ["one.zst", "two.zip", "streamed.zip", "gnu.tar.gz", "info.zip"] {
        let bytes = packed(name);
        let whole = import(&bytes).expect("whole").num_slices();
        let mut said = 0;
        for at in (0..bytes.len()).step_by(3) {
            let mut bytes = bytes.clone();
            bytes[at] ^= 0x55;
            match import(&bytes) {
                Ok(trace) if trace.diagnostics.is_clean() => {
                    assert_eq!(trace.num_slices(), whole, "{name} at {at}");
                }
                _ => said += 1,
            }
        }
        assert!(said > 20, "{name}: {said}");
    }
}

#[test]
fn archives_without_a_trace_say_what_they_hold() {
    for (name, expected) in [
        ("none.zip", "the archive holds no trace: data.pkl, notes.txt"),
        ("empty.zip", "the archive holds no trace: it holds no file"),
        (
            "bzip2.zip",
            "the archive holds no trace: it holds no file; run/rank0.json in the zip archive is packed by a method other \
             than deflate: not read",
        ),
        (
            "encrypted.zip",
            "the archive holds no trace: it holds no file; rank0.json in the zip archive is encrypted: not read",
        ),
    ] {
        assert_eq!(import(&packed(name)).expect_err(name).to_string(), expected);
    }
}

/// Sizes that a file states are no reason to ask for memory: hundreds of GB stated, a few kB there.
#[test]
fn stated_sizes_are_not_believed() {
    let mut zip = packed("stored.zip");
    // The packed length of the second head, that of `run/rank0.json`.
    let head = zip.windows(4).enumerate().filter(|(_, four)| four == b"PK\x03\x04");
    let at = head.map(|(at, _)| at).nth(1).expect("two heads");
    zip[at + 18..at + 22].copy_from_slice(&0xffff_fff0_u32.to_le_bytes());
    let trace = import(&zip).expect("what is there is read");
    assert_eq!(trace.num_slices(), KERNELS);
    assert!(notes(&trace).contains("cut off"), "{:?}", trace.diagnostics);
    // A window of 3.75 TiB.
    let zstd = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xff, 0x01, 0x00, 0x00];
    let error = import(&zstd).expect_err("refused").to_string();
    assert!(error.starts_with("its zstd stream is damaged at byte"), "{error}");
}
