//! The recordings of two H200s.

use std::fs::File;

use weftscope_testkit as testkit;
use weftscope_traces::stream::silent;
use weftscope_traces::{OpenOptions, Trace, open};

/// The recording called `name`.
pub(crate) fn recording(name: &str) -> Trace {
    let file = File::open(testkit::recording(name)).expect("the recording can be opened");
    let options = OpenOptions { title: name.to_owned(), ..OpenOptions::default() };
    open(file, &options, &mut silent).expect("the recording can be read")
}
