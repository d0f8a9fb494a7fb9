//! Every device program compiles for every architecture it is written for, with and without stamps.

#![cfg(feature = "cuda")]

use weftscope_engine::cuda::{Compiled, Nvrtc};
use weftscope_kernels::{Arch, PROGRAMS, Program};

/// Clock readings and random numbers are set-up, not work to be recorded.
const UNRECORDED: [&str; 2] = ["clock.cu", "random.cu"];

#[test]
fn every_program_compiles() {
    let nvrtc = match Nvrtc::open() {
        Ok(nvrtc) => nvrtc,
        Err(error) => {
            aloud(format_args!("skipped: {error}"));
            return;
        }
    };
    let mut compiled = 0;
    for program in PROGRAMS {
        for &arch in program.archs {
            if arch == Arch::Sm100 && nvrtc.version() < (12, 8) {
                eprintln!(
                    "skipped {}: NVRTC {:?} does not know sm_100",
                    program.file,
                    nvrtc.version()
                );
                continue;
            }
            for variant in program.variants {
                for stamps in [false, true] {
                    let result = nvrtc.compile_afresh(program, variant.defines, arch, stamps);
                    check(program, &result.unwrap_or_else(|error| panic!("{error}")), stamps);
                    compiled += 1;
                }
            }
        }
    }
    eprintln!("{compiled} cubins with NVRTC {:?}", nvrtc.version());
}

fn check(program: &Program, compiled: &Compiled, stamps: bool) {
    assert!(compiled.cubin.starts_with(b"\x7fELF"), "{}: no cubin", program.file);
    for entry in program.entries {
        assert!(compiled.ptx.contains(&format!(".entry {entry}")), "{}: {entry}", program.file);
    }
    let recorded = stamps && !UNRECORDED.contains(&program.file);
    assert_eq!(compiled.ptx.contains("%smid"), recorded, "{}: stamps", program.file);
}

/// Says on stderr what the test harness would keep to itself when the test passes.
fn aloud(what: std::fmt::Arguments<'_>) {
    let _said = std::io::Write::write_fmt(&mut std::io::stderr(), format_args!("{what}\n"));
}
