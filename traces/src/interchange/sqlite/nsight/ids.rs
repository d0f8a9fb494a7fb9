//! Nsight's serialised ids: hardware in the highest 8 bits, virtual machine in the next 8, then process and thread in 24
//! each.

/// A process or a thread of the recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct GlobalId(pub(super) i64);

impl GlobalId {
    /// The process's number on its machine.
    pub(super) fn pid(self) -> i64 {
        self.0 >> 24 & 0xff_ffff
    }

    /// The thread's number, 0 in the id of a process.
    pub(super) fn tid(self) -> i64 {
        self.0 & 0xff_ffff
    }

    /// Which machine of several.
    pub(super) fn machine(self) -> i64 {
        self.0 >> 48 & 0xffff
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_taken_apart() {
        // globalPid and globalTid of one process in a public export of 2026.2.
        let (process, thread) = (GlobalId(281_476_838_981_632), GlobalId(281_476_838_981_743));
        assert_eq!((process.pid(), process.tid(), process.machine()), (111, 0, 1));
        assert_eq!((thread.pid(), thread.tid(), thread.machine()), (111, 111, 1));
    }
}
