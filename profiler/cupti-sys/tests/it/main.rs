//! Tests of cupti-sys, in one binary: two processors would link several one after another.

mod headers;
mod layout;
mod library;
mod params;
mod record;
