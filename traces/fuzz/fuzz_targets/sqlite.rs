//! Any bytes as an SQLite database. What they make a trace of must be writable.

#![no_main]

mod foreign;

use libfuzzer_sys::fuzz_target;

const MAGIC: &[u8] = b"SQLite format 3\0";

fuzz_target!(|bytes: &[u8]| {
    let mut file = MAGIC.to_vec();
    file.extend(bytes.strip_prefix(MAGIC).unwrap_or(bytes));
    foreign::check(&file);
});
