//! Parameter structs of CUPTI's newer calls, filled in.

/// A parameter struct `sys::$params`, its size filled in up to `$last`, `pPriv` null and the rest as given.
macro_rules! params {
    ($params:ident, $last:ident { $($field:ident: $value:expr),* $(,)? }) => {
        cupti_sys::bindings::$params {
            structSize: cupti_sys::struct_size!(cupti_sys::bindings::$params, $last),
            pPriv: std::ptr::null_mut(),
            $($field: $value),*
        }
    };
}

pub(super) use params;
