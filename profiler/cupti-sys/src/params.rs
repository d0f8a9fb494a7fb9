/// Size that CUPTI expects in a parameter struct: bytes up to the end of field `$last`, padding behind it left out.
///
/// The C headers give it as `CUpti_…_Params_STRUCT_SIZE`. A library that knows more fields sees by it which ones the
/// caller does not.
///
/// ```
/// use cupti_sys::{bindings::CUpti_PmSampling_DecodeData_Params, struct_size};
///
/// assert_eq!(struct_size!(CUpti_PmSampling_DecodeData_Params, overflow), 45);
/// ```
#[macro_export]
macro_rules! struct_size {
    ($params:ty, $last:ident) => {{
        fn field<T, F>(_: impl Fn(&T) -> &F) -> usize {
            ::std::mem::size_of::<F>()
        }
        ::std::mem::offset_of!($params, $last) + field(|params: &$params| &params.$last)
    }};
}
