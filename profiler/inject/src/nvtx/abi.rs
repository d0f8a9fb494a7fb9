//! Layouts and numbers of `nvToolsExt.h` and `nvtxTypes.h`, NVTX 3.

use std::ffi::{CStr, c_char, c_int, c_uint, c_void};

/// `NVTX_ETID_CALLBACKS`.
pub const CALLBACKS: c_uint = 1;
/// `NVTX_CB_MODULE_CORE`.
pub const CORE: c_int = 1;
/// `NVTX_CB_MODULE_CORE2`.
pub const CORE2: c_int = 5;

/// `NVTX_MESSAGE_TYPE_ASCII`.
pub const ASCII: i32 = 1;
/// `NVTX_MESSAGE_TYPE_UNICODE`.
pub const UNICODE: i32 = 2;
/// `NVTX_MESSAGE_TYPE_REGISTERED`.
pub const REGISTERED: i32 = 3;

/// Calls of [`CORE`] that are taken, by `NVTX_CBID_CORE_NAME`.
pub const CORE_CALLS: [(&str, usize); 11] = [
    ("MarkEx", 1),
    ("MarkA", 2),
    ("MarkW", 3),
    ("RangeStartEx", 4),
    ("RangeStartA", 5),
    ("RangeStartW", 6),
    ("RangeEnd", 7),
    ("RangePushEx", 8),
    ("RangePushA", 9),
    ("RangePushW", 10),
    ("RangePop", 11),
];
/// Calls of [`CORE2`] that are taken, by `NVTX_CBID_CORE2_NAME`.
pub const CORE2_CALLS: [(&str, usize); 9] = [
    ("DomainMarkEx", 1),
    ("DomainRangeStartEx", 2),
    ("DomainRangeEnd", 3),
    ("DomainRangePushEx", 4),
    ("DomainRangePop", 5),
    ("DomainRegisterStringA", 10),
    ("DomainRegisterStringW", 11),
    ("DomainCreateA", 12),
    ("DomainCreateW", 13),
];

/// `NvtxExportTableCallbacks`.
#[repr(C)]
pub struct Callbacks {
    /// Bytes of this struct.
    pub struct_size: usize,
    /// Gives a module's table of pointers to function pointers, and how many these are.
    pub table:
        Option<unsafe extern "C" fn(c_int, *mut *mut *mut *const c_void, *mut c_uint) -> c_int>,
}

/// `nvtxEventAttributes_t`, version 2.
#[repr(C)]
pub struct Attributes {
    /// Version of this struct.
    pub version: u16,
    /// Its bytes.
    pub size: u16,
    category: u32,
    color_type: i32,
    color: u32,
    payload_type: i32,
    reserved: i32,
    payload: u64,
    /// What `message` is.
    pub message_type: i32,
    /// Text, wide text, or a handle.
    pub message: *const c_void,
}

/// The text of a string of the program's; empty: there is none.
///
/// # Safety
/// Null, or text with a NUL at its end.
pub unsafe fn text(from: *const c_char) -> String {
    if from.is_null() {
        return String::new();
    }
    // SAFETY: as the caller promises.
    unsafe { CStr::from_ptr(from) }.to_string_lossy().into_owned()
}

/// The same of wide text: a character each four bytes, as on Linux.
///
/// # Safety
/// Null, or text with a zero at its end.
pub unsafe fn wide_text(from: *const u32) -> String {
    let mut text = String::new();
    let mut at = from;
    // SAFETY: as the caller promises, up to the zero.
    while !at.is_null() && unsafe { *at } != 0 {
        // SAFETY: as above; and so is what stands behind what is not the zero.
        let character = unsafe { *at };
        text.push(char::from_u32(character).unwrap_or(char::REPLACEMENT_CHARACTER));
        // SAFETY: as above.
        at = unsafe { at.add(1) };
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_of_text_are_read() {
        // SAFETY: texts with their ends.
        unsafe {
            assert_eq!(text(c"layer 3".as_ptr()), "layer 3");
            let wide: Vec<u32> = "größer".chars().map(u32::from).chain([0]).collect();
            assert_eq!(wide_text(wide.as_ptr()), "größer");
            assert_eq!((text(std::ptr::null()), wide_text(std::ptr::null())), Default::default());
        }
    }
}
