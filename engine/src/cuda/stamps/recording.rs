use weftscope_kernels::abi::{DeviceError, Stamp, StampRing};

use crate::cuda::driver::{Buffer, CudaError, Device, DevicePtr};

/// The ring that kernels of one device stamp into, and the record of their first error.
#[derive(Debug)]
pub struct Recording {
    ring: Buffer,
    error: Buffer,
    capacity: u32,
}

/// What one launch writes down, and under which op.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpRecording<'a> {
    /// Plan-wide id of the op.
    pub op: u32,
    /// The ring for its stamps; `None`: it leaves none.
    pub ring: Option<DevicePtr<'a>>,
    /// The record of a first error.
    pub error: DevicePtr<'a>,
}

impl OpRecording<'_> {
    /// The same, without stamps.
    #[must_use]
    pub fn without_stamps(self) -> Self {
        Self { ring: None, ..self }
    }
}

/// What a ring held.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stamps {
    /// In the order in which slots were taken.
    pub stamps: Vec<Stamp>,
    /// Stamps that found no slot.
    pub dropped: u64,
}

impl Recording {
    /// A ring for `capacity` stamps of 32 bytes.
    ///
    /// # Errors
    /// When the memory is not there.
    pub fn new(device: &Device, capacity: u32) -> Result<Self, CudaError> {
        let ring =
            Buffer::zeros(device, size_of::<StampRing>() + capacity as usize * size_of::<Stamp>())?;
        let recording =
            Self { ring, error: Buffer::zeros(device, size_of::<DeviceError>())?, capacity };
        recording.clear()?;
        Ok(recording)
    }

    /// Stamps that it has room for.
    pub fn capacity(&self) -> u32 {
        self.capacity
    }

    /// What a launch of this op is given.
    pub fn of(&self, op: u32) -> OpRecording<'_> {
        OpRecording { op, ring: Some(self.ring.ptr()), error: self.error.ptr() }
    }

    /// Empties the ring and forgets the error. Nothing may be running.
    ///
    /// # Errors
    /// When the driver refuses.
    pub fn clear(&self) -> Result<(), CudaError> {
        let mut header = [0u32; size_of::<StampRing>() / 4];
        header[4] = self.capacity;
        self.ring.write(&header)?;
        self.error.fill(0)
    }

    /// The stamps written since the last [`clear`](Self::clear), once everything on the device has finished.
    ///
    /// # Errors
    /// What went wrong on the device.
    pub fn read(&self) -> Result<Stamps, CudaError> {
        let header: Vec<u64> = self.ring.read(0, size_of::<StampRing>() / 8)?;
        let written = header[0].min(u64::from(self.capacity)) as usize;
        let words: Vec<u64> =
            self.ring.read(size_of::<StampRing>(), written * size_of::<Stamp>() / 8)?;
        let stamps = words
            .chunks_exact(4)
            .map(|record| decode([record[0], record[1], record[2], record[3]]))
            .collect();
        Ok(Stamps { stamps, dropped: header[1] })
    }

    /// The first error a kernel recorded, if any.
    ///
    /// # Errors
    /// What went wrong on the device.
    pub fn first_error(&self) -> Result<Option<DeviceError>, CudaError> {
        let words: Vec<u32> = self.error.read(0, size_of::<DeviceError>() / 4)?;
        if words[0] != 2 {
            return Ok(None);
        }
        Ok(Some(DeviceError {
            state: words[0],
            op: words[1],
            block: words[2],
            what: words[3],
            peer: words[4],
            detail: words[5],
            time_ns: u64::from(words[6]) | u64::from(words[7]) << 32,
            reserved: [0; 8],
        }))
    }
}

fn decode([start_ns, end_ns, op_item, sm_kind_aux]: [u64; 4]) -> Stamp {
    Stamp {
        start_ns,
        end_ns,
        op: op_item as u32,
        item: (op_item >> 32) as u32,
        sm: sm_kind_aux as u16,
        kind: (sm_kind_aux >> 16) as u16,
        aux: (sm_kind_aux >> 32) as u32,
    }
}
