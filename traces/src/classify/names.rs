//! The part of a kernel's name that says what it is.

use std::borrow::Cow;
use std::sync::LazyLock;

use memchr::memmem::Finder;

/// What the rules look at: in lower case, the function's own name, or all of it where the function is only a frame around
/// its template arguments.
pub(super) fn essence(name: &str) -> String {
    // A namespace that names a whole library says nothing about the kernel.
    let path = function_path(name).to_lowercase();
    if is_wrapper(&path) {
        return FLASHINFER.cut_from(name.to_lowercase().into()).into_owned();
    }
    TORCH.cut_from(FLASHINFER.cut_from(path.into())).into_owned()
}

static FLASHINFER: LazyLock<Part> = LazyLock::new(|| Part::new("flashinfer::"));
static TORCH: LazyLock<Part> = LazyLock::new(|| Part::new("at::native::"));

/// How compilers write that a namespace has no name.
static ANONYMOUS: LazyLock<[Part; 3]> =
    LazyLock::new(|| ["(anonymous namespace)::", "<unnamed>::", "_GLOBAL__N__::"].map(Part::new));

/// A part of names that is left out. Names come by the million, and few have it.
struct Part(Finder<'static>);

impl Part {
    fn new(part: &'static str) -> Self {
        Self(Finder::new(part))
    }

    fn cut_from<'a>(&self, name: Cow<'a, str>) -> Cow<'a, str> {
        let mut places = self.0.find_iter(name.as_bytes()).peekable();
        if places.peek().is_none() {
            return name;
        }
        let mut rest = String::with_capacity(name.len());
        let mut done = 0;
        for place in places {
            rest.push_str(&name[done..place]);
            done = place + self.0.needle().len();
        }
        rest.push_str(&name[done..]);
        rest.into()
    }
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
fn function_path(name: &str) -> Cow<'_, str> {
    let name = ANONYMOUS.iter().fold(Cow::from(name), |name, part| part.cut_from(name));
    if !name.contains(['<', '>', '(', ')', '{', '}', '[', ']']) {
        // As most names are: nothing to leave out.
        return match name {
            Cow::Borrowed(name) => last_word(name).into(),
            Cow::Owned(name) => last_word(&name).to_owned().into(),
        };
    }
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
    last_word(&path).to_owned().into()
}

/// A function without its return type. "Memcpy HtoD" is a name with a blank, not a return type.
fn last_word(path: &str) -> &str {
    let path = path.trim();
    if path.starts_with("Mem") || path.starts_with("Copy") {
        return path;
    }
    path.rsplit(' ').next().unwrap_or(path)
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
