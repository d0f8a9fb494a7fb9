//! Argument lists of device kernels: declared once each, checked against the program's text, launched from here only.
//!
//! # Why launching is safe
//! What a launch can break for Rust is the host's memory, and that hangs on the argument list: the driver copies, from
//! each pointer it gets, as many bytes as the kernel's parameter has. An [`Entry`] can only be made by
//! [`Entry::load`], which reads the signature from the program's text and refuses another list; the tests do the same
//! for every list without a GPU. Addresses come from live [buffers](crate::cuda::driver::Buffer), each of which waits
//! for its device before it is freed. Device memory itself is never Rust's: it is copied out as plain numbers, for
//! which any bits are valid, so a wrong shape or index spoils numbers or ends in an error of the driver. Shapes are
//! therefore said at every call, and `gpu-check` tells whether a kernel keeps to them.

use std::{ffi::c_void, marker::PhantomData};

use cudarc::driver::CudaStream;
use weftscope_kernels::{self as kernels, ParameterKind, abi::Peers};

use super::{Loader, TensorMap, source::Source};
use crate::cuda::driver::{CudaError, DevicePtr, Kernel, Shape};

/// An address as an argument; 0 for what is not there.
#[derive(Clone, Copy, Debug)]
#[repr(transparent)]
pub(super) struct Pointer(u64);

impl From<DevicePtr<'_>> for Pointer {
    fn from(pointer: DevicePtr<'_>) -> Self {
        Self(pointer.address())
    }
}

impl From<Option<DevicePtr<'_>>> for Pointer {
    fn from(pointer: Option<DevicePtr<'_>>) -> Self {
        pointer.map_or(Self(0), Self::from)
    }
}

/// A type that the host passes by value, and what the device calls it.
pub(super) trait Argument: Copy {
    const KIND: ParameterKind;
}

impl Argument for Pointer {
    const KIND: ParameterKind = ParameterKind::Pointer;
}
impl Argument for u32 {
    const KIND: ParameterKind = ParameterKind::U32;
}
impl Argument for u64 {
    const KIND: ParameterKind = ParameterKind::U64;
}
impl Argument for f32 {
    const KIND: ParameterKind = ParameterKind::F32;
}
impl Argument for TensorMap {
    const KIND: ParameterKind = ParameterKind::TensorMap;
}
impl Argument for Peers {
    const KIND: ParameterKind = ParameterKind::Peers;
}

/// One argument of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Declared {
    /// The parameter's name in the `.cu` text.
    pub(super) name: &'static str,
    pub(super) kind: ParameterKind,
    /// Size of the host's value.
    pub(super) bytes: usize,
}

/// The arguments of a kernel, in order. Implemented by `arguments!` only.
pub(super) trait ArgumentList {
    /// File below `kernels/cuda` and kernel of each that takes these arguments.
    const TAKEN_BY: &'static [(&'static str, &'static str)];
    const LIST: &'static [Declared];

    /// Calls `launch` with a pointer to each argument.
    fn with_pointers<R>(&mut self, launch: impl FnOnce(&mut [*mut c_void]) -> R) -> R;
}

/// Declares the arguments of a kernel as a struct whose fields are its parameters, named and ordered as in the `.cu` text.
macro_rules! arguments {
    ($name:ident of $($file:literal: $entry:literal),+; $($field:ident: $kind:ty),+ $(,)?) => {
        #[derive(Clone, Copy, Debug)]
        struct $name {
            $($field: $kind,)+
        }

        impl crate::cuda::kernels::arguments::ArgumentList for $name {
            const TAKEN_BY: &'static [(&'static str, &'static str)] = &[$(($file, $entry)),+];
            const LIST: &'static [crate::cuda::kernels::arguments::Declared] = &[
                $(crate::cuda::kernels::arguments::Declared {
                    name: stringify!($field),
                    kind: <$kind as crate::cuda::kernels::arguments::Argument>::KIND,
                    bytes: size_of::<$kind>(),
                }),+
            ];

            fn with_pointers<R>(
                &mut self,
                launch: impl FnOnce(&mut [*mut std::ffi::c_void]) -> R,
            ) -> R {
                launch(&mut [$((&raw mut self.$field).cast()),+])
            }
        }
    };
}
pub(super) use arguments;

/// A kernel, loaded on one device, that takes the arguments `A`.
#[derive(Clone, Debug)]
pub(super) struct Entry<A> {
    kernel: Kernel,
    arguments: PhantomData<fn(A)>,
}

impl<A: ArgumentList> Entry<A> {
    /// Compiles a kernel and loads it.
    ///
    /// # Errors
    /// [`CudaError`] from the compiler or the driver.
    ///
    /// # Panics
    /// When the kernel takes other arguments than `A`: the tests find such a list without a GPU.
    pub(super) fn load(loader: Loader<'_>, source: Source<'_>) -> Result<Self, CudaError> {
        let taken = A::TAKEN_BY.contains(&(source.file, source.entry));
        assert!(taken, "{} of {} is launched with the list of others", source.entry, source.file);
        let check = || {
            if let Err(difference) = compare::<A>(source.program().source, source.entry) {
                panic!("{}: {difference}", source.file);
            }
        };
        Ok(Self { kernel: loader.load(&source, check)?, arguments: PhantomData })
    }

    /// Blocks of so many threads that an SM holds at once.
    ///
    /// # Errors
    /// When the driver refuses.
    pub(super) fn blocks_per_sm(&self, threads: u32) -> Result<u32, CudaError> {
        self.kernel.blocks_per_sm(threads)
    }

    /// Puts the kernel on a stream.
    ///
    /// # Errors
    /// When the driver refuses the launch (its shape, its shared memory). Errors inside show at the next synchronise.
    pub(super) fn launch(
        &self,
        stream: &CudaStream,
        shape: Shape,
        mut arguments: A,
    ) -> Result<(), CudaError> {
        arguments.with_pointers(|pointers| {
            // SAFETY: `load` held the list against the kernel's signature, so there is one pointer a parameter, in order,
            // each to a live value of the parameter's size; the driver copies them before it returns.
            unsafe { self.kernel.launch(stream, shape, pointers) }
        })
    }
}

/// Whether `A` is what a kernel takes by its program's text: as many arguments, by name, type and size.
///
/// # Errors
/// The first difference, in words.
pub(super) fn compare<A: ArgumentList>(source: &str, entry: &str) -> Result<(), String> {
    let parameters = kernels::parameters(source, entry).map_err(|error| error.to_string())?;
    for (index, (declared, parameter)) in A::LIST.iter().zip(&parameters).enumerate() {
        let same = declared.name == parameter.name
            && declared.kind == parameter.kind
            && declared.bytes == parameter.kind.bytes();
        if !same {
            return Err(format!(
                "{entry}, argument {index}: {declared:?}, but it takes {parameter:?}"
            ));
        }
    }
    let (given, taken) = (A::LIST.len(), parameters.len());
    (given == taken)
        .then_some(())
        .ok_or_else(|| format!("{entry} takes {taken} arguments, not {given}"))
}

/// A list, without its type.
#[cfg(test)]
#[derive(Clone, Copy)]
pub(super) struct List {
    pub(super) taken_by: &'static [(&'static str, &'static str)],
    /// [`compare`] of the list with a source and a kernel in it.
    pub(super) compare: fn(&str, &str) -> Result<(), String>,
}

#[cfg(test)]
impl List {
    pub(super) const fn of<A: ArgumentList>() -> Self {
        Self { taken_by: A::TAKEN_BY, compare: compare::<A> }
    }
}
