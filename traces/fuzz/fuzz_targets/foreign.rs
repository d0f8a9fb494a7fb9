//! What holds of every file that others wrote.

use weftscope_traces::interchange::chrome::{self, ExportOptions};
use weftscope_traces::stream::silent;
use weftscope_traces::{OpenOptions, open};

/// Opens it; a trace that comes of it is written as JSON and read again with as many slices and arrows.
pub(crate) fn check(file: &[u8]) {
    let Ok(trace) = open(file, &OpenOptions::default(), &mut silent) else { return };
    let mut text = Vec::new();
    chrome::write(&trace, &mut text, &ExportOptions::default(), &mut silent)
        .expect("a Vec takes all");
    let again = chrome::read(&text[..], &OpenOptions::default(), &mut silent);
    let again = again.expect("what we wrote is read");
    assert_eq!(again.num_slices(), trace.num_slices(), "slices survive");
    assert_eq!(again.flows.len(), trace.flows.len(), "arrows survive");
}
