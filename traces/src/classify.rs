//! What a GPU kernel does, told by its name.
//!
//! Recorders give names and nothing else, and name lists always lag behind the libraries. So the rules look at
//! the *function's own name* (return type, template arguments and parameters cut off, anonymous namespaces
//! removed) and fall back on the whole text only for wrappers such as `cutlass::device_kernel<…>` that say
//! everything in their arguments. A user's own patterns come before all rules.

use std::sync::LazyLock;

use regex::{Regex, RegexSet};
use thiserror::Error;

use crate::Kind;

/// A pattern of the user's that is no regular expression.
#[derive(Debug, Error)]
#[error("communication pattern \"{pattern}\" is not a regular expression: {source}")]
pub struct ClassifyError {
    /// The pattern as given.
    pub pattern: String,
    /// What the parser says.
    #[source]
    pub source: Box<regex::Error>,
}

/// Tells the [`Kind`] of a GPU kernel by its name; built once, used once per distinct name.
#[derive(Clone, Debug, Default)]
pub struct Classifier {
    extra_comm: Vec<Regex>,
}

impl Classifier {
    /// The built-in rules, with `extra_comm` as further patterns of communication kernels.
    ///
    /// The extra patterns are matched anywhere in the name as written, case as given.
    ///
    /// # Errors
    /// [`ClassifyError`] names the first pattern that does not parse.
    pub fn new(extra_comm: &[String]) -> Result<Self, ClassifyError> {
        let extra_comm = extra_comm
            .iter()
            .map(|pattern| {
                Regex::new(pattern).map_err(|source| ClassifyError {
                    pattern: pattern.clone(),
                    source: Box::new(source),
                })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { extra_comm })
    }

    /// The kind of the kernel called `name` (demangled, mangled or shortened); [`Kind::Other`] when no rule fits.
    pub fn kind(&self, name: &str) -> Kind {
        if self.extra_comm.iter().any(|pattern| pattern.is_match(name)) {
            return Kind::Comm;
        }
        let head = function_path(name).to_lowercase();
        if is_wrapper(&head) {
            return Self::by_rules(&name.to_lowercase().replace("flashinfer::", ""));
        }
        // A namespace that names a whole library says nothing about the kernel.
        Self::by_rules(&head.replace("flashinfer::", "").replace("at::native::", ""))
    }

    fn by_rules(text: &str) -> Kind {
        COMPILED.matches(text).iter().next().map_or(Kind::Other, |rule| RULES[rule].0)
    }
}

/// [`RULES`] compiled once in a process: that takes longer than reading a small file.
static COMPILED: LazyLock<RegexSet> = LazyLock::new(|| {
    RegexSet::new(RULES.iter().map(|&(_, pattern)| pattern))
        .expect("the table's patterns are constants that the tests compile")
});

/// Patterns over the lower-case name; the first that matches decides.
///
/// Names are facts read in public sources and traces: PyTorch, vLLM, SGLang, FlashInfer, TensorRT-LLM, DeepEP,
/// NVSHMEM, RCCL/MSCCL, TransformerEngine, TokenWeave, cuBLAS, cuDNN, CUTLASS, Triton.
const RULES: &[(Kind, &str)] = &[
    (Kind::Memcpy, r"^memcpy|^memset|^__amd_rocclr_(copy|fill)buffer|^copy(host|device)to|^dma\b"),
    // Collective libraries by their prefix.
    (Kind::Comm, r"(^|[^a-z])(nccl|rccl|hccl|msccl|oneccl|mscclpp)|^oneapi::ccl|nvshmem|rocshmem"),
    // Collectives by what they say they do.
    (Kind::Comm, r"all[_-]?reduce|reduce[_-]?scatter|all[_-]?gather|all[_-]?to[_-]?all|alltoall"),
    (
        Kind::Comm,
        r"cross_device_reduce|custom_ar\b|one_?shot_(push|pull)|(^|[_:])a2a(_|$)|send_?recv",
    ),
    (Kind::Comm, r"multimem|nvls|lamport|symm(etric)?_mem|(put|wait)_signal_kernel|userbuffers"),
    (Kind::Comm, r"trtllm_(allreduce|mnnvl)|ar_fusion|moe_?comm::|moe_?a2a|quickreduce"),
    // Expert parallelism (DeepEP and its like); the local layout kernel is no transfer.
    (Kind::Comm, r"deep_ep::(intranode|internode|hybrid)|ep(dispatch|combine)(intra|inter)node"),
    (Kind::Comm, r"(intranode|internode)(_ll)?::(\w*dispatch|\w*combine)"),
    // Fused reduce-scatter + norm + all-gather of TokenWeave.
    (Kind::Comm, r"rs_ln_ag|all_?reduce_?(add_?)?rms"),
    // GEMMs whose epilogue or prologue has a norm are still GEMMs.
    (Kind::Gemm, r"nvjet|gemm.*norm|norm.*gemm"),
    (
        Kind::Norm,
        r"rms_?norm|layer_?norm|group_?norm|batch_?norm|l2_?norm|qk_?norm|rsqrt|norm_kernel|norm_fwd|_ln_(fwd|bwd)",
    ),
    (Kind::Attention, r"batch(prefill|decode)|single(prefill|decode)"),
    // Cache writes and rotary embedding carry "flash", "paged" or "mla" in their names.
    (Kind::Elementwise, r"and_cache|kv_?cache|rotary|(^|[_:])rope|append_paged|copy_blocks"),
    (Kind::Attention, r"flash|fmha|attention|attn|paged|sdpa|(^|[^a-z])mla([^a-z]|$)|mla_?reduce"),
    (Kind::Attention, r"mergestates?|flex_?decoding|_mha_|mqa"),
    (
        Kind::Gemm,
        r"gemm|gemv|gevm|cutlass|cublas|wgmma|xmma|hgmma|mat_?mul|dot_kernel|split_?k_?reduce",
    ),
    (
        Kind::Gemm,
        r"(^|_)(mm|bmm|addmm)(_|$)|cijk_|marlin|machete|s16816|s1688|i8816|tensorop|fused_moe_kernel",
    ),
    (Kind::Gemm, r"flatmm|awq|gptq|ampere_(bf16|fp16|sgemm|h)|sm\d+_(bf16|fp16|fp8)"),
    (
        Kind::Elementwise,
        r"elementwise|silu|gelu|relu|swiglu|act_and_mul|activation|embedding|residual",
    ),
    (
        Kind::Elementwise,
        r"triton_(poi|red|per)_|loop_.*fusion|input_.*fusion|(^|_)add_kernel|fill|copy|cast",
    ),
    (
        Kind::Elementwise,
        r"catarray|index_?(select|put|elementwise)?_?kernel|indexselect|gather_kernel|scatter",
    ),
    (Kind::Elementwise, r"reduce_kernel|transpose|permute|quant|softmax|cunn_"),
];

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

