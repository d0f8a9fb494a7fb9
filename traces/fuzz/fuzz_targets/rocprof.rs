//! Any text as a document of rocprofv3. What it makes a trace of must be writable.

#![no_main]

mod foreign;

use libfuzzer_sys::fuzz_target;

const START: &[u8] = b"{\"rocprofiler-sdk-tool\":";

fuzz_target!(|bytes: &[u8]| {
    let mut file = START.to_vec();
    file.extend(bytes.strip_prefix(START).unwrap_or(bytes));
    foreign::check(&file);
});
