//! What device programs there are, for which architectures each is written, and how it is compiled for the GPU at hand.
//!
//! A new file below `cuda/` is registered in [`PROGRAMS`], a header in [`HEADERS`]; tests hold that none is forgotten.

mod gemms;

use crate::Arch;

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
    /// Options of the compiler that it needs besides those of all programs.
    pub options: &'static [&'static str],
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
    ("group_table.cuh", include_str!("../cuda/group_table.cuh")),
    ("groups.cuh", include_str!("../cuda/groups.cuh")),
    ("mma.cuh", include_str!("../cuda/mma.cuh")),
    ("peers.cuh", include_str!("../cuda/peers.cuh")),
    ("sm90.cuh", include_str!("../cuda/sm90.cuh")),
    ("stamp.cuh", include_str!("../cuda/stamp.cuh")),
    (OWN_HEADER, include_str!("../own/weft.cuh")),
    ("wgmma.cuh", include_str!("../cuda/wgmma.cuh")),
];

/// On every architecture.
const EVERYWHERE: &[Arch] = &Arch::ALL;
/// By the size of heads.
const HEADS: &[Variant] = &[
    Variant { name: "plain", defines: &[] },
    Variant { name: "heads-64", defines: &["WEFT_HEAD_DIM=64"] },
    Variant { name: "heads-96", defines: &["WEFT_HEAD_DIM=96"] },
    Variant { name: "heads-256", defines: &["WEFT_HEAD_DIM=256"] },
];
/// One form.
const PLAIN: &[Variant] = &[Variant { name: "plain", defines: &[] }];

