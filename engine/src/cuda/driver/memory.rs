//! Device memory, and addresses in it.

use std::{marker::PhantomData, mem::size_of};

use cudarc::driver::{DeviceRepr, result, sys};

use super::{CudaError, Device, error::Context as _};

/// Device memory, freed when dropped, after its device has finished. Plain `cuMemAlloc`: peers cannot reach memory of the
/// stream-ordered pools unless each pool is opened to them.
#[derive(Debug)]
pub struct Buffer {
    address: sys::CUdeviceptr,
    len_bytes: usize,
    device: Device,
}

/// An address in a [`Buffer`] that lives, valid on its device and on peers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DevicePtr<'a> {
    address: u64,
    buffer: PhantomData<&'a Buffer>,
}

impl DevicePtr<'_> {
    /// The number.
    pub fn address(self) -> u64 {
        self.address
    }

    /// An address of nothing, for tests that launch nothing.
    #[cfg(test)]
    pub(in crate::cuda) fn nowhere() -> Self {
        Self { address: 0, buffer: PhantomData }
    }
}

impl Buffer {
    /// `len_bytes` of zeros.
    ///
    /// # Errors
    /// [`CudaError::OutOfMemory`] when so much is not free.
    pub fn zeros(device: &Device, len_bytes: usize) -> Result<Self, CudaError> {
        let gpu = device.info().index;
        let (free, total) = device.memory()?;
        let mib = |bytes: u64| bytes >> 20;
        if len_bytes as u64 > free {
            let (asked_mib, free_mib, total_mib) = (mib(len_bytes as u64), mib(free), mib(total));
            return Err(CudaError::OutOfMemory { gpu, asked_mib, free_mib, total_mib });
        }
        // SAFETY: the device is current; the allocation is freed once, in drop.
        let address =
            unsafe { result::malloc_sync(len_bytes.max(1)) }.on(gpu, "allocating memory")?;
        let buffer = Self { address, len_bytes, device: device.clone() };
        buffer.fill(0)?;
        Ok(buffer)
    }

    /// A copy of `values`.
    ///
    /// # Errors
    /// As [`zeros`](Self::zeros).
    pub fn from_host<T: DeviceRepr>(device: &Device, values: &[T]) -> Result<Self, CudaError> {
        let buffer = Self::zeros(device, size_of_val(values))?;
        buffer.write(values)?;
        Ok(buffer)
    }

    /// Sets every byte.
    ///
    /// # Errors
    /// When the driver refuses.
    pub fn fill(&self, byte: u8) -> Result<(), CudaError> {
        if self.len_bytes == 0 {
            return Ok(());
        }
        let gpu = self.device.info().index;
        self.device.make_current()?;
        // SAFETY: the range is this allocation.
        unsafe { result::memset_d8_sync(self.address, byte, self.len_bytes) }
            .on(gpu, "filling memory")?;
        // The fill may return before it is done, and other streams do not wait for the default one.
        self.device.synchronize()
    }

    /// Copies `values` to its beginning.
    ///
    /// # Errors
    /// When the driver refuses.
    pub fn write<T: DeviceRepr>(&self, values: &[T]) -> Result<(), CudaError> {
        assert!(size_of_val(values) <= self.len_bytes, "more than the buffer holds");
        if values.is_empty() {
            return Ok(());
        }
        self.device.make_current()?;
        // SAFETY: the device is current and the allocation at least as long as `values`.
        unsafe { result::memcpy_htod_sync(self.address, values) }
            .on(self.device.info().index, "copying to the device")?;
        // The copy out of pageable memory may return when it is staged, and other streams do not wait for it.
        self.device.synchronize()
    }

    /// `len` values from `offset_bytes` on, after everything on the device has finished.
    ///
    /// # Errors
    /// What went wrong on the device since the last time.
    pub fn read<T: DeviceRepr + Default + Clone>(
        &self,
        offset_bytes: usize,
        len: usize,
    ) -> Result<Vec<T>, CudaError> {
        assert!(
            offset_bytes + len * size_of::<T>() <= self.len_bytes,
            "more than the buffer holds"
        );
        self.device.synchronize()?;
        let mut values = vec![T::default(); len];
        if len > 0 {
            // SAFETY: the range lies inside the allocation.
            unsafe { result::memcpy_dtoh_sync(&mut values, self.address + offset_bytes as u64) }
                .on(self.device.info().index, "copying from the device")?;
        }
        Ok(values)
    }

    /// All of it.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn to_host<T: DeviceRepr + Default + Clone>(&self) -> Result<Vec<T>, CudaError> {
        self.read(0, self.len_bytes / size_of::<T>())
    }

    /// Its beginning.
    pub fn ptr(&self) -> DevicePtr<'_> {
        DevicePtr { address: self.address, buffer: PhantomData }
    }

    /// So far behind its beginning.
    ///
    /// # Panics
    /// When that lies behind its end.
    pub fn ptr_at(&self, offset_bytes: u64) -> DevicePtr<'_> {
        assert!(offset_bytes <= self.len_bytes as u64, "an address behind the buffer");
        DevicePtr { address: self.address + offset_bytes, buffer: PhantomData }
    }

    /// Its length.
    pub fn len_bytes(&self) -> usize {
        self.len_bytes
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        // Nothing may still use it; an error here will surface at the next call on the device.
        if self.device.synchronize().is_ok() {
            // SAFETY: allocated in `zeros`, freed only here, and the device is idle.
            let _freed = unsafe { result::free_sync(self.address) };
        }
    }
}
