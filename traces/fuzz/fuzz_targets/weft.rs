//! Any bytes to the `.weft` reader: as they are, and as payloads of chunks with right checksums, because no mutation
//! gets past a wrong one. What it makes a trace of must be written and read back to the same bytes.

#![no_main]

mod sealed;

use libfuzzer_sys::fuzz_target;
use weftscope_traces::container;
use weftscope_traces::stream::silent;

use crate::sealed::sealed;

fuzz_target!(|bytes: &[u8]| {
    if bytes.starts_with(&container::MAGIC) {
        check(bytes);
    } else {
        check(&sealed(bytes));
    }
});

fn check(file: &[u8]) {
    let Ok(trace) = container::read(file, &mut silent) else { return };
    let first = written(&trace);
    let again = container::read(&first[..], &mut silent).expect("what we wrote is read");
    assert!(written(&again) == first, "a second way through changes nothing");
}

fn written(trace: &weftscope_traces::Trace) -> Vec<u8> {
    let mut out = Vec::new();
    container::write(trace, &mut out, &mut silent).expect("a Vec takes all");
    out
}
