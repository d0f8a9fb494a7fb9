use std::{ffi::c_void, ptr};

use cudarc::driver::sys;

use crate::cuda::driver::{Context as _, CudaError, DevicePtr};

/// How the copy engine cuts boxes out of a matrix in device memory. 128 bytes, passed by value to a kernel.
#[derive(Clone, Copy, Debug)]
#[repr(transparent)]
pub struct TensorMap(sys::CUtensorMap);

/// A bf16 matrix in device memory, rows contiguous.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Matrix<'a> {
    /// The first element, 16-byte aligned.
    pub data: DevicePtr<'a>,
    /// Rows.
    pub rows: u32,
    /// Columns.
    pub columns: u32,
    /// Bytes from a row to the next, a multiple of 16.
    pub pitch_bytes: u64,
}

impl<'a> Matrix<'a> {
    /// Rows that follow one another.
    pub fn dense(data: DevicePtr<'a>, rows: u32, columns: u32) -> Self {
        Self { data, rows, columns, pitch_bytes: u64::from(columns) * 2 }
    }
}

impl TensorMap {
    /// Boxes of `box_rows` × `box_columns`, 128-byte swizzled, zeros outside the matrix.
    ///
    /// # Errors
    /// When the driver refuses the shape.
    pub fn bf16(
        matrix: Matrix<'_>,
        box_rows: u32,
        box_columns: u32,
        gpu: u32,
    ) -> Result<Self, CudaError> {
        let mut map = sys::CUtensorMap { opaque: [0; 16] };
        let dims = [u64::from(matrix.columns), u64::from(matrix.rows)];
        let strides = [matrix.pitch_bytes];
        let boxes = [box_columns, box_rows];
        let steps = [1, 1];
        // SAFETY: all arrays have the two (strides: one) entries that rank 2 asks for; the map is written in place.
        let encoded = unsafe {
            sys::cuTensorMapEncodeTiled(
                ptr::from_mut(&mut map),
                sys::CUtensorMapDataType::CU_TENSOR_MAP_DATA_TYPE_BFLOAT16,
                2,
                matrix.data.address() as *mut c_void,
                dims.as_ptr(),
                strides.as_ptr(),
                boxes.as_ptr(),
                steps.as_ptr(),
                sys::CUtensorMapInterleave::CU_TENSOR_MAP_INTERLEAVE_NONE,
                sys::CUtensorMapSwizzle::CU_TENSOR_MAP_SWIZZLE_128B,
                sys::CUtensorMapL2promotion::CU_TENSOR_MAP_L2_PROMOTION_L2_256B,
                sys::CUtensorMapFloatOOBfill::CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE,
            )
        };
        encoded.result().on(gpu, "describing a matrix to the copy engine")?;
        Ok(Self(map))
    }
}
