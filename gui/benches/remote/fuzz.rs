//! What either end does with what no end would send: the test that tries it, for as long as `WEFTSCOPE_FUZZ_SECONDS` says.

use std::{
    env,
    process::{Command, Stdio},
};

use super::row;

/// Where nothing is said.
const SECONDS: &str = "60";

/// Runs it and prints what it says.
pub(super) fn rows() {
    let seconds = env::var("WEFTSCOPE_FUZZ_SECONDS").unwrap_or_else(|_| SECONDS.to_owned());
    let output = Command::new(env!("CARGO"))
        .args(["test", "--quiet", "--workspace", "--lib", "--", "remote::fuzz", "--nocapture"])
        .env("WEFTSCOPE_FUZZ_SECONDS", &seconds)
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .output();
    let output = match output {
        Ok(output) => output,
        Err(error) => return println!("what no end would send: not tried: cargo: {error}\n"),
    };
    println!("| what no end would send, each for {seconds} s (an hour is asked for) | |");
    println!("| --- | --- |");
    let said = String::from_utf8_lossy(&output.stderr);
    let figures = said.lines().find(|line| line.starts_with("seed "));
    let end = match output.status.success() {
        true => "no panic, no hang, memory within its limit",
        false => "FAILED, see below",
    };
    row("both ends", end);
    row("tried", figures.unwrap_or("it says nothing"));
    println!();
    if !output.status.success() {
        println!("{}\n{said}", String::from_utf8_lossy(&output.stdout));
    }
}
