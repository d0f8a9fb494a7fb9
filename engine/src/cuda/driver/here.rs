//! This computer as a machine, for plans that run on its GPUs.

use super::Gpus;
use crate::machine::{self, Machine};

/// The GPUs of this computer as a machine that nobody has calibrated: the built-in one that is most [`like`](machine::like) them, with this
/// computer's count, SMs and memory. Peer-to-peer only: multicast is asked for by name, never assumed.
pub fn machine_of(found: &Gpus) -> Machine {
    let gpu = &found.gpus[0];
    let name = machine::like(&gpu.name, gpu.compute_capability);
    let mut machine = machine::builtin(name).expect("built in, as the test below holds");
    let count = found.gpus.len();
    machine.name = machine::HERE.to_owned();
    machine.title = format!("{count} × {}", gpu.name);
    machine.gpus = count as u32;
    // It was held against another computer's measurements, if against any.
    machine.expected_error = None;
    machine.gpu.name.clone_from(&gpu.name);
    machine.gpu.sms = gpu.sms;
    machine.gpu.memory_bytes = gpu.memory_bytes;
    machine.link.multimem_bytes_per_s = None;
    machine
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        cuda::{ComputeMode, GpuInfo},
        machine::GemmKernels::{Library, Weft},
    };

    #[test]
    fn every_generation_has_its_machine() {
        for (capability, name, kernels) in [
            ((8, 0), "NVIDIA A100-SXM4-80GB", Library),
            ((8, 9), "NVIDIA L40S", Library),
            ((12, 0), "NVIDIA RTX PRO 6000", Library),
            ((9, 0), "NVIDIA H100 80GB HBM3", Weft),
            ((9, 0), "NVIDIA H200", Weft),
            ((10, 0), "NVIDIA B200", Library),
        ] {
            let gpu = GpuInfo {
                index: 0,
                name: name.to_owned(),
                compute_capability: capability,
                sms: 100,
                memory_bytes: 1 << 36,
                peers: vec![true, true],
                multicast: true,
                compute_mode: ComputeMode::Shared,
                pci_address: String::new(),
            };
            let machine = machine_of(&Gpus {
                driver: (13, 0),
                gpus: vec![gpu.clone(), GpuInfo { index: 1, ..gpu }],
            });
            assert_eq!((machine.gpus, machine.gpu.sms, machine.gpu.name.as_str()), (2, 100, name));
            assert_eq!(machine.link.multimem_bytes_per_s, None);
            assert_eq!(machine.gpu.gemm_kernels, kernels, "{name}");
            // Told of the machine alone, the answer is the same.
            let of_machine = machine::like(&machine.gpu.name, machine.gpu.compute_capability);
            assert_eq!(of_machine, machine::like(name, capability), "{name}");
            assert_eq!((machine.expected_error, machine.calibrated), (None, None), "{name}");
        }
    }
}
