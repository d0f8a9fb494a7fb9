//! What CUPTI calls back: from every launch, and when nodes of graphs are made, copied and go.

use std::ffi::c_void;

use cupti_sys::bindings as sys;

use super::{
    mark::{self, captured_for},
    nodes,
};

/// CUPTI's callback, on the thread that made the call.
pub(super) unsafe extern "C" fn called(
    _user: *mut c_void,
    domain: sys::CUpti_CallbackDomain,
    call: sys::CUpti_CallbackId,
    data: *const c_void,
) {
    use sys::CUpti_CallbackDomain as Domain;
    if data.is_null() {
        return;
    }
    match domain {
        // SAFETY: the data is what CUPTI hands out for this call of this domain.
        Domain::CUPTI_CB_DOMAIN_DRIVER_API => unsafe { mark::called(call, data) },
        // SAFETY: as above.
        Domain::CUPTI_CB_DOMAIN_RESOURCE => unsafe { nodes::called(call, data, captured_for()) },
        _ => {}
    }
}
