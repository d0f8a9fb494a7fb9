//! Any bytes to the door: packing in any mixture, then whatever is inside. What it makes a trace of must be writable, and
//! readable again from every packing.

#![no_main]

use libfuzzer_sys::fuzz_target;
use weftscope_traces::interchange::chrome::{self, ExportOptions};
use weftscope_traces::stream::silent;
use weftscope_traces::{OpenOptions, open};

fuzz_target!(|bytes: &[u8]| {
    let Ok(trace) = open(bytes, &OpenOptions::default(), &mut silent) else { return };
    let mut out = Vec::new();
    let options = ExportOptions { gzip: true, ..ExportOptions::default() };
    chrome::write(&trace, &mut out, &options, &mut silent).expect("a Vec takes all");
    let again = open(&out[..], &OpenOptions::default(), &mut silent).expect("what we wrote is read");
    assert_eq!(again.num_slices(), trace.num_slices(), "slices survive");
});
