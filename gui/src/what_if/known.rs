//! The engine's machines, as a replay asks for them.

use std::sync::Arc;

use weftscope_engine::machine::{self, GemmKernels, HERE, Machine};
use weftscope_profiler::collect::spec_of;
use weftscope_traces::{
    Meta,
    analysis::GpuRates,
    replay::{LinkRates, MachineRates, Machines},
};

use crate::here::machine_named;

/// Machine files, and what a recording says of where it was made.
pub(super) struct Known<'a> {
    meta: Option<&'a Meta>,
}

impl<'a> Known<'a> {
    pub(super) fn of(meta: Option<&'a Meta>) -> Self {
        Self { meta }
    }
}

impl Machines for Known<'_> {
    fn named(&self, name: &str) -> Result<Arc<MachineRates>, String> {
        let found = machine_named(name).map_err(|error| error.to_string())?;
        Ok(Arc::new(rates(&found, name)))
    }

    /// The machine that a run of the engine names; of what others recorded one with the same GPU: with the kernels of `like` rather than
    /// with others', then the smallest that has room for its ranks.
    fn recorded_on(&self, like: Option<&MachineRates>) -> Option<Arc<MachineRates>> {
        let meta = self.meta?;
        if let Some(spec) = spec_of(meta) {
            let machine = &spec.machine;
            let name = if machine.name == HERE { &machine.title } else { &machine.name };
            return Some(Arc::new(rates(machine, name)));
        }
        let gpu = &meta.ranks.first()?.device.name;
        let sheet = GpuRates::of(gpu)?;
        let kernels =
            like.map_or_else(|| kernels(GemmKernels::Library), |like| like.kernels.clone());
        let ranks = meta.world_size.max(meta.ranks.len() as u32);
        machine::names()
            .filter_map(machine::builtin)
            .filter(|known| GpuRates::of(&known.gpu.name) == Some(sheet))
            .map(|known| rates(&known, &known.name))
            .min_by_key(|known| (known.kernels != kernels, known.gpus < ranks, known.gpus))
            .map(Arc::new)
    }
}

/// Names of the machines that ship.
pub(crate) fn machine_names() -> Vec<&'static str> {
    machine::names().collect()
}

fn rates(of: &Machine, name: &str) -> MachineRates {
    let Machine { gpu, link, kernels: own, collectives, host, .. } = of;
    MachineRates {
        name: name.to_owned(),
        gpu: gpu.name.clone(),
        kernels: kernels(gpu.gemm_kernels),
        gpus: of.gpus,
        sms: gpu.sms,
        gemm_flops_per_s: gpu.bf16_flops,
        gemm_sm_flops_per_s: own.gemm_sm_flops,
        gemm_fixed_ns: own.gemm_fixed_ns,
        attention_sm_flops_per_s: own.attention_sm_flops,
        attention_fixed_ns: own.attention_fixed_ns,
        hbm_bytes_per_s: gpu.hbm_bytes_per_s,
        norm_sm_bytes_per_s: own.sm_bytes_per_s,
        pointwise_sm_bytes_per_s: own.pointwise_sm_bytes_per_s.unwrap_or(own.sm_bytes_per_s),
        memory_latency_ns: own.memory_latency_ns,
        block_start_ns: host.block_start_ns,
        link: LinkRates {
            bytes_per_s: link.bytes_per_s,
            sm_bytes_per_s: link.bytes_per_s_per_sm,
            latency_ns: link.latency_ns,
            setup_ns: collectives.setup_ns,
            flag_ns: collectives.flag_ns,
            row_ns: [collectives.plain_row_ns, collectives.fused_row_ns],
            multimem_bytes_per_s: link.multimem_bytes_per_s,
            nccl_bytes_per_s: collectives.nccl_bytes_per_s,
            nccl_base_ns: collectives.nccl_base_ns,
            nccl_fill_ns: collectives.nccl_fill_ns,
            nccl_fill_bytes: collectives.nccl_fill_bytes,
        },
    }
}

fn kernels(of: GemmKernels) -> String {
    match of {
        GemmKernels::Library => "a library's products",
        GemmKernels::Weft => "this project's products",
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use weftscope_traces::{DeviceInfo, Provenance, RankInfo};

    use super::*;

    fn recorded(gpu: &str, ranks: u32) -> Meta {
        let mut meta = Meta::new("a run", Provenance::Measured { source: "test".to_owned() });
        let device = DeviceInfo { name: gpu.to_owned(), ..DeviceInfo::default() };
        meta.ranks = (0..ranks)
            .map(|rank| RankInfo { rank, device: device.clone(), server: None })
            .collect();
        meta.world_size = ranks;
        meta
    }

    /// By its GPU; of two machines with that the one whose kernels are compared like with like.
    #[test]
    fn what_others_recorded_is_told_by_its_gpu() {
        let on = |gpu: &str, ranks, like: Option<&str>| {
            let meta = recorded(gpu, ranks);
            let known = Known::of(Some(&meta));
            let like = like.map(|name| known.named(name).expect("built in"));
            known.recorded_on(like.as_deref()).map(|found| found.name.clone())
        };
        for (gpu, ranks, like, expected) in [
            ("NVIDIA H200", 2, Some("h100x4"), Some("h200x2")),
            ("NVIDIA H200", 2, Some("h100x8"), Some("h200x8")),
            ("NVIDIA H200", 2, None, Some("h200x8")),
            ("NVIDIA H100 80GB HBM3", 8, Some("b200x8"), Some("h100x8")),
            ("NVIDIA A100-SXM4-80GB", 4, None, Some("a100x8")),
            ("NVIDIA H100 PCIe", 2, None, None),
            ("NVIDIA L4", 1, None, None),
            ("", 1, None, None),
        ] {
            assert_eq!(on(gpu, ranks, like).as_deref(), expected, "{gpu}, like {like:?}");
        }
        assert!(Known::of(None).recorded_on(None).is_none());
    }
}
