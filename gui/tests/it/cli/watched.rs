//! `weftscope run` of programs that use no GPU: what is said, and that nothing is left behind.

use std::fs;

use super::place::{Place, command};

/// Runs a program under watch; gives the exit code and the line on stderr.
fn watched(place: &Place, program: &[&str]) -> (Option<i32>, String) {
    let library = place.write("libweftscope_inject.so", b"");
    fs::create_dir_all(place.path("cuda/lib")).unwrap();
    fs::write(place.path("cuda/lib/libsanitizer-public.so"), b"").unwrap();
    fs::create_dir_all(place.path("runtime")).unwrap();
    let args: Vec<&str> = ["run", "-o", "x.weft", "--"].iter().chain(program).copied().collect();
    let output = command(&args)
        .current_dir(place.path(""))
        .env("WEFTSCOPE_INJECT_LIBRARY", library)
        .env("WEFTSCOPE_CUDA_DIR", place.path("cuda"))
        .env("XDG_RUNTIME_DIR", place.path("runtime"))
        .env_remove("NCCL_PROFILER_PLUGIN")
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(output.stdout.is_empty());
    (output.status.code(), stderr)
}

fn left(place: &Place) -> usize {
    fs::read_dir(place.path("runtime/weftscope")).unwrap().count()
}

#[test]
fn a_program_without_a_gpu_leaves_no_recording() {
    let place = Place::new();
    let (code, line) = watched(&place, &["true"]);
    assert_eq!(code, Some(1));
    assert!(
        line.contains("nothing was recorded: none of its processes loaded CUDA's driver"),
        "{line}"
    );
    assert!(line.trim_end().ends_with(": true"), "{line}");
    assert!(!place.names().contains(&"x.weft".to_owned()));
    assert_eq!(left(&place), 0);
}

#[test]
fn a_program_that_fails_is_said_to() {
    let place = Place::new();
    let (code, line) = watched(&place, &["sh", "-c", "exit 3"]);
    assert_eq!(code, Some(1));
    assert!(line.contains("it ended with exit status: 3"), "{line}");
}

#[test]
fn a_program_that_is_not_there_is_named() {
    let place = Place::new();
    let (code, line) = watched(&place, &["./no-such-program"]);
    assert_eq!(code, Some(1));
    assert!(line.contains("./no-such-program does not start: No such file"), "{line}");
    assert_eq!(left(&place), 0);
}

/// The program is told where to make its socket, and what to load.
#[test]
fn the_program_sees_what_it_is_to_load() {
    let place = Place::new();
    let script = "printf '%s\\n' \"$CUDA_INJECTION64_PATH\" \"$NCCL_PROFILER_PLUGIN\" \"$WEFTSCOPE_PATCH\" >seen; test -d \"$WEFTSCOPE_JOB\"";
    let (_, line) = watched(&place, &["sh", "-c", script]);
    assert!(!line.contains("exit status"), "{line}");
    let seen = fs::read_to_string(place.path("seen")).unwrap();
    let library = place.path("libweftscope_inject.so").display().to_string();
    assert_eq!(
        seen.lines().collect::<Vec<_>>(),
        [library.as_str(), library.as_str(), "worth,within:0.05"]
    );
}

/// What a program of a level sees, one line a variable, and what was said on stderr.
fn seen_at(level: &str, has_sanitizer: bool, others: &[(&str, &str)]) -> (Vec<String>, String) {
    let place = Place::new();
    let library = place.write("libweftscope_inject.so", b"");
    fs::create_dir_all(place.path("cuda/lib")).unwrap();
    if has_sanitizer {
        fs::write(place.path("cuda/lib/libsanitizer-public.so"), b"").unwrap();
    }
    fs::create_dir_all(place.path("runtime")).unwrap();
    let script = "printf '%s\\n' \"$WEFTSCOPE_LEVEL\" \"$NVTX_INJECTION64_PATH\" \"$NCCL_PROFILER_PLUGIN\" >seen";
    let mut command = command(&["run", "-o", "x.weft", "--level", level, "--", "sh", "-c", script]);
    command
        .current_dir(place.path(""))
        .env("WEFTSCOPE_INJECT_LIBRARY", &library)
        .env("WEFTSCOPE_CUDA_DIR", place.path("cuda"))
        .env("XDG_RUNTIME_DIR", place.path("runtime"))
        .env_remove("NCCL_PROFILER_PLUGIN")
        .env_remove("NVTX_INJECTION64_PATH")
        .envs(others.iter().copied());
    let stderr = String::from_utf8(command.output().unwrap().stderr).unwrap();
    let seen = fs::read_to_string(place.path("seen")).unwrap_or_default();
    let library = library.display().to_string();
    (seen.lines().map(|line| line.replace(&library, "ours")).collect(), stderr)
}

/// Ranges come by CUPTI, and at blocks, where the Sanitizer keeps that out, by the library itself.
#[test]
fn each_level_asks_for_what_it_needs() {
    assert_eq!(seen_at("kernels", true, &[]).0, ["kernels", "ours", "ours"]);
    assert_eq!(seen_at("channels", true, &[]).0, ["channels", "ours", "ours"]);
    assert_eq!(seen_at("blocks", true, &[]).0, ["blocks", "ours", "ours"]);
    assert_eq!(seen_at("auto", true, &[]).0, ["auto", "ours", "ours"]);
    // What others have set stays.
    let nvtx = [("NVTX_INJECTION64_PATH", "theirs")];
    assert_eq!(seen_at("kernels", true, &nvtx).0, ["kernels", "theirs", "ours"]);
}

#[test]
fn a_level_that_cannot_be_had_is_refused() {
    let plugin = [("NCCL_PROFILER_PLUGIN", "theirs")];
    let (seen, said) = seen_at("channels", true, &plugin);
    assert!(seen.is_empty() && said.contains("names another plugin"), "{said}");
}

#[test]
fn what_cannot_be_had_is_said_step_by_step() {
    // There it is looked for whatever the variables say.
    if fs::exists("/usr/local/cuda/compute-sanitizer").unwrap() {
        eprintln!("a toolkit is installed: nothing is missing");
        return;
    }
    let (seen, said) = seen_at("auto", false, &[("NCCL_PROFILER_PLUGIN", "theirs")]);
    assert_eq!(seen, ["kernels", "ours", "theirs"]);
    let steps: Vec<&str> = said.lines().take(2).collect();
    assert!(steps[0].starts_with("weftscope run: no blocks: libsanitizer-public.so"), "{said}");
    assert!(steps[1].starts_with("weftscope run: no channels: NCCL_PROFILER_PLUGIN"), "{said}");
}

/// A toolkit has the Sanitizer's library in a folder of its own, packages have it among the others.
#[test]
fn the_sanitizer_is_found_where_toolkits_and_packages_have_it() {
    for folder in ["cuda/compute-sanitizer", "cuda/lib"] {
        let place = Place::new();
        fs::create_dir_all(place.path(folder)).unwrap();
        let library = place.write(&format!("{folder}/libsanitizer-public.so"), b"");
        let output =
            command(&["doctor"]).env("WEFTSCOPE_CUDA_DIR", place.path("cuda")).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let line = format!("Compute Sanitizer (stamps their thread blocks): {}", library.display());
        assert!(text.contains(&line), "{text}");
    }
}