/// Every program with kernels.
pub const PROGRAMS: &[Program] = &[
    Program {
        file: "attention_decode.cu",
        source: include_str!("../cuda/attention_decode.cu"),
        entries: &["weft_attention_decode", "weft_attention_merge"],
        archs: EVERYWHERE,
        variants: HEADS,
        options: &[],
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
            Variant { name: "rows-96", defines: &["WEFT_HEAD_DIM=96"] },
            Variant { name: "rows-256", defines: &["WEFT_HEAD_DIM=256"] },
            Variant { name: "pages-16", defines: &["WEFT_PAGE=16"] },
            Variant { name: "pages-128", defines: &["WEFT_PAGE=128"] },
            Variant { name: "pages-128-64", defines: &["WEFT_HEAD_DIM=64", "WEFT_PAGE=128"] },
            Variant { name: "pages-128-96", defines: &["WEFT_HEAD_DIM=96", "WEFT_PAGE=128"] },
            Variant { name: "pages-128-256", defines: &["WEFT_HEAD_DIM=256", "WEFT_PAGE=128"] },
        ],
        options: &[],
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
            Variant { name: "rows-64", defines: &["WEFT_HEAD_DIM=64", "WEFT_PAGE=0"] },
            Variant { name: "pages-128-64", defines: &["WEFT_HEAD_DIM=64", "WEFT_PAGE=128"] },
            Variant { name: "rows-96", defines: &["WEFT_HEAD_DIM=96", "WEFT_PAGE=0"] },
            Variant { name: "pages-128-96", defines: &["WEFT_HEAD_DIM=96", "WEFT_PAGE=128"] },
            Variant { name: "rows-256", defines: &["WEFT_HEAD_DIM=256", "WEFT_PAGE=0"] },
            Variant { name: "pages-128-256", defines: &["WEFT_HEAD_DIM=256", "WEFT_PAGE=128"] },
            Variant { name: "pages-64-256", defines: &["WEFT_HEAD_DIM=256", "WEFT_PAGE=64"] },
        ],
        options: &[],
    },
    Program {
        file: "clock.cu",
        source: include_str!("../cuda/clock.cu"),
        entries: &["weft_clock"],
        archs: EVERYWHERE,
        variants: PLAIN,
        options: &[],
    },
    Program {
        file: "collective.cu",
        source: include_str!("../cuda/collective.cu"),
        entries: &["weft_all_reduce", "weft_reduce_scatter", "weft_all_gather"],
        archs: EVERYWHERE,
        variants: &[
            Variant { name: "ranks-1", defines: &["WEFT_RANKS=1"] },
            Variant { name: "ranks-2", defines: &["WEFT_RANKS=2"] },
            Variant { name: "ranks-4", defines: &["WEFT_RANKS=4"] },
            Variant { name: "ranks-8", defines: &["WEFT_RANKS=8"] },
        ],
        options: &[],
    },
    Program {
        file: "embedding.cu",
        source: include_str!("../cuda/embedding.cu"),
        entries: &["weft_embedding"],
        archs: EVERYWHERE,
        variants: PLAIN,
        options: &[],
    },
    Program {
        file: "experts.cu",
        source: include_str!("../cuda/experts.cu"),
        entries: &["weft_scores", "weft_top_k", "weft_permute", "weft_combine"],
        archs: EVERYWHERE,
        variants: PLAIN,
        options: &[],
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
        options: &[],
    },
    Program {
        file: "fused_norm_sm90.cu",
        source: include_str!("../cuda/fused_norm_sm90.cu"),
        entries: &["weft_fused_norm"],
        archs: &[Arch::Sm90a, Arch::Sm100],
        variants: &[
            Variant { name: "ranks-1", defines: &["WEFT_RANKS=1", "WEFT_PAIRS=0", "WEFT_AHEAD=0"] },
            Variant { name: "ranks-2", defines: &["WEFT_RANKS=2"] },
            Variant { name: "ranks-4", defines: &["WEFT_RANKS=4", "WEFT_SLOTS=5"] },
            Variant {
                name: "ranks-8",
                defines: &["WEFT_RANKS=8", "WEFT_GROUPS=1", "WEFT_SLOTS=9"],
            },
            Variant {
                name: "ranks-8-wide",
                defines: &[
                    "WEFT_RANKS=8",
                    "WEFT_GROUPS=1",
                    "WEFT_GROUP_THREADS=512",
                    "WEFT_SLOTS=11",
                ],
            },
            Variant {
                name: "narrow",
                defines: &["WEFT_RANKS=2", "WEFT_HIDDEN=520", "WEFT_GROUP_THREADS=96"],
            },
        ],
        options: &[],
    },
    Program {
        file: "gemm_few_sm90.cu",
        source: include_str!("../cuda/gemm_few_sm90.cu"),
        entries: &["weft_gemm_few"],
        archs: &[Arch::Sm90a],
        variants: gemms::FEW_SM90,
        options: &[],
    },
    Program {
        file: "gemm_mma.cu",
        source: include_str!("../cuda/gemm_mma.cu"),
        entries: &["weft_gemm"],
        archs: EVERYWHERE,
        variants: gemms::MMA,
        options: &[],
    },
    Program {
        file: "gemm_sm90.cu",
        source: include_str!("../cuda/gemm_sm90.cu"),
        entries: &["weft_gemm"],
        archs: &[Arch::Sm90a],
        variants: gemms::SM90,
        options: &[],
    },
    Program {
        file: "likeliest.cu",
        source: include_str!("../cuda/likeliest.cu"),
        entries: &["weft_likeliest"],
        archs: EVERYWHERE,
        variants: PLAIN,
        options: &[],
    },
    Program {
        file: "mark.cu",
        source: include_str!("../cuda/mark.cu"),
        entries: &["weft_mark"],
        archs: EVERYWHERE,
        variants: PLAIN,
        options: &[],
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
        options: &[],
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
        options: &[],
    },
    Program {
        file: "qk_norm.cu",
        source: include_str!("../cuda/qk_norm.cu"),
        entries: &["weft_qk_norm"],
        archs: EVERYWHERE,
        variants: HEADS,
        options: &[],
    },
    Program {
        file: "random.cu",
        source: include_str!("../cuda/random.cu"),
        entries: &["weft_random"],
        archs: EVERYWHERE,
        variants: PLAIN,
        options: &[],
    },
    Program {
        file: "rope.cu",
        source: include_str!("../cuda/rope.cu"),
        entries: &["weft_rope"],
        archs: EVERYWHERE,
        variants: HEADS,
        options: &[],
    },
    Program {
        file: "silu_mul.cu",
        source: include_str!("../cuda/silu_mul.cu"),
        entries: &["weft_silu_mul"],
        archs: EVERYWHERE,
        variants: PLAIN,
        options: &[],
    },
    Program {
        file: "simple_fusion.cu",
        source: include_str!("../cuda/simple_fusion.cu"),
        entries: &["weft_simple_fusion"],
        archs: EVERYWHERE,
        variants: &[
            Variant { name: "ranks-1", defines: &["WEFT_RANKS=1"] },
            Variant { name: "ranks-2", defines: &["WEFT_RANKS=2"] },
            Variant { name: "ranks-4", defines: &["WEFT_RANKS=4"] },
            Variant { name: "ranks-8", defines: &["WEFT_RANKS=8", "WEFT_HIDDEN=520"] },
        ],
        options: &[],
    },
];

/// Stamps for the blocks of kernels that nobody changed. No kernels: functions that the Compute Sanitizer has called.
pub const BLOCK_PATCH: Program = Program {
    file: "block_patch.cu",
    source: include_str!("../cuda/block_patch.cu"),
    entries: &[],
    archs: EVERYWHERE,
    variants: PLAIN,
    options: &["--ptxas-options=--compile-as-tools-patch"],
};

/// An example of a kernel that says of itself where it is, by the header [`OWN_HEADER`].
pub const OWN_EXAMPLE: Program = Program {
    file: "stencil.cu",
    source: include_str!("../own/examples/stencil.cu"),
    entries: &["stencil"],
    archs: EVERYWHERE,
    variants: PLAIN,
    options: &[],
};

/// The header that other people's kernels include.
pub const OWN_HEADER: &str = "weft.cuh";

/// The program of this file.
pub fn find(file: &str) -> Option<&'static Program> {
    PROGRAMS.iter().find(|program| program.file == file)
}
