//! Any bytes as planes of JAX's profiler. What they make a trace of must be writable.

#![no_main]

mod foreign;

use libfuzzer_sys::fuzz_target;

const START: &[u8] = b"\x0a\x10\x12\x0e/host:metadata";

fuzz_target!(|bytes: &[u8]| {
    let mut file = START.to_vec();
    file.extend(bytes.strip_prefix(START).unwrap_or(bytes));
    foreign::check(&file);
});
