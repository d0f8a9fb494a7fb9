//! Waiting for what is worked out elsewhere.

use std::time::{Duration, Instant};

use egui_kittest::Harness;
use weftscope::app::App;

/// Draws until no job runs.
pub(crate) fn settle(window: &mut Harness<'static, App>) {
    let since = Instant::now();
    window.run_steps(3);
    while !window.state().state().jobs.is_empty() {
        assert!(since.elapsed() < Duration::from_secs(60), "a job does not end");
        std::thread::sleep(Duration::from_millis(10));
        window.run_steps(2);
    }
    window.run_steps(3);
}
