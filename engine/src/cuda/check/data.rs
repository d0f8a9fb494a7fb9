//! Numbers that checks draw, and device memory that shows what was written or read beside its values.

use cudarc::driver::DeviceRepr;
use half::bf16;

use super::CheckError;
use crate::cuda::{
    driver::{Buffer, CudaError, Device, DevicePtr},
    kernels::{Matrix, padded, spread},
};

/// Every byte of memory that was never written: a NaN as bf16 and as f32.
const POISON: u8 = 0xff;
/// Poisoned bytes behind every buffer. Reading them shows as NaN, writing them as a broken guard.
const GUARD_BYTES: usize = 8192;

/// Random bf16 numbers, as bits and as the references take them.
#[derive(Clone, Debug)]
pub(super) struct Numbers {
    pub(super) bits: Vec<u16>,
    pub(super) wide: Vec<f64>,
}

impl Numbers {
    /// `len` numbers, uniform in −scale…scale.
    pub(super) fn draw(seed: u64, len: usize, scale: f32) -> Self {
        let unit = |bits: u64| (bits >> 40) as f32 / (1u64 << 23) as f32 - 1.0;
        let drawn = Self::random_bits(seed).take(len);
        Self::from_bits(drawn.map(|bits| bf16::from_f32(unit(bits) * scale).to_bits()).collect())
    }

    pub(super) fn from_bits(bits: Vec<u16>) -> Self {
        Self { wide: wide(&bits), bits }
    }

    /// Marsaglia's xorshift; the seed is stretched first, so that neighbouring seeds have nothing in common.
    pub(super) fn random_bits(seed: u64) -> impl Iterator<Item = u64> {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        std::iter::repeat_with(move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        })
    }

    pub(super) fn upload(&self, device: &Device) -> Result<Guarded, CudaError> {
        Guarded::holding(device, &self.bits)
    }

    /// Rows of so many columns, each at the begin of a line of memory, poison between them.
    pub(super) fn upload_padded(
        &self,
        device: &Device,
        columns: usize,
    ) -> Result<Guarded, CudaError> {
        let poison = u16::from_ne_bytes([POISON; 2]);
        Guarded::holding(device, &spread(&self.bits, columns, poison))
    }
}

/// bf16 bits as the references take them.
pub(super) fn wide(bits: &[u16]) -> Vec<f64> {
    bits.iter().map(|&bits| bf16::from_bits(bits).to_f64()).collect()
}

/// Device memory with poison behind its end.
#[derive(Debug)]
pub(super) struct Guarded {
    buffer: Buffer,
    bytes: usize,
}

impl Guarded {
    /// Room for `len` values, poisoned.
    pub(super) fn poisoned<T>(device: &Device, len: usize) -> Result<Self, CudaError> {
        let bytes = len * size_of::<T>();
        let buffer = Buffer::zeros(device, bytes + GUARD_BYTES)?;
        buffer.fill(POISON)?;
        Ok(Self { buffer, bytes })
    }

    pub(super) fn holding<T: DeviceRepr>(device: &Device, values: &[T]) -> Result<Self, CudaError> {
        let guarded = Self::poisoned::<T>(device, values.len())?;
        guarded.buffer.write(values)?;
        Ok(guarded)
    }

    pub(super) fn ptr(&self) -> DevicePtr<'_> {
        self.buffer.ptr()
    }

    pub(super) fn write<T: DeviceRepr>(&self, values: &[T]) -> Result<(), CudaError> {
        self.buffer.write(values)
    }

    /// Room for a bf16 matrix whose rows begin with lines of memory, poisoned.
    pub(super) fn poisoned_padded(
        device: &Device,
        (rows, columns): (usize, usize),
    ) -> Result<Self, CudaError> {
        Self::poisoned::<u16>(device, rows * padded(columns as u32) as usize)
    }

    /// As a bf16 matrix, dense or padded by how large it is.
    pub(super) fn matrix(&self, rows: usize, columns: usize) -> Matrix<'_> {
        let (rows, columns) = (rows as u32, columns as u32);
        let matrix = Matrix::dense(self.ptr(), rows, columns);
        if matrix.pitch_bytes * u64::from(rows) == self.bytes as u64 {
            return matrix;
        }
        let matrix = Matrix::padded(self.ptr(), rows, columns);
        assert_eq!(matrix.pitch_bytes * u64::from(rows), self.bytes as u64, "shapes differ");
        matrix
    }

    /// As [`read`](Self::read), of such a matrix, without what lies between its rows, which is as it was.
    pub(super) fn read_rows(&self, what: &str, columns: usize) -> Result<Vec<u16>, CheckError> {
        let pitch = padded(columns as u32) as usize;
        let mut numbers = Vec::new();
        for (row, padded) in self.read::<u16>(what)?.chunks_exact(pitch).enumerate() {
            let (own, between) = padded.split_at(columns);
            if between.iter().any(|&bits| bits != u16::from_ne_bytes([POISON; 2])) {
                return Err(CheckError::Wrong(format!(
                    "{what}: wrote behind the end of row {row}"
                )));
            }
            numbers.extend_from_slice(own);
        }
        Ok(numbers)
    }

    /// Waits for the device and takes everything out, the guard behind it unbroken.
    pub(super) fn read<T>(&self, what: &str) -> Result<Vec<T>, CheckError>
    where
        T: DeviceRepr + Default + Clone,
    {
        let guard: Vec<u8> = self.buffer.read(self.bytes, GUARD_BYTES)?;
        if let Some(at) = guard.iter().position(|&byte| byte != POISON) {
            return Err(CheckError::Wrong(format!(
                "{what}: wrote {at} bytes behind the end of a buffer of {} bytes",
                self.bytes
            )));
        }
        Ok(self.buffer.read(0, self.bytes / size_of::<T>())?)
    }
}

/// A function of whole rows of `width` elements, computed by all cores. Its results lie behind one another.
pub(super) fn by_rows(
    rows: &[f64],
    width: usize,
    compute: impl Fn(&[f64]) -> Vec<f64> + Sync,
) -> Vec<f64> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let share = (rows.len() / width).div_ceil(cores).max(1) * width;
    std::thread::scope(|scope| {
        let parts: Vec<_> = rows.chunks(share).map(|part| scope.spawn(|| compute(part))).collect();
        let results = parts.into_iter().map(|part| part.join().expect("references do not panic"));
        results.flatten().collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_keep_their_order() {
        let rows: Vec<f64> = (0..77).map(f64::from).collect();
        let doubled = by_rows(&rows, 7, |part| part.iter().map(|x| 2.0 * x).collect());
        assert!(rows.iter().zip(&doubled).all(|(x, y)| 2.0 * x == *y) && doubled.len() == 77);
    }

    #[test]
    fn numbers_are_spread_and_differ_by_seed() {
        let (a, b) = (Numbers::draw(1, 1000, 2.0), Numbers::draw(2, 1000, 2.0));
        assert!(a.wide.iter().all(|x| x.abs() <= 2.0) && a.bits != b.bits);
        let mean: f64 = a.wide.iter().sum::<f64>() / 1000.0;
        // Five standard deviations of a mean of 1000 uniform numbers in −2…2.
        assert!(mean.abs() < 5.0 * 2.0 / 3f64.sqrt() / 1000f64.sqrt(), "{mean}");
    }
}
