//! What device programs there are, and how each is compiled.

/// A family of architectures that programs are written for, by its first member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Arch {
    /// Ampere and Ada: sm_80 to sm_89.
    Sm80,
    /// Hopper with its architecture-specific instructions (wgmma), H100 and H200.
    Sm90a,
    /// Blackwell and later: sm_100 and on.
    Sm100,
}

impl Arch {
    /// Every family.
    pub const ALL: [Self; 3] = [Self::Sm80, Self::Sm90a, Self::Sm100];

    /// `sm_80`, `sm_90a`, `sm_100`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sm80 => "sm_80",
            Self::Sm90a => "sm_90a",
            Self::Sm100 => "sm_100",
        }
    }

    /// The family of a compute capability.
    pub fn of(major: u32, minor: u32) -> Option<Self> {
        match (major, minor) {
            (8, _) => Some(Self::Sm80),
            (9, 0) => Some(Self::Sm90a),
            (10.., _) => Some(Self::Sm100),
            _ => None,
        }
    }
}

/// What a program is compiled for: a GPU's own compute capability, and the family whose programs it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// Family.
    pub family: Arch,
    /// Compute capability times ten: 80, 86, 90, 120.
    pub capability: u32,
}

impl Target {
    /// For a GPU of this compute capability; `None` below 8.0.
    pub fn of(major: u32, minor: u32) -> Option<Self> {
        Arch::of(major, minor).map(|family| Self { family, capability: major * 10 + minor })
    }

    /// How a compiler that knows machine code for `supported` capabilities builds it: as machine code for the GPU itself,
    /// else as PTX for the newest known capability below, which the driver translates; `None` when there is no such.
    ///
    /// ```
    /// use weftscope_kernels::{Build, Target};
    /// let ada = Target::of(8, 9).unwrap();
    /// assert_eq!(ada.build(&[80, 86, 89, 90]), Some(Build::Machine("sm_89".to_owned())));
    /// let newer = Target::of(12, 0).unwrap();
    /// assert_eq!(newer.build(&[80, 86, 89, 90]), Some(Build::Ptx("compute_90".to_owned())));
    /// ```
    pub fn build(self, supported: &[u32]) -> Option<Build> {
        if supported.contains(&self.capability) {
            let specific = if self.family == Arch::Sm90a { "a" } else { "" };
            return Some(Build::Machine(format!("sm_{}{specific}", self.capability)));
        }
        // Below 8.0 nothing of cuda/ exists; Hopper's own programs have no older form.
        let known =
            supported.iter().copied().filter(|&known| (80..self.capability).contains(&known));
        known.max().map(|known| Build::Ptx(format!("compute_{known}")))
    }
}

impl From<Arch> for Target {
    fn from(family: Arch) -> Self {
        let capability = match family {
            Arch::Sm80 => 80,
            Arch::Sm90a => 90,
            Arch::Sm100 => 100,
        };
        Self { family, capability }
    }
}

/// What the compiler is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Build {
    /// Machine code for this architecture, e.g. `sm_90a`.
    Machine(String),
    /// PTX for this virtual architecture, e.g. `compute_90`.
    Ptx(String),
}

impl Build {
    /// The compiler's name for it.
    pub fn name(&self) -> &str {
        match self {
            Self::Machine(name) | Self::Ptx(name) => name,
        }
    }
}

/// One source file with its entry points.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// Name of the file below `cuda/`.
    pub file: &'static str,
    /// Its text.
    pub source: &'static str,
    /// The `extern "C"` kernels in it.
    pub entries: &'static [&'static str],
    /// Architectures it is written for.
    pub archs: &'static [Arch],
    /// Ways in which the tests compile it; a run may ask for other values of the same definitions.
    pub variants: &'static [Variant],
}

/// One way of compiling a program.
#[derive(Clone, Copy, Debug)]
pub struct Variant {
    /// Name within the program.
    pub name: &'static str,
    /// Preprocessor definitions, `NAME` or `NAME=VALUE`.
    pub defines: &'static [&'static str],
}

