//! What a made-up process tells, one event a function: whoever needs another field sets that one alone.

use weftscope_wire::{BlockStamp, Device, Event, Hello, Kernel, Launch, Stamping, VERSION, Wait};

/// A process that its launcher told its rank and the number of ranks.
pub fn hello(pid: u32, (rank, ranks): (u32, u32)) -> Hello {
    let variable = |name: &str, value: u32| (name.to_owned(), value.to_string());
    let variables = vec![variable("RANK", rank), variable("WORLD_SIZE", ranks)];
    Hello { version: VERSION, pid, variables, ..Hello::default() }
}

/// Device 0, with so many SMs.
pub fn device(sms: u32) -> Device {
    Device {
        ordinal: 0,
        name: "made".to_owned(),
        sms,
        memory_bytes: 1 << 30,
        compute_capability: (9, 0),
        pci_address: String::new(),
    }
}

/// Kernels of these names, numbered from 0.
pub fn kernels<'a>(names: impl IntoIterator<Item = &'a str>) -> impl Iterator<Item = Event> {
    let kernel = |(id, name): (u32, &str)| Event::Kernel(Kernel { id, name: name.to_owned() });
    (0..).zip(names).map(kernel)
}

/// A launch of kernel 0 on device 0, one block of one thread, by thread 1.
pub fn launch(id: u64, at_host_ns: i64) -> Launch {
    Launch {
        id,
        kernel: 0,
        device: 0,
        stream: 0,
        grid: [1; 3],
        block: [1; 3],
        cluster: [0; 3],
        at_host_ns,
        tid: 1,
        graph: None,
        stamping: Stamping::Blocks,
    }
}

/// The only block of a launch, on SM 0.
pub fn block(launch: u64, start_device_ns: u64, length_ns: u64) -> Event {
    let end_device_ns = start_device_ns + length_ns;
    let stamps = vec![BlockStamp { start_device_ns, end_device_ns, sm: 0 }];
    Event::Blocks { launch, stamps }
}

/// A thread waits for so long.
pub fn wait(tid: u32, at_host_ns: i64, length_ns: i64) -> Wait {
    let returned_host_ns = at_host_ns + length_ns;
    Wait { call: "cudaStreamSynchronize".to_owned(), tid, at_host_ns, returned_host_ns }
}
