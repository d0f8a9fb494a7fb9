//! Device code of Weftscope and the structs it shares with the host.
//!
//! CUDA C++ lies as text in `cuda/`, one op a file, and is compiled at run time for the GPU at hand. This crate
//! calls no driver and compiles nothing: [`program`] says what there is and how to compile it, [`abi`] mirrors
//! the structs, [`reference`](mod@reference) says what each op computes.

pub mod abi;
pub mod program;
pub mod reference;

pub use program::{Arch, Build, HEADERS, PROGRAMS, Program, Target, Variant, find};
