//! Forms of the GEMMs that are compiled to be checked: all epilogues, widths and groupings, and what tiles and slices a few of each.

use super::Variant;

/// Of `gemm_few_sm90.cu`.
pub(super) const FEW_SM90: &[Variant] = &[
    Variant {
        name: "rows-16-columns-128-parts-8",
        defines: &["WEFT_ROWS=16", "WEFT_COLUMNS=128", "WEFT_PARTS=8"],
    },
    Variant {
        name: "rows-16-columns-64-parts-1-silu-mul",
        defines: &["WEFT_ROWS=16", "WEFT_COLUMNS=64", "WEFT_PARTS=1", "WEFT_SILU_MUL"],
    },
    Variant {
        name: "rows-32-columns-64-parts-4",
        defines: &["WEFT_ROWS=32", "WEFT_COLUMNS=64", "WEFT_PARTS=4"],
    },
    Variant {
        name: "rows-32-columns-128-parts-2-silu-mul",
        defines: &["WEFT_ROWS=32", "WEFT_COLUMNS=128", "WEFT_PARTS=2", "WEFT_SILU_MUL"],
    },
    Variant {
        name: "rows-64-columns-64-parts-1",
        defines: &["WEFT_ROWS=64", "WEFT_COLUMNS=64", "WEFT_PARTS=1"],
    },
    Variant {
        name: "rows-64-columns-128-parts-2-silu-mul",
        defines: &["WEFT_ROWS=64", "WEFT_COLUMNS=128", "WEFT_PARTS=2", "WEFT_SILU_MUL"],
    },
    Variant {
        name: "rows-96-columns-64-parts-4",
        defines: &["WEFT_ROWS=96", "WEFT_COLUMNS=64", "WEFT_PARTS=4"],
    },
    Variant {
        name: "rows-96-columns-64-parts-1-silu-mul",
        defines: &["WEFT_ROWS=96", "WEFT_COLUMNS=64", "WEFT_PARTS=1", "WEFT_SILU_MUL"],
    },
    Variant {
        name: "rows-128-columns-64-parts-1",
        defines: &["WEFT_ROWS=128", "WEFT_COLUMNS=64", "WEFT_PARTS=1"],
    },
    Variant {
        name: "rows-128-columns-128-parts-2-silu-mul",
        defines: &["WEFT_ROWS=128", "WEFT_COLUMNS=128", "WEFT_PARTS=2", "WEFT_SILU_MUL"],
    },
    Variant {
        name: "rows-160-columns-128-parts-4",
        defines: &["WEFT_ROWS=160", "WEFT_COLUMNS=128", "WEFT_PARTS=4"],
    },
    Variant {
        name: "rows-160-columns-64-parts-1-silu-mul",
        defines: &["WEFT_ROWS=160", "WEFT_COLUMNS=64", "WEFT_PARTS=1", "WEFT_SILU_MUL"],
    },
    Variant {
        name: "rows-192-columns-64-parts-2",
        defines: &["WEFT_ROWS=192", "WEFT_COLUMNS=64", "WEFT_PARTS=2"],
    },
    Variant {
        name: "rows-192-columns-128-parts-2-silu-mul",
        defines: &["WEFT_ROWS=192", "WEFT_COLUMNS=128", "WEFT_PARTS=2", "WEFT_SILU_MUL"],
    },
    Variant {
        name: "rows-224-columns-64-parts-1",
        defines: &["WEFT_ROWS=224", "WEFT_COLUMNS=64", "WEFT_PARTS=1"],
    },
    Variant {
        name: "rows-224-columns-128-parts-1-silu-mul",
        defines: &["WEFT_ROWS=224", "WEFT_COLUMNS=128", "WEFT_PARTS=1", "WEFT_SILU_MUL"],
    },
    Variant {
        name: "rows-256-columns-64-parts-4",
        defines: &["WEFT_ROWS=256", "WEFT_COLUMNS=64", "WEFT_PARTS=4"],
    },
    Variant {
        name: "rows-256-columns-128-parts-2-silu-mul",
        defines: &["WEFT_ROWS=256", "WEFT_COLUMNS=128", "WEFT_PARTS=2", "WEFT_SILU_MUL"],
    },
    Variant {
        name: "rows-16-columns-64-parts-8-f32-out",
        defines: &["WEFT_ROWS=16", "WEFT_COLUMNS=64", "WEFT_PARTS=8", "WEFT_F32_OUT"],
    },
    Variant {
        name: "rows-256-columns-128-parts-1-f32-out",
        defines: &["WEFT_ROWS=256", "WEFT_COLUMNS=128", "WEFT_PARTS=1", "WEFT_F32_OUT"],
    },
];

