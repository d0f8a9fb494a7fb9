//! The recordings of two H200s that lie beside the checkout.

use std::fs::File;

use weftscope_testkit::{Need, shared, skip};
use weftscope_traces::stream::silent;
use weftscope_traces::{OpenOptions, Trace, open};

/// Path of the recording called `name`; `None`, and a word about it, where it is not.
#[track_caller]
pub(crate) fn path(name: &str) -> Option<std::path::PathBuf> {
    match shared(&format!("traces/h200x2_llama70b_tp8_{name}.json.gz")) {
        Ok(path) => Some(path),
        Err(reason) => {
            skip(Need::Oracle, reason);
            None
        }
    }
}

/// The recording itself.
#[track_caller]
pub(crate) fn recording(name: &str) -> Option<Trace> {
    let file = File::open(path(name)?).expect("the recording can be opened");
    let options = OpenOptions { title: name.to_owned(), ..OpenOptions::default() };
    Some(open(file, &options, &mut silent).expect("the recording can be read"))
}
