/// The built-in machine of the same generation as a GPU, on which this project's own kernels were measured where there is one:
/// a chooser that counts the tiles of a library cuts in the wrong place.
pub fn like(gpu: &str, compute_capability: (u32, u32)) -> &'static str {
    match compute_capability {
        (8, 0) => "a100x8",
        (8 | 12, _) => "rtx4090x2",
        (9, _) if gpu.contains("H200") => "h200x2",
        (9, _) => "h100x4",
        _ => "b200x8",
    }
}
