//! Any bytes to the JSON reader. What it makes a trace of must be writable, and readable again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use weftscope_traces::interchange::chrome::{self, ExportOptions};
use weftscope_traces::stream::silent;
use weftscope_traces::{OpenOptions, Trace};

fuzz_target!(|text: &[u8]| {
    let Ok(trace) = chrome::read(text, &OpenOptions::default(), &mut silent) else { return };
    let first = written(&trace);
    let again = chrome::read(&first[..], &OpenOptions::default(), &mut silent);
    let again = again.expect("what we wrote is read");
    assert_eq!(again.num_slices(), trace.num_slices(), "slices survive");
    assert_eq!(again.flows.len(), trace.flows.len(), "arrows survive");
});

fn written(trace: &Trace) -> Vec<u8> {
    let mut out = Vec::new();
    chrome::write(trace, &mut out, &ExportOptions::default(), &mut silent)
        .expect("a Vec takes all");
    out
}
