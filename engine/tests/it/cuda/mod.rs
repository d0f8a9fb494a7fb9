//! What can be held of the CUDA runtime without a GPU.

mod compile;
mod ring;
