//! The way out for what lies on the device.

use std::ops::Deref;

use crate::{
    driver::{Driver, DriverError, OwnStream},
    sanitizer::{Sanitizer, Stream},
};

/// A stream for the Sanitizer's copies.
#[derive(Debug)]
pub struct CopyStream {
    stream: OwnStream,
    sanitizer: &'static Sanitizer,
    handle: Stream,
}

impl Deref for CopyStream {
    type Target = OwnStream;

    fn deref(&self) -> &OwnStream {
        &self.stream
    }
}

impl CopyStream {
    /// In a context that is alive.
    ///
    /// # Errors
    /// When there is no memory or the context is gone.
    pub fn open(
        driver: &'static Driver,
        sanitizer: &'static Sanitizer,
        context: usize,
    ) -> Result<Self, DriverError> {
        let stream = OwnStream::open(driver, context)?;
        let handle = sanitizer.stream(context, stream.handle())?;
        Ok(Self { stream, sanitizer, handle })
    }

    /// Appends a stretch of the Sanitizer's memory to `out`. The device's other work goes on meanwhile.
    ///
    /// # Errors
    /// When the context is gone.
    pub fn read(&self, address: u64, bytes: usize, out: &mut Vec<u8>) -> Result<(), DriverError> {
        Ok(self.sanitizer.read(address, bytes, self.handle, out)?)
    }

    /// Writes a stretch of the Sanitizer's memory, and waits until it is there.
    ///
    /// # Errors
    /// When the context is gone.
    pub fn write(&self, address: u64, bytes: &[u8]) -> Result<(), DriverError> {
        Ok(self.sanitizer.write(address, bytes, self.handle)?)
    }

    /// Sets a stretch of the Sanitizer's memory to zero, and waits until it is.
    ///
    /// # Errors
    /// When the context is gone.
    pub fn clear(&self, address: u64, bytes: usize) -> Result<(), DriverError> {
        Ok(self.sanitizer.clear(address, bytes, self.handle)?)
    }
}
