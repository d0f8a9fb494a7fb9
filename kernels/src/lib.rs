//! Device code of Weftscope and the structs it shares with the host.
//!
//! CUDA C++ lies as text in `cuda/`, one op a file (what other people's kernels include to say where they are, in `own/`), and is compiled at run time for the GPU at hand. This crate
//! calls no driver and compiles nothing: [`program`] says what there is, [`arch`] for which GPUs, [`abi`] mirrors
//! the structs, [`signature`] reads what each kernel takes, [`reference`](mod@reference) says what it computes.

pub mod abi;
pub mod arch;
pub mod program;
pub mod reference;
pub mod signature;

pub use arch::{Arch, Build, Target};
pub use program::{
    BLOCK_PATCH, HEADERS, OWN_EXAMPLE, OWN_HEADER, PROGRAMS, Program, Variant, find,
};
pub use signature::{Parameter, ParameterKind, SignatureError, parameters};
