use crate::cuda::driver::Image;

/// What a compilation gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compiled {
    /// Machine code for the GPU; empty when the compiler does not know it, and the driver has to translate the PTX.
    pub cubin: Vec<u8>,
    /// The PTX it comes from.
    pub ptx: String,
}

impl Compiled {
    /// What the driver loads.
    pub(in crate::cuda) fn image(&self) -> Image<'_> {
        match self.cubin.as_slice() {
            [] => Image::Ptx(&self.ptx),
            cubin => Image::Machine(cubin),
        }
    }
}
