//! The way out for what lies on the device.

use std::{
    ops::Deref,
    thread,
    time::{Duration, Instant},
};

use crate::{
    driver::{Driver, DriverError, OwnStream},
    sanitizer::{Code, Sanitizer, Stream},
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
        let handle = patiently(|| sanitizer.stream(context, stream.handle()))?;
        Ok(Self { stream, sanitizer, handle })
    }

    /// The Sanitizer's handle of the stream.
    pub fn sanitizers(&self) -> Stream {
        self.handle
    }

    /// Appends a stretch of the Sanitizer's memory to `out`. The device's other work goes on meanwhile.
    ///
    /// # Errors
    /// When the context is gone.
    pub fn read(&self, address: u64, bytes: usize, out: &mut Vec<u8>) -> Result<(), DriverError> {
        patiently(|| self.sanitizer.read(address, bytes, self.handle, out))
    }

    /// Writes a stretch of the Sanitizer's memory, and waits until it is there.
    ///
    /// # Errors
    /// When the context is gone.
    pub fn write(&self, address: u64, bytes: &[u8]) -> Result<(), DriverError> {
        patiently(|| self.sanitizer.write(address, bytes, self.handle))
    }

    /// Sets a stretch of the Sanitizer's memory to zero, and waits until it is.
    ///
    /// # Errors
    /// When the context is gone.
    pub fn clear(&self, address: u64, bytes: usize) -> Result<(), DriverError> {
        patiently(|| self.sanitizer.clear(address, bytes, self.handle))
    }
}

/// How long the Sanitizer is asked again that was not ready.
const PATIENCE: Duration = Duration::from_secs(2);
/// Between two times.
const INTERVAL: Duration = Duration::from_millis(1);

/// Until the Sanitizer is ready: of a program that has just made its context it is not yet (code 11, driver 580, programs
/// without Python). Each of these calls may be made again.
fn patiently<T>(mut call: impl FnMut() -> Result<T, Code>) -> Result<T, DriverError> {
    let until = Instant::now() + PATIENCE;
    loop {
        match call() {
            Err(code) if code.is_not_ready() && Instant::now() < until => thread::sleep(INTERVAL),
            outcome => return Ok(outcome?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_not_ready_is_asked_again_and_who_fails_is_not() {
        let mut left = 3;
        let ready = patiently(|| {
            left -= 1;
            if left > 0 { Err(Code(11)) } else { Ok(7) }
        });
        assert!(matches!(ready, Ok(7)));
        let mut calls = 0;
        let failed = patiently(|| {
            calls += 1;
            Err::<(), _>(Code(3))
        });
        assert!(failed.is_err());
        assert_eq!(calls, 1);
    }
}
