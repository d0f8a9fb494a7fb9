//! CUPTI's enumerators in words. Numbers are those of `cupti_activity.h`.

use std::borrow::Cow;

use cupti_sys::Record;

use crate::cupti::ActivityRecord;

/// The kernel's name, or what is copied, waited for or paid for.
pub(super) fn of(event: &ActivityRecord) -> Cow<'_, str> {
    match &event.record {
        Record::Kernel(_) => {
            Cow::Borrowed(event.name.as_deref().unwrap_or("kernel without a name"))
        }
        Record::Memcpy(copy) => Cow::Borrowed(copy_kind(copy.copy_kind)),
        Record::MemcpyPeer(copy) => {
            Cow::Owned(format!("copy from GPU {} to GPU {}", copy.src_device, copy.dst_device))
        }
        Record::Memset(_) => Cow::Borrowed("set"),
        Record::Synchronization(wait) => Cow::Borrowed(wait_kind(wait.kind)),
        Record::Overhead(overhead) => Cow::Borrowed(overhead_kind(overhead.kind)),
        _ => Cow::Borrowed(""),
    }
}

fn copy_kind(kind: u8) -> &'static str {
    match kind {
        1 => "copy to the GPU",
        2 => "copy to the host",
        8 => "copy within the GPU",
        9 => "copy within the host",
        10 => "copy between GPUs",
        _ => "copy",
    }
}

fn wait_kind(kind: u32) -> &'static str {
    match kind {
        1 => "waiting for an event",
        2 => "stream waiting for an event",
        3 => "waiting for a stream",
        4 => "waiting for the GPU",
        _ => "waiting",
    }
}

fn overhead_kind(kind: u32) -> &'static str {
    const HIGH: u32 = 1 << 16;
    match kind {
        1 => "driver compiles",
        HIGH => "CUPTI hands buffers over",
        0x2_0000 => "CUPTI instruments",
        0x3_0000 => "CUPTI takes resources",
        0x4_0000 => "module loads at a runtime call",
        0x5_0000 => "function loads at its first launch",
        0x6_0000 => "command buffer full",
        0x7_0000 => "CUPTI asks for a buffer",
        0x8_0000 => "CUPTI starts unified memory activity",
        _ => "overhead",
    }
}
