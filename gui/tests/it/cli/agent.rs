//! `weftscope agent`: the server's end, ended from there.

use std::{
    io::Read,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// What it may take, of a hang, not of a slow machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Told to end by the system it does what it does when its window goes, although that is still there.
#[test]
fn an_agent_that_is_told_to_end_ends_as_if_its_window_had_gone() {
    let mut agent = Command::new(env!("CARGO_BIN_EXE_weftscope"))
        .args(["agent", "--stdio", "--no-gpus"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Its greeting: it listens.
    agent.stdout.as_mut().unwrap().read_exact(&mut [0; 8]).unwrap();
    let told = Command::new("kill").arg(agent.id().to_string()).status().unwrap();
    assert!(told.success());
    let began = Instant::now();
    let status = loop {
        if let Some(status) = agent.try_wait().unwrap() {
            break status;
        }
        assert!(began.elapsed() < PATIENCE, "it goes on");
        thread::sleep(Duration::from_millis(20));
    };
    // Held open until now.
    drop(agent.stdin.take());
    let mut said = String::new();
    agent.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    // As of a window that goes before it has greeted; an interrupt that nobody awaits is 130.
    assert!(status.code() == Some(1) && said.contains("greeting the window"), "{status}: {said}");
}
