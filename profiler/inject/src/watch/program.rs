//! What is known of the program: its contexts, kernels, streams and launches.

use std::collections::HashMap;

use weftscope_wire::{Event, Kernel, Launch, Stamping};

use crate::blocks::{
    gpu::Pending,
    ring::{Layout, Region, Ring},
};

/// A context of the program's.
#[derive(Debug)]
pub(super) struct Context {
    /// Its device.
    pub(super) device: i32,
    /// Where its stamps go; `None`: there was no memory.
    pub(super) ring: Option<Ring>,
    /// Launches that got room since they were last taken.
    pub(super) fresh: Vec<Pending>,
}

/// A launch as the Sanitizer tells it.
#[derive(Clone, Debug)]
pub(super) struct Launched {
    pub(super) context: usize,
    pub(super) module: usize,
    pub(super) function: usize,
    pub(super) stream: usize,
    pub(super) device: i32,
    pub(super) grid: [u32; 3],
    pub(super) block: [u32; 3],
    pub(super) cluster: [u32; 3],
    pub(super) at_host_ns: i64,
    pub(super) tid: u32,
    pub(super) graph: Option<u64>,
}

/// All that is known.
#[derive(Debug, Default)]
pub(super) struct Program {
    pub(super) contexts: HashMap<usize, Context>,
    /// Numbers of kernels by the driver's handle.
    functions: HashMap<(usize, usize), u32>,
    /// Names of kernels by number.
    kernels: Vec<String>,
    /// Kernels that the recording under way has told.
    told: Vec<bool>,
    streams: HashMap<usize, u32>,
    next_launch: u64,
    next_graph: u64,
    /// What callbacks have to tell; taken by the thread that fetches.
    pub(super) events: Vec<Event>,
}

impl Program {
    /// A recording begins: everything is told anew.
    pub(super) fn begin(&mut self) {
        self.told.clear();
        self.events.clear();
    }

    /// A context is there, with a ring for its stamps or without, for good.
    pub(super) fn context(&mut self, context: usize, device: i32, ring: Option<Layout>) {
        let ring = ring.map(Ring::new);
        self.contexts.insert(context, Context { device, ring, fresh: Vec::new() });
    }

    /// A context's ring.
    pub(super) fn ring(&self, context: usize) -> Option<Layout> {
        self.contexts.get(&context)?.ring.as_ref().map(Ring::layout)
    }

    /// Stamps up to a position were fetched, and their memory is zero again.
    pub(super) fn give_back(&mut self, context: usize, position: u64) {
        if let Some(ring) = self.contexts.get_mut(&context).and_then(|known| known.ring.as_mut()) {
            ring.give_back(position);
        }
    }

    /// A module is going, and its kernels' handles with it.
    pub(super) fn unloading(&mut self, module: usize) {
        self.functions.retain(|&(of, _), _| of != module);
    }

    /// A number for the launch of a graph.
    pub(super) fn graph(&mut self) -> u64 {
        self.next_graph += 1;
        self.next_graph
    }

    /// Room for the stamps of a launch, and their address.
    pub(super) fn room(&mut self, context: usize, blocks: u32) -> Option<(Region, u64)> {
        let ring = self.contexts.get_mut(&context)?.ring.as_mut()?;
        let region = ring.take(blocks)?;
        Some((region, ring.layout().address(region.at)))
    }

    /// Takes a launch down. `region` is where its stamps go; `name` is asked for new kernels only.
    pub(super) fn launched(
        &mut self,
        launched: &Launched,
        stamping: Stamping,
        region: Option<Region>,
        name: impl FnOnce() -> String,
    ) {
        let kernel = self.kernel(launched, name);
        let next_stream = self.streams.len() as u32;
        let stream = *self.streams.entry(launched.stream).or_insert(next_stream);
        let id = self.next_launch;
        self.next_launch += 1;
        self.events.push(Event::Launch(Launch {
            id,
            kernel,
            device: launched.device.unsigned_abs(),
            stream,
            grid: launched.grid,
            block: launched.block,
            cluster: launched.cluster,
            at_host_ns: launched.at_host_ns,
            tid: launched.tid,
            graph: launched.graph,
            stamping,
        }));
        if let (Some(region), Some(context)) = (region, self.contexts.get_mut(&launched.context)) {
            context.fresh.push(Pending {
                launch: id,
                stream,
                region,
                threads: launched.block.iter().product(),
                at_host_ns: launched.at_host_ns,
                is_stamped: stamping == Stamping::Blocks,
            });
        }
    }

    /// The number of a launched kernel, told before its first launch.
    fn kernel(&mut self, launched: &Launched, name: impl FnOnce() -> String) -> u32 {
        let key = (launched.module, launched.function);
        let id = match self.functions.get(&key) {
            Some(&id) => id,
            None => {
                let id = self.kernels.len() as u32;
                self.kernels.push(name());
                self.functions.insert(key, id);
                id
            }
        };
        if self.told.len() <= id as usize {
            self.told.resize(id as usize + 1, false);
        }
        if !std::mem::replace(&mut self.told[id as usize], true) {
            let name = self.kernels[id as usize].clone();
            self.events.push(Event::Kernel(Kernel { id, name }));
        }
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn launched() -> Launched {
        Launched {
            context: 1,
            module: 2,
            function: 3,
            stream: 4,
            device: 0,
            grid: [8, 2, 1],
            block: [128, 1, 1],
            cluster: [0; 3],
            at_host_ns: 5,
            tid: 6,
            graph: None,
        }
    }

    #[test]
    fn a_kernel_is_told_once_a_recording_and_a_launch_waits_for_its_stamps() {
        let mut program = Program::default();
        assert_eq!(program.room(1, 16), None);
        program.context(1, 0, Some(Layout { base: 4096, capacity: 20 }));
        let (region, address) = program.room(1, 16).unwrap();
        assert_eq!(address, 4096);
        program.launched(&launched(), Stamping::Blocks, Some(region), || "k".to_owned());
        assert_eq!(program.room(1, 16), None);
        program.launched(&launched(), Stamping::NoRoom, None, || unreachable!());
        let told: Vec<_> = std::mem::take(&mut program.events);
        assert!(matches!(&told[0], Event::Kernel(Kernel { id: 0, name }) if name == "k"));
        assert_eq!(told.len(), 3);
        assert_eq!(program.contexts[&1].fresh.len(), 1);
        program.begin();
        program.launched(&launched(), Stamping::NoRoom, None, || unreachable!());
        assert_eq!(program.events.len(), 2);
    }
}
