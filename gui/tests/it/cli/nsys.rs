//! Reports of Nsight Systems, with a tool called `nsys` that is a script of ours.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    process::{Command, Output},
};

use super::place::{Place, command};

/// As reports begin; what follows is nobody's business but the tool's.
const REPORT: &[u8] = b"NVIDIA Tegra Profiler Report 1.\n\x0bLocal (CLI)";
/// What the tool makes of it here: any format is told by its content.
const EXPORT: &str = r#"{"traceEvents":[{"ph":"X","cat":"kernel","name":"gemm","pid":0,"tid":7,"ts":0,"dur":50,
    "args":{"device":0,"stream":7}}]}"#;

/// Runs `report` on a report with a tool that does what the script says, or without one.
fn report(place: &Place, script: Option<&str>) -> Output {
    let tools = place.path("tools");
    fs::create_dir_all(&tools).unwrap();
    fs::create_dir_all(place.path("temporary")).unwrap();
    let tool = tools.join("nsys");
    let _ = fs::remove_file(&tool);
    if let Some(script) = script {
        let text = place.write("script", format!("#!/bin/sh\n{script}\n").as_bytes());
        fs::set_permissions(&text, fs::Permissions::from_mode(0o755)).unwrap();
        // Written by another process: a program that this one has open for writing cannot be run.
        assert!(Command::new("cp").args([&text, &tool]).status().unwrap().success());
    }
    place.write("my run.nsys-rep", REPORT);
    place.write("export.json", EXPORT.as_bytes());
    let tools = tools.to_str().unwrap();
    // The script's own tools, and no `nsys` that this computer may have.
    let paths = if script.is_some() { format!("{tools}:/usr/bin:/bin") } else { tools.to_owned() };
    command(&["report", "my run.nsys-rep"])
        .current_dir(place.path(""))
        .env("PATH", paths)
        .env("TMPDIR", place.path("temporary"))
        .output()
        .unwrap()
}

/// What is left of temporary folders.
fn left(place: &Place) -> usize {
    fs::read_dir(place.path("temporary")).unwrap().count()
}

#[test]
fn a_report_is_exported_and_opened() {
    let place = Place::new();
    let output = report(&place, Some("cp export.json \"$7\""));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("my run.nsys-rep"), "{text}");
    assert_eq!(left(&place), 0);
}

#[test]
fn without_the_tool_the_command_to_type_is_said() {
    let place = Place::new();
    let output = report(&place, None);
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("nsys export -t sqlite"), "{error}");
    assert_eq!(left(&place), 0);
}

#[test]
fn a_tool_that_fails_is_repeated() {
    let place = Place::new();
    let output = report(&place, Some("echo 'the report is of a newer version' >&2; exit 2"));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(
        !output.status.success() && error.contains("the report is of a newer version"),
        "{error}"
    );
    assert_eq!(error.lines().count(), 1, "{error}");
    assert_eq!(left(&place), 0);
}
