//! The part of a kernel's name that says what it is.

/// What the rules look at: in lower case, the function's own name, or all of it where the function is only a frame around
/// its template arguments.
pub(super) fn essence(name: &str) -> String {
    // A namespace that names a whole library says nothing about the kernel.
    let path = function_path(name).to_lowercase();
    if is_wrapper(&path) {
        return name.to_lowercase().replace("flashinfer::", "");
    }
    path.replace("flashinfer::", "").replace("at::native::", "")
}

/// The function itself, for where there is no room for all of a kernel's demangled name: `flash_fwd_kernel` of
/// `void flash::flash_fwd_kernel<…>(…)`. All of it where the function is only a frame around its template arguments.
pub fn own_name(name: &str) -> String {
    let path = function_path(name);
    if is_wrapper(&path.to_lowercase()) {
        return name.to_owned();
    }
    path.rsplit("::").next().unwrap_or(&path).to_owned()
}

/// Kernels that are only a frame around the type in their template arguments.
fn is_wrapper(head: &str) -> bool {
    let last = head.rsplit("::").next().unwrap_or(head);
    matches!(last, "kernel" | "kernel1" | "kernel2" | "kernel3" | "device_kernel" | "global_kernel")
        || last.is_empty()
}

/// The function's qualified name: no return type, template arguments, parameters or anonymous namespaces.
///
/// `void (anonymous namespace)::f<c10::BFloat16, 16>(…)` gives `f`;
/// `std::enable_if<((8)>(0)), void>::type vllm::g<…>(…)` gives `vllm::g`.
fn function_path(name: &str) -> String {
    let name = name
        .replace("(anonymous namespace)::", "")
        .replace("<unnamed>::", "")
        .replace("_GLOBAL__N__::", "");
    let mut path = String::with_capacity(name.len().min(128));
    let mut open: Vec<char> = Vec::new();
    let mut previous = ' ';
    for c in name.chars() {
        match c {
            '(' if open.is_empty() && !path.trim().is_empty() && !path.ends_with(' ') => break,
            '<' if open.last() == Some(&'(') => {}
            '<' | '(' | '{' | '[' => open.push(c),
            '>' if previous == '-' || open.last() != Some(&'<') => {}
            '>' | ')' | '}' | ']' => {
                open.pop();
            }
            _ if open.is_empty() => path.push(c),
            _ => {}
        }
        previous = c;
    }
    let path = path.trim();
    // "Memcpy HtoD" is a name with a blank, not a return type.
    if path.starts_with("Mem") || path.starts_with("Copy") {
        return path.to_owned();
    }
    path.rsplit(' ').next().unwrap_or(path).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_function_itself_is_what_a_narrow_slice_says() {
        for (name, own) in [
            ("void flash::flash_fwd_kernel<Traits<128>, true>(flash::Params)", "flash_fwd_kernel"),
            ("ncclDevKernel_SendRecv(ncclDevKernelArgsStorage<4096ul>)", "ncclDevKernel_SendRecv"),
            ("Memcpy DtoH (Device -> Pinned)", "Memcpy DtoH"),
            ("gate_up", "gate_up"),
            ("cutlass::Kernel2<sm80_gemm>(Params)", "cutlass::Kernel2<sm80_gemm>(Params)"),
            ("", ""),
        ] {
            assert_eq!(own_name(name), own, "{name}");
        }
    }

    #[test]
    fn the_function_path_is_cut_out_of_demangled_names() {
        for (name, path) in [
            ("void f<int>(int)", "f"),
            ("void (anonymous namespace)::f<c10::BFloat16, 16>(c10::BFloat16*)", "f"),
            (
                "std::enable_if<((8)>(0))&&(vllm::_typeConvert<c10::BFloat16>::exists), void>::type vllm::g<c10::BFloat16, 8>(c10::BFloat16*, long)",
                "vllm::g",
            ),
            (
                "void at::native::elementwise_kernel<128, 4, at::native::gpu_kernel_impl_nocast<at::native::direct_copy_kernel_cuda(at::TensorIteratorBase&)::{lambda()#3}::operator()() const::{lambda(int)#1}>(int, int)",
                "at::native::elementwise_kernel",
            ),
            ("triton_poi_fused_mul_silu_split_0", "triton_poi_fused_mul_silu_split_0"),
            (
                "nvjet_sm90_tst_256x128_64x4_1x2_h_bz_coopA_TNT",
                "nvjet_sm90_tst_256x128_64x4_1x2_h_bz_coopA_TNT",
            ),
            (
                "void <unnamed>::multimem_all_reduce_kernel<c10::BFloat16, (int)16>(T1 *)",
                "multimem_all_reduce_kernel",
            ),
            ("", ""),
        ] {
            assert_eq!(function_path(name), path, "{name}");
        }
    }

    #[test]
    fn wrappers_say_all_in_their_arguments() {
        assert_eq!(
            essence("void cutlass::device_kernel<Flash>(int)"),
            "void cutlass::device_kernel<flash>(int)"
        );
        assert_eq!(essence("void flashinfer::norm::RMSNormKernel<8u>(int)"), "norm::rmsnormkernel");
    }
}