    fn check(kind: Kind, names: &[&str]) {
        let classifier = Classifier::default();
        for name in names {
            assert_eq!(classifier.kind(name), kind, "{name} (head {})", function_path(name));
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
    fn communication() {
        check(
            Kind::Comm,
            &[
                "ncclDevKernel_AllReduce_Sum_bf16_RING_LL(ncclDevKernelArgsStorage<4096ul>)",
                "ncclDevKernel_ReduceScatter_Sum_bf16_RING_LL(ncclDevKernelArgsStorage<4096ul>)",
                "ncclDevKernel_AllGather_RING_LL(ncclDevKernelArgsStorage<4096ul>)",
                "ncclDevKernel_SendRecv(ncclDevKernelArgsStorage<4096ul>)",
                "ncclDevKernel_Broadcast_RING_LL(ncclDevComm*, unsigned long, ncclWork*)",
                "ncclKernel_AllReduce_RING_LL_Sum_half(ncclDevComm*, unsigned long, ncclWork*)",
                "void ncclSymDevKernel_AllReduce_RSxLDMC_AGxSTMC(ncclSymDevArgs)",
                "ncclDevKernel_Generic_1(ncclDevKernelArgsStorage<4096ul>)",
                "mscclKernel_Sum_half_Simple_false(ncclDevComm*, mscclAlgo*, mscclWork*)",
                "void vllm::cross_device_reduce_1stage<__nv_bfloat16, 8>(vllm::RankData*, vllm::RankSignals, vllm::Signal*, __nv_bfloat16*, int, int)",
                "void sglang::cross_device_reduce_2stage<__nv_bfloat16, 8>(sglang::RankData*, sglang::RankSignals, sglang::Signal*, __nv_bfloat16*, int, int)",
                "void aiter::cross_device_reduce_2stage<__hip_bfloat16, 8, false>(aiter::RankData*)",
                "void (anonymous namespace)::multimem_all_reduce_kernel<c10::BFloat16, 16>(c10::BFloat16*, unsigned long, unsigned int**, unsigned long, unsigned long)",
                "void (anonymous namespace)::two_shot_all_reduce_kernel_inplace<c10::BFloat16, 16, 2>(c10::BFloat16**, unsigned long, unsigned long, unsigned int**, unsigned long, unsigned long)",
                "void c10d::symmetric_memory::(anonymous namespace)::one_shot_all_reduce_kernel<c10::BFloat16, 16, 8>(c10::BFloat16**)",
                "void c10d::symmetric_memory::barrier_kernel(unsigned int**, int, int, int, unsigned long)",
                "(anonymous namespace)::wait_signal_kernel(unsigned int**, int, int, int, int, unsigned long)",
                "void flashinfer::trtllm_allreduce_fusion::allreduce_fusion_kernel_oneshot_lamport<(flashinfer::trtllm_allreduce_fusion::AllReduceFusionPattern)1, __nv_bfloat16, 8, false, false>(flashinfer::trtllm_allreduce_fusion::AllReduceFusionParams<__nv_bfloat16>)",
                "void flashinfer::trtllm_mnnvl_allreduce::twoshotAllreduceKernel<8, __nv_bfloat16>(…)",
                "void tensorrt_llm::kernels::ar_fusion::allreduce_fusion_kernel_twoshot_sync<(tensorrt_llm::kernels::ar_fusion::AllReduceFusionPattern)1, __nv_bfloat16, 8>(…)",
                "void tensorrt_llm::kernels::oneShotAllReduceKernel<__nv_bfloat16, 8, true, true>(tensorrt_llm::kernels::AllReduceParams)",
                "void deep_ep::intranode::dispatch<8, 768, 8192>(int4*, float*, int*, long*, float*)",
                "void deep_ep::intranode::combine<__nv_bfloat16, (int)8, (int)768, (int)4096>(T1 *, float *)",
                "void deep_ep::internode_ll::dispatch<true, false, 7168>(void*, void*)",
                "void deep_ep::intranode::cached_notify_combine<8>(void**, int*, int, int, int)",
                "dlslime::intranode_alltoall_kernel",
                "void nvshmemi_transfer::barrier_on_stream_kernel_threadgroup<(threadgroup_t)2>(int, int)",
                "nvshmem_all_to_all_vdev_kernel(void*, void*, long*)",
                "std::enable_if_t<(width > 0) && _typeConvert<scalar_t>::exists> vllm::fused_rs_ln_ag_cta_kernel<c10::BFloat16, 8>(c10::BFloat16*, c10::BFloat16*)",
                "void std::enable_if<((8)>(0))&&(vllm::_typeConvert<c10::BFloat16>::exists), void>::type vllm::fused_rs_ln_ag_cta_kernel<c10::BFloat16, 8>(c10::BFloat16*)",
                "void quickreduce::allreduce_prototype_twoshot<quickreduce::AllReduceTwoshot<…>>(…)",
                "userbuffers_fp16_sum_inplace_gpu_rr_rs(int, int, int)",
                "triton_poi_fused_add_all_reduce_4",
                "allgather_lastdim(…)",
            ],
        );
    }

    #[test]
    fn matrix_products() {
        check(
            Kind::Gemm,
            &[
                "nvjet_sm90_tst_256x128_64x4_1x2_h_bz_coopA_TNT",
                "nvjet_sm90_tst_176x128_64x5_1x2_h_bz_TNN",
                "sm90_xmma_gemm_bf16bf16_bf16f32_f32_tn_n_tilesize128x128x64_warpgroupsize1x1x1_execute_segment_k_off_kernel__5x_cublas",
                "void cutlass::Kernel2<cutlass_80_tensorop_bf16_s16816gemm_relu_bf16_256x128_32x3_tn_align8>(cutlass_80_tensorop_bf16_s16816gemm_relu_bf16_256x128_32x3_tn_align8::Params)",
                "void cutlass::device_kernel<cutlass::gemm::kernel::GemmUniversal<cute::tuple<int, int, int, int>, cutlass::gemm::collective::CollectiveMma<cutlass::gemm::MainloopSm90TmaGmmaWarpSpecialized<4, cute::tuple<cute::C<2>>>>>>(…)",
                "ampere_bf16_s16816gemm_bf16_128x256_ldg8_f2f_stages_64x3_tn",
                "void gemmSN_TN_kernel<float, 128, 16, 2, 4, 4, 4, true>(cublasGemmSmallNParams<…>)",
                "void cublasLt::splitKreduce_kernel<32, 16, int, float, __nv_bfloat16, float, __nv_bfloat16, true, false, false>(cublasLt::cublasSplitKParams<float>)",
                "void deep_gemm::fp8_gemm_kernel<2112u, 7168u, 128u, 112u, 128u>(float*, __nv_bfloat16*)",
                "bmm_E2m1E2m1_Fp32_sm100f",
                "void marlin_moe_wna16::Marlin<1125899906909960l, 562949953487106l>(int4 const*, int4 const*)",
                "Cijk_Alik_Bljk_BBS_BH_Bias_HA_S_SAV_UserArgs_MT256x256x64",
                "triton_tem_fused_mm_3",
                "fused_moe_kernel",
            ],
        );
    }

    #[test]
    fn attention() {
        check(
            Kind::Attention,
            &[
                "cudnn_generated_fort_native_sdpa_sm90_flash_fprop_wgmma_f16_knob_7_64x128x128_4x1x1_cga1x1x1_kernel0_0",
                "void flash::flash_fwd_kernel<Flash_fwd_kernel_traits<128, 128, 64, 4, false, false, cutlass::bfloat16_t>>(flash::Flash_fwd_params)",
                "void cutlass::device_kernel<flash::enable_sm90_or_later<flash::FlashAttnFwdSm90<flash::CollectiveMainloopFwdSm90<2, cute::tuple<cute::C<1>>, cutlass::gemm::…>>>>(…)",
                "void flashinfer::BatchPrefillWithPagedKVCacheKernel<flashinfer::KernelTraits<…>>(…)",
                "void vllm::paged_attention_v1_kernel<__nv_bfloat16, __nv_bfloat16, 128, 16>(…)",
                "fmha_cutlassF_bf16_aligned_64x128_rf_sm80(PyTorchMemEffAttention::AttentionKernel<…>::Params)",
                "_fwd_grouped_kernel_stage1_mla_attn",
                "void sm90::fwd::sparse_attn_fwd_kernel<sm90::fwd::KernelTemplate<512, true>>(…)",
                "triton_tem_fused_flex_attention_0",
                "void kn_mla_reduce_v1<MlaReduceKernelV1Traits<512, 128, 1>>(…)",
            ],
        );
    }

    #[test]
    fn norms_and_small_kernels() {
        check(
            Kind::Norm,
            &[
                "triton_red_fused__to_copy_add_mean_mul_pow_rsqrt_0",
                "void at::native::(anonymous namespace)::vectorized_layer_norm_kernel<c10::BFloat16, float>(…)",
                "std::enable_if<((8)>(0))&&(vllm::_typeConvert<c10::BFloat16>::exists), void>::type vllm::fused_add_rms_norm_kernel<c10::BFloat16, 8>(c10::BFloat16*)",
                "void flashinfer::norm::RMSNormKernel<8u, __nv_bfloat16>(…)",
                "void flashinfer::norm::FusedAddRMSNormKernel<8u, __nv_bfloat16>(…)",
            ],
        );
        check(
            Kind::Elementwise,
            &[
                "triton_poi_fused_mul_silu_split_0",
                "triton_poi_fused_add_cat_mul_slice_sub_0",
                "void at::native::vectorized_elementwise_kernel<8, at::native::FillFunctor<c10::BFloat16>, std::array<char*, 1ul> >(int, at::native::FillFunctor<c10::BFloat16>, std::array<char*, 1ul>)",
                "void at::native::elementwise_kernel<128, 4, at::native::gpu_kernel_impl_nocast<at::native::direct_copy_kernel_cuda(at::TensorIteratorBase&)::{lambda()#3}::operator()() const::{lambda()#12}::operator()() const::{lambda(c10::BFloat16)#1}>(at::TensorIteratorBase&)>(int)",
                "void vllm::act_and_mul_kernel<c10::BFloat16, &vllm::silu_kernel<c10::BFloat16>, true>(c10::BFloat16*, c10::BFloat16 const*, int)",
                "void vllm::rotary_embedding_kernel<c10::BFloat16, true>(long const*, c10::BFloat16*)",
                "void vllm::reshape_and_cache_flash_kernel<__nv_bfloat16, __nv_bfloat16, (vllm::Fp8KVCacheDataType)0>(…)",
                "void at::native::(anonymous namespace)::CatArrayBatchedCopy<…>(…)",
            ],
        );
        check(
            Kind::Memcpy,
            &[
                "Memset (Device)",
                "Memcpy HtoD (Pageable -> Device)",
                "Memcpy PtoP (Device -> Device)",
            ],
        );
        check(
            Kind::Other,
            &["", "my_kernel", "void moe_align_block_size_kernel<int>(int*)", "myncclkernel"],
        );
    }

    #[test]
    fn a_users_pattern_comes_first() {
        let classifier = Classifier::new(&["^my_ring".to_owned()]).expect("a valid pattern");
        assert_eq!(classifier.kind("my_ring_gemm"), Kind::Comm);
        assert_eq!(classifier.kind("other_gemm"), Kind::Gemm);
        let error = Classifier::new(&["(".to_owned()]).expect_err("an open group");
        assert!(error.to_string().starts_with("communication pattern \"(\""), "{error}");
    }
}
