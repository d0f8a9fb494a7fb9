//! Being CUPTI's one client in this process, or learning who is.

use std::{
    ffi::{CStr, c_char},
    ptr,
};

use cupti_sys::{
    Call, LAUNCH_CALLS, Library, NODE_CLONED, NODE_CREATED, NODE_DESTROYED, bindings as sys,
};

use super::{CuptiError, callback::called, error::check};

/// Under which others find us, as `CUPTI for weftscope`.
const NAME: &CStr = c"weftscope";
/// Room for the name of whoever is there already; CUPTI asks for 64 at least.
const OTHER_LEN: usize = 256;

/// A claim on CUPTI, given back when dropped.
#[derive(Debug)]
pub(super) struct Subscriber {
    handle: sys::CUpti_SubscriberHandle,
}

// SAFETY: an opaque handle of the process, not of a thread; every call that takes it may come from any thread.
unsafe impl Send for Subscriber {}

impl Subscriber {
    /// Claims CUPTI.
    ///
    /// # Errors
    /// [`CuptiError::OtherSubscriber`] when another tool was first, with its name where this version tells it (from
    /// CUDA 13.0 on); else the call that failed.
    pub(super) fn claim(library: &Library) -> Result<Self, CuptiError> {
        let mut handle = ptr::null_mut();
        if !library.has(Call::SubscribeV2) {
            // SAFETY: the callback has the prototype that CUPTI asks for and lives for ever; the handle is valid for one write.
            let subscribed =
                unsafe { sys::cuptiSubscribe(&raw mut handle, Some(called), ptr::null_mut()) };
            check(subscribed, "cuptiSubscribe")?;
            return Ok(Self { handle });
        }
        let mut other = [0_u8; OTHER_LEN];
        let mut params = sys::CUpti_SubscriberParams {
            structSize: size_of::<sys::CUpti_SubscriberParams>(),
            subscriberName: NAME.as_ptr(),
            oldSubscriberName: other.as_mut_ptr().cast::<c_char>(),
            oldSubscriberSize: OTHER_LEN,
        };
        // SAFETY: as above; the names live during the call and `other` is as long as stated.
        let subscribed = unsafe {
            sys::cuptiSubscribe_v2(&raw mut handle, Some(called), ptr::null_mut(), &raw mut params)
        };
        if subscribed == sys::CUptiResult::CUPTI_ERROR_MULTIPLE_SUBSCRIBERS_NOT_SUPPORTED {
            return Err(CuptiError::OtherSubscriber(text(&other)));
        }
        check(subscribed, "cuptiSubscribe_v2")?;
        Ok(Self { handle })
    }
}

impl Subscriber {
    /// Whether CUPTI calls back from every launch and copy.
    ///
    /// # Errors
    /// When CUPTI will not.
    pub(super) fn hear_launches(&self, on: bool) -> Result<(), CuptiError> {
        let domain = sys::CUpti_CallbackDomain::CUPTI_CB_DOMAIN_DRIVER_API;
        LAUNCH_CALLS.iter().try_for_each(|&(_, call)| self.hear(domain, call, on))
    }

    /// CUPTI calls back from what happens to nodes of graphs, from now on: they may be made while launches are not heard.
    ///
    /// # Errors
    /// When CUPTI will not.
    pub(super) fn hear_nodes(&self) -> Result<(), CuptiError> {
        let domain = sys::CUpti_CallbackDomain::CUPTI_CB_DOMAIN_RESOURCE;
        let calls = [NODE_CREATED, NODE_CLONED, NODE_DESTROYED];
        calls.iter().try_for_each(|&(_, call)| self.hear(domain, call, true))
    }

    fn hear(
        &self,
        domain: sys::CUpti_CallbackDomain,
        call: sys::CUpti_CallbackId,
        on: bool,
    ) -> Result<(), CuptiError> {
        // SAFETY: takes numbers and a handle of ours.
        let set = unsafe { sys::cuptiEnableCallback(u32::from(on), self.handle, domain, call) };
        check(set, "cuptiEnableCallback")
    }
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        // SAFETY: subscribed by us, once; a refusal changes nothing for anybody.
        let _gone = unsafe { sys::cuptiUnsubscribe(self.handle) };
    }
}

/// Up to the first NUL; `None` when there is nothing.
fn text(bytes: &[u8]) -> Option<String> {
    let name = CStr::from_bytes_until_nul(bytes).ok()?.to_string_lossy();
    let name = name.trim();
    (!name.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_other_one_is_named_when_it_gave_a_name() {
        let mut bytes = [0_u8; OTHER_LEN];
        assert_eq!(text(&bytes), None);
        bytes[..24].copy_from_slice(b"CUPTI for some profiler ");
        assert_eq!(text(&bytes).as_deref(), Some("CUPTI for some profiler"));
        let error = CuptiError::OtherSubscriber(text(&bytes));
        assert_eq!(
            error.to_string(),
            "another profiler holds CUPTI in this process (CUPTI for some profiler); stop it, or record stamps only"
        );
    }
}