/// Header files: name as included, text.
pub const HEADERS: &[(&str, &str)] = &[
    ("bf16.cuh", include_str!("../cuda/bf16.cuh")),
    ("mma.cuh", include_str!("../cuda/mma.cuh")),
    ("peers.cuh", include_str!("../cuda/peers.cuh")),
    ("sm90.cuh", include_str!("../cuda/sm90.cuh")),
    ("stamp.cuh", include_str!("../cuda/stamp.cuh")),
    ("wgmma.cuh", include_str!("../cuda/wgmma.cuh")),
];

/// On every architecture.
const EVERYWHERE: &[Arch] = &Arch::ALL;
/// One form.
const PLAIN: &[Variant] = &[Variant { name: "plain", defines: &[] }];

/// Every program.
pub const PROGRAMS: &[Program] = &[
    Program {
        file: "attention_decode.cu",
        source: include_str!("../cuda/attention_decode.cu"),
        entries: &["weft_attention_decode", "weft_attention_merge"],
        archs: EVERYWHERE,
        variants: PLAIN,
    },
    Program {
        file: "attention_mma.cu",
        source: include_str!("../cuda/attention_mma.cu"),
        entries: &["weft_attention"],
        archs: EVERYWHERE,
        variants: &[
            Variant { name: "rows", defines: &[] },
            Variant { name: "rows-64", defines: &["WEFT_HEAD_DIM=64"] },
            Variant { name: "rows-80", defines: &["WEFT_HEAD_DIM=80"] },
            Variant { name: "pages-16", defines: &["WEFT_PAGE=16"] },
            Variant { name: "pages-128", defines: &["WEFT_PAGE=128"] },
        ],
    },
    Program {
        file: "attention_sm90.cu",
        source: include_str!("../cuda/attention_sm90.cu"),
        entries: &["weft_attention"],
        archs: &[Arch::Sm90a],
        variants: &[
            Variant { name: "rows", defines: &["WEFT_PAGE=0"] },
            Variant { name: "pages-128", defines: &["WEFT_PAGE=128"] },
            Variant { name: "pages-64", defines: &["WEFT_PAGE=64"] },
        ],
    },
    Program {
        file: "clock.cu",
        source: include_str!("../cuda/clock.cu"),
        entries: &["weft_clock"],
        archs: EVERYWHERE,
        variants: PLAIN,
    },
    Program {
        file: "collective.cu",
        source: include_str!("../cuda/collective.cu"),
        entries: &["weft_all_reduce", "weft_reduce_scatter", "weft_all_gather"],
        archs: EVERYWHERE,
        variants: &[
            Variant { name: "alone", defines: &["WEFT_RANKS=1"] },
            Variant { name: "ranks-2", defines: &["WEFT_RANKS=2"] },
            Variant { name: "ranks-8", defines: &["WEFT_RANKS=8"] },
        ],
    },
    Program {
        file: "embedding.cu",
        source: include_str!("../cuda/embedding.cu"),
        entries: &["weft_embedding"],
        archs: EVERYWHERE,
        variants: PLAIN,
    },
    Program {
        file: "fused_norm.cu",
        source: include_str!("../cuda/fused_norm.cu"),
        entries: &["weft_fused_norm"],
        archs: EVERYWHERE,
        variants: &[
            Variant { name: "ranks-1", defines: &["WEFT_RANKS=1"] },
            Variant { name: "ranks-2", defines: &["WEFT_RANKS=2"] },
            Variant { name: "ranks-4", defines: &["WEFT_RANKS=4", "WEFT_GROUPS=1"] },
            Variant { name: "ranks-8", defines: &["WEFT_RANKS=8", "WEFT_GROUPS=1"] },
            Variant {
                name: "narrow",
                defines: &["WEFT_RANKS=2", "WEFT_HIDDEN=520", "WEFT_GROUP_THREADS=96"],
            },
        ],
    },
    Program {
        file: "fused_norm_sm90.cu",
        source: include_str!("../cuda/fused_norm_sm90.cu"),
        entries: &["weft_fused_norm"],
        archs: &[Arch::Sm90a, Arch::Sm100],
        variants: &[
            Variant { name: "alone", defines: &["WEFT_RANKS=1", "WEFT_PAIRS=0", "WEFT_AHEAD=0"] },
            Variant { name: "ranks-2", defines: &["WEFT_RANKS=2"] },
            Variant {
                name: "ranks-8",
                defines: &["WEFT_RANKS=8", "WEFT_GROUPS=1", "WEFT_SLOTS=9"],
            },
            Variant {
                name: "narrow",
                defines: &["WEFT_RANKS=2", "WEFT_HIDDEN=520", "WEFT_GROUP_THREADS=96"],
            },
        ],
    },
    Program {
        file: "gemm_mma.cu",
        source: include_str!("../cuda/gemm_mma.cu"),
        entries: &["weft_gemm"],
        archs: EVERYWHERE,
        variants: &[
            Variant { name: "plain", defines: &[] },
            Variant { name: "silu-mul", defines: &["WEFT_SILU_MUL"] },
        ],
    },
    Program {
        file: "gemm_sm90.cu",
        source: include_str!("../cuda/gemm_sm90.cu"),
        entries: &["weft_gemm"],
        archs: &[Arch::Sm90a],
        variants: &[
            Variant { name: "plain-256", defines: &["WEFT_BN=256"] },
            Variant { name: "plain-224", defines: &["WEFT_BN=224"] },
            Variant { name: "plain-192", defines: &["WEFT_BN=192"] },
            Variant { name: "plain-160", defines: &["WEFT_BN=160"] },
            Variant { name: "plain-128", defines: &["WEFT_BN=128"] },
            Variant { name: "silu-mul-256", defines: &["WEFT_BN=256", "WEFT_SILU_MUL"] },
            Variant { name: "silu-mul-192", defines: &["WEFT_BN=192", "WEFT_SILU_MUL"] },
            Variant { name: "silu-mul-128", defines: &["WEFT_BN=128", "WEFT_SILU_MUL"] },
        ],
    },
    Program {
        file: "mark.cu",
        source: include_str!("../cuda/mark.cu"),
        entries: &["weft_mark"],
        archs: EVERYWHERE,
        variants: PLAIN,
    },
    Program {
        file: "multimem.cu",
        source: include_str!("../cuda/multimem.cu"),
        entries: &[
            "weft_multimem_fused_norm",
            "weft_multimem_all_reduce",
            "weft_multimem_reduce_scatter",
            "weft_multimem_all_gather",
        ],
        archs: &[Arch::Sm90a, Arch::Sm100],
        variants: &[
            Variant { name: "wide", defines: &["WEFT_HIDDEN=8192"] },
            Variant { name: "narrow", defines: &["WEFT_HIDDEN=520", "WEFT_THREADS=96"] },
        ],
    },
    Program {
        file: "norm.cu",
        source: include_str!("../cuda/norm.cu"),
        entries: &["weft_rms_norm", "weft_first_rms_norm", "weft_add_rms_norm"],
        archs: EVERYWHERE,
        variants: &[
            Variant { name: "wide", defines: &["WEFT_HIDDEN=8192"] },
            Variant { name: "narrow", defines: &["WEFT_HIDDEN=520"] },
        ],
    },
    Program {
        file: "qk_norm.cu",
        source: include_str!("../cuda/qk_norm.cu"),
        entries: &["weft_qk_norm"],
        archs: EVERYWHERE,
        variants: PLAIN,
    },
    Program {
        file: "random.cu",
        source: include_str!("../cuda/random.cu"),
        entries: &["weft_random"],
        archs: EVERYWHERE,
        variants: PLAIN,
    },
    Program {
        file: "rope.cu",
        source: include_str!("../cuda/rope.cu"),
        entries: &["weft_rope"],
        archs: EVERYWHERE,
        variants: PLAIN,
    },
    Program {
        file: "silu_mul.cu",
        source: include_str!("../cuda/silu_mul.cu"),
        entries: &["weft_silu_mul"],
        archs: EVERYWHERE,
        variants: PLAIN,
    },
    Program {
        file: "simple_fusion.cu",
        source: include_str!("../cuda/simple_fusion.cu"),
        entries: &["weft_simple_fusion"],
        archs: EVERYWHERE,
        variants: &[
            Variant { name: "ranks-1", defines: &["WEFT_RANKS=1"] },
            Variant { name: "ranks-2", defines: &["WEFT_RANKS=2"] },
            Variant { name: "ranks-8", defines: &["WEFT_RANKS=8", "WEFT_HIDDEN=520"] },
        ],
    },
];

/// The program of this file.
pub fn find(file: &str) -> Option<&'static Program> {
    PROGRAMS.iter().find(|program| program.file == file)
}
