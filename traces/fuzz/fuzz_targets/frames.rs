//! Any bytes as frames of a connection between a window and a server. What is read is within its limits, and written it is read again.

#![no_main]

// The window has what both need of it through its profiler.
extern crate weftscope_wire as weftscope_profiler;

use libfuzzer_sys::fuzz_target;

// That one file: the rest of the window would take longer to build than to fuzz.
#[allow(dead_code)]
#[path = "../../../gui/src/remote/frame.rs"]
mod frame;

use frame::Frame;

fuzz_target!(|bytes: &[u8]| {
    let mut rest = bytes;
    while let Ok(Some((frame, size))) = Frame::read(&mut rest) {
        assert!(size <= bytes.len() as u64, "it has no more than came");
        let mut written = Vec::new();
        let again = frame.write(&mut written).expect("a Vec takes all");
        assert_eq!(again, written.len() as u64);
        let (read, _) = Frame::read(&mut &written[..]).expect("what we wrote").expect("a frame");
        assert!(read == frame, "it comes back");
    }
});
