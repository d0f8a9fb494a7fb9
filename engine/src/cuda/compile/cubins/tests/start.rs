//! With the compiler itself, where it is; no GPU is needed.

use std::{
    fs,
    time::{Duration, Instant},
};

use weftscope_kernels::{self as kernels, Arch, Program};
use weftscope_testkit::{Need, aloud, skip};

use super::*;
use crate::cuda::{CompileError, Nvrtc};

/// What a start for TokenWeave on two Hopper GPUs loads on each, in the forms of a long prefill, and how many entry points
/// of each.
const START: [(&str, &[&str], u32); 15] = [
    ("attention_sm90.cu", &["WEFT_PAGE=0"], 1),
    ("clock.cu", &[], 1),
    ("collective.cu", &["WEFT_RANKS=2"], 3),
    ("embedding.cu", &[], 1),
    ("fused_norm_sm90.cu", &["WEFT_RANKS=2", "WEFT_SLOTS=2", "WEFT_AHEAD=0"], 1),
    ("fused_norm_sm90.cu", &["WEFT_RANKS=2", "WEFT_SLOTS=3", "WEFT_AHEAD=1"], 1),
    ("gemm_sm90.cu", &["WEFT_BN=256", "WEFT_CLUSTER=2"], 1),
    ("gemm_sm90.cu", &["WEFT_BN=160", "WEFT_CLUSTER=2"], 1),
    ("gemm_sm90.cu", &["WEFT_BN=128", "WEFT_CLUSTER=2"], 1),
    ("gemm_sm90.cu", &["WEFT_BN=256", "WEFT_CLUSTER=2", "WEFT_SILU_MUL"], 1),
    ("mark.cu", &[], 1),
    ("norm.cu", &["WEFT_HIDDEN=8192"], 2),
    ("random.cu", &[], 1),
    ("rope.cu", &[], 1),
    ("silu_mul.cu", &[], 1),
];
const GPUS: u32 = 2;

/// A compiler, its calls counted, before a folder.
struct Counted<'a> {
    nvrtc: &'a Nvrtc,
    cubins: Cubins,
    calls: u32,
    /// In the compiler, and as it would be if each GPU and entry point compiled for itself.
    compiling: Duration,
    without: Duration,
}

impl<'a> Counted<'a> {
    fn new(nvrtc: &'a Nvrtc, folder: &Path) -> Self {
        let (calls, compiling, without) = (0, Duration::ZERO, Duration::ZERO);
        Self { nvrtc, cubins: start(folder), calls, compiling, without }
    }

    fn load(&mut self, program: &'static Program, defines: &[&str], entries: u32) {
        let key = self.nvrtc.recipe(program, options(program, defines, &hopper(), true)).key();
        for _ in 0..entries * GPUS {
            let compile = || {
                self.calls += 1;
                let began = Instant::now();
                let (compiled, _) =
                    self.nvrtc.compile_afresh(program, defines, Arch::Sm90a, true)?;
                self.compiling += began.elapsed();
                self.without += began.elapsed() * entries * GPUS;
                Ok::<_, CompileError>(compiled)
            };
            let compiled = self.cubins.get(&key, compile).unwrap_or_else(|error| panic!("{error}"));
            assert!(compiled.cubin.starts_with(b"\x7fELF"));
        }
    }

    /// How long the whole start takes.
    fn start(&mut self) -> Duration {
        let began = Instant::now();
        for (file, defines, entries) in START {
            self.load(kernels::find(file).unwrap(), defines, entries);
        }
        began.elapsed()
    }
}

#[test]
fn a_second_start_asks_the_compiler_nothing() {
    let nvrtc = match Nvrtc::open() {
        Ok(nvrtc) => nvrtc,
        Err(error) => return skip(Need::Oracle, error),
    };
    let home = tempfile::tempdir().unwrap();
    let mut first = Counted::new(&nvrtc, home.path());
    let cold = first.start();
    assert_eq!(first.calls as usize, START.len());
    let mut second = Counted::new(&nvrtc, home.path());
    let warm = second.start();
    assert_eq!(second.calls, 0);
    let cache = look(home.path().to_owned()).unwrap();
    assert_eq!(cache.entries, START.len());
    aloud(format_args!(
        "{} programs, {} bytes: {:.2?} compiled for each GPU and entry, {cold:.2?} once each ({:.2?} in the compiler), {:.2?} from the folder, 1:{:.0}",
        cache.entries,
        cache.bytes,
        first.without,
        first.compiling,
        warm,
        cold.as_secs_f64() / warm.as_secs_f64()
    ));
}

#[test]
fn the_kept_program_is_the_one_the_compiler_gives() {
    let nvrtc = match Nvrtc::open() {
        Ok(nvrtc) => nvrtc,
        Err(error) => return skip(Need::Oracle, error),
    };
    let program = kernels::find("silu_mul.cu").unwrap();
    let (fresh, _) = nvrtc.compile_afresh(program, &[""; 0], Arch::Sm90a, false).unwrap();
    let home = tempfile::tempdir().unwrap();
    let key = nvrtc.recipe(program, options(program, &[""; 0], &hopper(), false)).key();
    entry::write(home.path(), &key, &fresh).unwrap();
    assert_eq!(entry::read(home.path(), &key), Some(fresh));
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
}
