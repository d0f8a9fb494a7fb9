//! Tests of cupti-sys, in one binary: two processors would link several one after another.

/// cupti.h and what it includes.
const HEADERS: [&str; 3] = ["cupti.h", "cuda.h", "crt/host_defines.h"];

mod layout;
mod library;
mod params;
mod record;
