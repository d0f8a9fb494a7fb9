//! Every device program compiles for every architecture it is written for, with and without stamps.

use std::sync::atomic::{AtomicUsize, Ordering};

use weftscope_engine::cuda::{Compiled, Nvrtc};
use weftscope_kernels::{Arch, BLOCK_PATCH, OWN_EXAMPLE, PROGRAMS, Program, Target, Variant};
use weftscope_testkit::{Need, aloud, skip};

/// Clock readings and random numbers are set-up, not work to be recorded.
const UNRECORDED: [&str; 3] = ["clock.cu", "likeliest.cu", "random.cu"];

#[test]
fn every_program_compiles() {
    let nvrtc = match Nvrtc::open() {
        Ok(nvrtc) => nvrtc,
        Err(error) => {
            skip(Need::Oracle, error);
            return;
        }
    };
    let jobs = jobs(nvrtc.version());
    // NVRTC compiles on any number of threads at once.
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    job.compile(nvrtc);
                }
            });
        }
    });
    eprintln!("{} cubins with NVRTC {:?}", jobs.len(), nvrtc.version());
}

/// One program in one form.
struct Job {
    program: &'static Program,
    variant: &'static Variant,
    arch: Arch,
    stamps: bool,
}

impl Job {
    fn compile(&self, nvrtc: Nvrtc) {
        let result =
            nvrtc.compile_afresh(self.program, self.variant.defines, self.arch, self.stamps);
        let (compiled, log) = result.unwrap_or_else(|error| panic!("{error}"));
        check(self.program, &compiled, self.stamps);
        check_log(self.program, &log);
    }
}

/// Every program for every architecture that this NVRTC knows, in every form, with stamps and without.
fn jobs(version: (i32, i32)) -> Vec<Job> {
    let mut jobs = Vec::new();
    for program in PROGRAMS {
        for &arch in program.archs {
            if arch == Arch::Sm100 && version < (12, 8) {
                let file = program.file;
                aloud(format_args!("left out {file}: NVRTC {version:?} does not know sm_100"));
                continue;
            }
            for variant in program.variants {
                jobs.extend([false, true].map(|stamps| Job { program, variant, arch, stamps }));
            }
        }
    }
    jobs
}

/// A GPU that NVRTC knows only an older relative of gets PTX; one that it knows gets its own machine code.
#[test]
fn other_gpus_get_code_too() {
    let nvrtc = match Nvrtc::open() {
        Ok(nvrtc) => nvrtc,
        Err(error) => return skip(Need::Oracle, error),
    };
    let program = weftscope_kernels::find("norm.cu").expect("registered");
    let compile = |major, minor| {
        let target = Target::of(major, minor).expect("8.0 or later");
        let compiled = nvrtc.compile_afresh(program, &[""; 0], target, false);
        compiled.unwrap_or_else(|error| panic!("{error}")).0
    };
    let ada = compile(8, 9);
    assert!(ada.cubin.starts_with(b"\x7fELF") && ada.ptx.contains("sm_89"), "{}", ada.ptx);
    let unborn = compile(99, 0);
    assert!(unborn.cubin.is_empty() && unborn.ptx.contains(".entry weft_rms_norm"));
}

/// The patches keep their functions, though no kernel refers to them.
#[test]
fn the_block_patches_compile() {
    let nvrtc = match Nvrtc::open() {
        Ok(nvrtc) => nvrtc,
        Err(error) => return skip(Need::Oracle, error),
    };
    for &arch in
        BLOCK_PATCH.archs.iter().filter(|&&arch| arch != Arch::Sm100 || nvrtc.version() >= (12, 8))
    {
        let (compiled, _) = nvrtc
            .compile_afresh(&BLOCK_PATCH, &[""; 0], arch, false)
            .unwrap_or_else(|error| panic!("{error}"));
        for name in ["weft_block_enter", "weft_block_exit"] {
            let section = format!(".text.{name}\0");
            let mut windows = compiled.cubin.windows(section.len());
            assert!(windows.any(|window| window == section.as_bytes()), "{arch:?}: {name}");
        }
    }
}

/// Kernels of others that say where they are keep the variable that leads them to the ring.
#[test]
fn the_example_of_a_kernel_with_marks_compiles() {
    let nvrtc = match Nvrtc::open() {
        Ok(nvrtc) => nvrtc,
        Err(error) => return skip(Need::Oracle, error),
    };
    for &arch in
        OWN_EXAMPLE.archs.iter().filter(|&&arch| arch != Arch::Sm100 || nvrtc.version() >= (12, 8))
    {
        let (compiled, _) = nvrtc
            .compile_afresh(&OWN_EXAMPLE, &[""; 0], arch, false)
            .unwrap_or_else(|error| panic!("{error}"));
        let mut windows = compiled.cubin.windows(10);
        assert!(windows.any(|window| window == b"weft_ring\0"), "{arch:?}");
        assert!(compiled.ptx.contains("%globaltimer"), "{arch:?}");
    }
}

/// "wgmma.mma_async instructions are serialized" costs a tenth of the speed and more, and nothing else says so.
fn check_log(program: &Program, log: &str) {
    assert!(log.contains("registers"), "{}: the assembler says nothing: {log}", program.file);
    assert!(!log.contains("serialized"), "{}: {log}", program.file);
}

fn check(program: &Program, compiled: &Compiled, stamps: bool) {
    assert!(compiled.cubin.starts_with(b"\x7fELF"), "{}: no cubin", program.file);
    for entry in program.entries {
        assert!(compiled.ptx.contains(&format!(".entry {entry}")), "{}: {entry}", program.file);
    }
    let recorded = stamps && !UNRECORDED.contains(&program.file);
    assert_eq!(compiled.ptx.contains("%smid"), recorded, "{}: stamps", program.file);
}
