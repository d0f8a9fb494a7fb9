//! Parameter structs of CUPTI's newer calls carry their own size: up to the end of the last field of the version they
//! were written for, padding left out.

/// `CUPTI_PROFILER_STRUCT_SIZE`: bytes up to the end of field `$last`.
macro_rules! struct_size {
    ($params:ty, $last:ident) => {{
        fn field<T, F>(_: impl Fn(&T) -> &F) -> usize {
            size_of::<F>()
        }
        std::mem::offset_of!($params, $last) + field(|params: &$params| &params.$last)
    }};
}

/// A parameter struct `sys::$params`, its size filled in up to `$last`, `pPriv` null and the rest as given.
macro_rules! params {
    ($params:ident, $last:ident { $($field:ident: $value:expr),* $(,)? }) => {
        cupti_sys::bindings::$params {
            structSize: $crate::cupti::pm::raw::struct_size!(cupti_sys::bindings::$params, $last),
            pPriv: std::ptr::null_mut(),
            $($field: $value),*
        }
    };
}

pub(super) use {params, struct_size};

#[cfg(test)]
mod tests {
    use cupti_sys::bindings as sys;

    /// Sizes that the macros of the 13.0 headers give, worked out by hand: 8 bytes a pointer or `size_t`, 4 an enum.
    #[test]
    fn sizes_end_with_the_last_field() {
        let size = struct_size!(sys::CUpti_PmSampling_DecodeData_Params, overflow);
        assert_eq!(size, 5 * 8 + 4 + 1);
        assert_eq!(struct_size!(sys::CUpti_PmSampling_SetConfig_Params, hwBufferAppendMode), 64);
        assert_eq!(struct_size!(sys::CUpti_PmSampling_Enable_Params, pPmSamplingObject), 32);
        assert_eq!(struct_size!(sys::CUpti_Profiler_Host_Initialize_Params, pHostObject), 48);
    }
}