/// Of `gemm_mma.cu`.
pub(super) const MMA: &[Variant] = &[
    Variant { name: "plain", defines: &[] },
    Variant { name: "silu-mul", defines: &["WEFT_SILU_MUL"] },
    Variant { name: "f32-out", defines: &["WEFT_F32_OUT"] },
    Variant { name: "grouped", defines: &["WEFT_GROUPED"] },
    Variant { name: "grouped-silu-mul", defines: &["WEFT_GROUPED", "WEFT_SILU_MUL"] },
    Variant { name: "gathered", defines: &["WEFT_GROUPED", "WEFT_GATHERED"] },
    Variant {
        name: "gathered-silu-mul",
        defines: &["WEFT_GROUPED", "WEFT_GATHERED", "WEFT_SILU_MUL"],
    },
];

/// Of `gemm_sm90.cu`.
pub(super) const SM90: &[Variant] = &[
    Variant { name: "plain-256", defines: &["WEFT_BN=256"] },
    Variant { name: "plain-224", defines: &["WEFT_BN=224"] },
    Variant { name: "plain-192", defines: &["WEFT_BN=192"] },
    Variant { name: "plain-160", defines: &["WEFT_BN=160"] },
    Variant { name: "plain-128", defines: &["WEFT_BN=128"] },
    Variant { name: "silu-mul-256", defines: &["WEFT_BN=256", "WEFT_SILU_MUL"] },
    Variant { name: "silu-mul-192", defines: &["WEFT_BN=192", "WEFT_SILU_MUL"] },
    Variant { name: "silu-mul-128", defines: &["WEFT_BN=128", "WEFT_SILU_MUL"] },
    Variant { name: "f32-out-128", defines: &["WEFT_BN=128", "WEFT_F32_OUT"] },
    Variant { name: "grouped-256", defines: &["WEFT_BN=256", "WEFT_GROUPED"] },
    Variant { name: "grouped-192", defines: &["WEFT_BN=192", "WEFT_GROUPED"] },
    Variant { name: "grouped-128", defines: &["WEFT_BN=128", "WEFT_GROUPED"] },
    Variant {
        name: "grouped-silu-mul-256",
        defines: &["WEFT_BN=256", "WEFT_GROUPED", "WEFT_SILU_MUL"],
    },
    Variant {
        name: "grouped-silu-mul-192",
        defines: &["WEFT_BN=192", "WEFT_GROUPED", "WEFT_SILU_MUL"],
    },
    Variant {
        name: "grouped-silu-mul-128",
        defines: &["WEFT_BN=128", "WEFT_GROUPED", "WEFT_SILU_MUL"],
    },
    Variant { name: "gathered-256", defines: &["WEFT_BN=256", "WEFT_GROUPED", "WEFT_GATHERED"] },
    Variant { name: "gathered-192", defines: &["WEFT_BN=192", "WEFT_GROUPED", "WEFT_GATHERED"] },
    Variant { name: "gathered-128", defines: &["WEFT_BN=128", "WEFT_GROUPED", "WEFT_GATHERED"] },
    Variant {
        name: "gathered-silu-mul-256",
        defines: &["WEFT_BN=256", "WEFT_GROUPED", "WEFT_GATHERED", "WEFT_SILU_MUL"],
    },
    Variant {
        name: "gathered-silu-mul-192",
        defines: &["WEFT_BN=192", "WEFT_GROUPED", "WEFT_GATHERED", "WEFT_SILU_MUL"],
    },
    Variant {
        name: "gathered-silu-mul-128",
        defines: &["WEFT_BN=128", "WEFT_GROUPED", "WEFT_GATHERED", "WEFT_SILU_MUL"],
    },
];
