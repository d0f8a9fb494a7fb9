//! Every device program compiles for every architecture it is written for, with and without stamps.

#![cfg(feature = "cuda")]

use weftscope_engine::cuda::Nvrtc;
use weftscope_kernels::{Arch, PROGRAMS};

#[test]
fn every_program_compiles() {
    let nvrtc = match Nvrtc::open() {
        Ok(nvrtc) => nvrtc,
        Err(error) => {
            eprintln!("skipped: {error}");
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
                    let result = nvrtc
                        .compile(program, variant, arch, stamps)
                        .unwrap_or_else(|error| panic!("{error}"));
                    assert!(result.cubin.starts_with(b"\x7fELF"), "{}: no cubin", program.file);
                    assert!(
                        result.ptx.contains(&format!(".entry {}", program.entry)),
                        "{}",
                        program.file
                    );
                    let stamped =
                        result.ptx.contains("%globaltimer") && result.ptx.contains("%smid");
                    assert_eq!(stamped, stamps, "{} {}: stamps", program.file, variant.name);
                    compiled += 1;
                }
            }
        }
    }
    eprintln!("{compiled} cubins with NVRTC {:?}", nvrtc.version());
}
