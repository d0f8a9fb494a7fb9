use super::quickly;
use crate::cuda::GemmForm;

#[test]
fn products_are_right_and_stamped() {
    quickly("gemm");
    quickly("gemm silu·mul");
}

#[test]
fn portable_products_are_right_and_stamped() {
    quickly("portable gemm");
}

/// Widths measured best on H200 (kernels/NOTES.md): QKV of eight shards fits one wave of 160-wide tiles.
#[test]
fn widths_fill_waves() {
    assert_eq!(GemmForm::fitting(2048, 1280, 132).tile_columns, 160);
    assert_eq!(GemmForm::fitting(2048, 28672, 132).tile_columns, 256);
}
