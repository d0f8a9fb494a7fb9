//! Any bytes as a Perfetto trace. What they make a trace of must be writable.

#![no_main]

mod foreign;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| foreign::check(bytes));
