//! Marks that a program's own kernels leave inside their blocks, through `kernels/own/weft.cuh`.

pub mod reader;
pub mod record;
