use std::{
    fs::File,
    path::{Path, PathBuf},
};

use memmap2::Mmap;
use safetensors::{
    SafeTensors,
    tensor::{Dtype, Metadata, SafeTensorError, TensorInfo},
};

use super::CheckpointError;

/// One safetensors file, mapped.
#[derive(Debug)]
pub(super) struct Mapped {
    path: PathBuf,
    bytes: Mmap,
    /// Where the data begin.
    data_at: usize,
    header: Metadata,
}

impl Mapped {
    pub(super) fn open(path: PathBuf) -> Result<Self, CheckpointError> {
        let io = |cause| CheckpointError::Io { cause, path: path.clone() };
        let file = File::open(&path).map_err(io)?;
        // SAFETY: the mapping is read-only and lives as long as the struct. Should another process write the file
        // meanwhile, numbers read change, and if it is cut short the process gets a signal; bytes are only ever read as
        // plain numbers, for which every bit pattern is one.
        let bytes = unsafe { Mmap::map(&file) }.map_err(io)?;
        match SafeTensors::read_metadata(&bytes) {
            Ok((header_bytes, header)) => {
                Ok(Self { path, data_at: 8 + header_bytes, header, bytes })
            }
            Err(
                SafeTensorError::MetadataIncompleteBuffer | SafeTensorError::InvalidHeaderLength,
            ) => Err(CheckpointError::Length { bytes: bytes.len() as u64, path }),
            Err(error) => Err(CheckpointError::Format { cause: error.to_string(), path }),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.header.offset_keys()
    }

    pub(super) fn tensor(&self, name: &str) -> Option<View<'_>> {
        let TensorInfo { dtype, shape, data_offsets } = self.header.info(name)?;
        let (from, to) = *data_offsets;
        let bytes = &self.bytes[self.data_at + from..self.data_at + to];
        Some(View { dtype: *dtype, shape, bytes })
    }
}

/// A tensor in a mapped file, row-major.
#[derive(Clone, Copy, Debug)]
pub(super) struct View<'a> {
    pub(super) dtype: Dtype,
    pub(super) shape: &'a [usize],
    pub(super) bytes: &'a [u8],
}
