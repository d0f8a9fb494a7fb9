//! What is known of the program: its contexts, kernels, streams and launches.

use std::collections::{HashMap, HashSet};

use weftscope_wire::{Event, Kernel, Launch, Stamping};

use crate::{
    blocks::{
        graphs::{Graphs, PAGE_RECORDS, Unwritten},
        ring::{Layout, Region, Ring},
        waiting::Pending,
    },
    host,
    sanitizer::abi::LaunchData,
};

/// Memory for stamps, or how far asking for it is.
#[derive(Debug)]
pub(super) enum Memory {
    /// To be asked for, after so many refusals.
    Wanted(u8),
    /// A thread is asking, after so many refusals.
    Asked(u8),
    There(Ring),
    /// There is none to be had.
    Missing,
}

/// A program that calls the driver alone gets its context before the Sanitizer is ready for it (code 11), and its modules
/// after that.
const TRIES: u8 = 32;

impl Memory {
    fn ring(&self) -> Option<&Ring> {
        if let Self::There(ring) = self { Some(ring) } else { None }
    }

    fn ring_mut(&mut self) -> Option<&mut Ring> {
        if let Self::There(ring) = self { Some(ring) } else { None }
    }
}

/// A context of the program's.
#[derive(Debug)]
pub(super) struct Context {
    /// Its device.
    pub(super) device: i32,
    /// Where its stamps go.
    pub(super) memory: Memory,
    /// Its graphs.
    pub(super) graphs: Graphs,
    /// Rooms that were taken since they were last fetched.
    pub(super) fresh: Vec<Pending>,
}

impl Context {
    /// There is memory for its stamps, or there will be none.
    pub(super) fn is_settled(&self) -> bool {
        matches!(self.memory, Memory::There(_) | Memory::Missing)
    }
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

impl Launched {
    /// A launch made at a time by this thread, of no graph.
    pub(super) fn of(data: &LaunchData, at_host_ns: i64) -> Self {
        Self {
            context: data.context as usize,
            module: data.module as usize,
            function: data.function as usize,
            stream: data.stream_handle as usize,
            device: data.device,
            grid: data.grid,
            block: data.block,
            cluster: data.cluster,
            at_host_ns,
            tid: host::tid(),
            graph: None,
        }
    }

    /// Thread blocks; so many that they are not counted in 32 bits never find room.
    pub(super) fn blocks(&self) -> u32 {
        let blocks =
            self.grid.iter().try_fold(1, |product: u32, &count| product.checked_mul(count));
        blocks.unwrap_or(u32::MAX)
    }

    /// Threads a block.
    pub(super) fn threads(&self) -> u32 {
        self.block.iter().product()
    }
}

/// Numbers of a launch that was taken down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Taken {
    pub(super) id: u64,
    pub(super) kernel: u32,
    pub(super) stream: u32,
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
    /// Kernels whose stamps cost too much.
    dear: HashSet<u32>,
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

    /// A context is there; memory for its stamps is to be asked for.
    pub(super) fn context(&mut self, context: usize, device: i32) {
        let (memory, graphs) = (Memory::Wanted(0), Graphs::default());
        self.contexts.insert(context, Context { device, memory, graphs, fresh: Vec::new() });
    }

    /// Whether this thread is to ask for memory for a context's stamps, and tell what [came](Self::came) of it.
    pub(super) fn asks(&mut self, context: usize) -> bool {
        match self.contexts.get_mut(&context).map(|context| &mut context.memory) {
            Some(memory @ &mut Memory::Wanted(refusals)) => {
                *memory = Memory::Asked(refusals);
                true
            }
            _ => false,
        }
    }

    /// The memory that was asked for; `None`: refused. Gives whether it is asked for no more.
    pub(super) fn came(&mut self, context: usize, layout: Option<Layout>) -> bool {
        let Some(context) = self.contexts.get_mut(&context) else { return true };
        context.memory = match (layout, &context.memory) {
            (Some(layout), _) => Memory::There(Ring::new(layout)),
            (None, &Memory::Asked(refusals)) if refusals + 1 < TRIES => {
                Memory::Wanted(refusals + 1)
            }
            (None, _) => Memory::Missing,
        };
        context.is_settled()
    }

    fn ring_mut(&mut self, context: usize) -> Option<&mut Ring> {
        self.contexts.get_mut(&context)?.memory.ring_mut()
    }

    /// A context's ring.
    pub(super) fn ring(&self, context: usize) -> Option<Layout> {
        self.contexts.get(&context)?.memory.ring().map(Ring::layout)
    }

    /// Stamps were fetched, or none will come, and their memory is zero again.
    pub(super) fn give_back(&mut self, context: usize, regions: &[Region]) {
        if let Some(ring) = self.ring_mut(context) {
            regions.iter().for_each(|&region| ring.give_back(region));
        }
    }

    /// A module is going, and its kernels' handles with it.
    pub(super) fn unloading(&mut self, module: usize) {
        self.functions.retain(|&(of, _), _| of != module);
    }

    /// A number for the launch of a graph.
    pub(super) fn graph_number(&mut self) -> u64 {
        self.next_graph += 1;
        self.next_graph
    }

    /// Room for the stamps of a launch.
    pub(super) fn room(&mut self, context: usize, blocks: u32) -> Option<Region> {
        self.ring_mut(context)?.take(blocks, 1)
    }

    /// Room for the stamps of all nodes of a graph; an error says why there is none.
    pub(super) fn graph_room(&mut self, context: usize, graph: usize) -> Result<Region, Stamping> {
        let Some(Context { memory: Memory::There(ring), graphs, .. }) =
            self.contexts.get_mut(&context)
        else {
            return Err(Stamping::NoRoom);
        };
        match graphs.records(graph) {
            0 => Err(Stamping::GraphNew),
            records => ring.take(records, PAGE_RECORDS).ok_or(Stamping::NoRoom),
        }
    }

    /// Where in its graph's room of so many records the blocks of a node go; `None`: the device does not know.
    pub(super) fn node(
        &mut self,
        (context, graph): (usize, usize),
        of_node: (u64, u32),
        room: u32,
    ) -> Option<u32> {
        let Context { memory: Memory::There(ring), graphs, .. } =
            self.contexts.get_mut(&context)?
        else {
            return None;
        };
        graphs.node(graph, of_node, room, ring.head())
    }

    /// A whole launch of a graph was seen.
    pub(super) fn is_known(&self, context: usize, graph: usize) -> bool {
        self.contexts.get(&context).is_none_or(|context| context.graphs.is_known(graph))
    }

    /// So it was.
    pub(super) fn seen(&mut self, context: usize, graph: usize) {
        if let Some(context) = self.contexts.get_mut(&context) {
            context.graphs.seen(graph);
        }
    }

    /// A graph is going.
    pub(super) fn graph_gone(&mut self, graph: usize) {
        self.contexts.values_mut().for_each(|context| context.graphs.gone(graph));
    }

    /// Places of nodes that the device does not have yet and may have now.
    pub(super) fn unwritten(&mut self, context: usize) -> Option<Unwritten> {
        let Context { memory: Memory::There(ring), graphs, .. } =
            self.contexts.get_mut(&context)?
        else {
            return None;
        };
        graphs.unwritten(ring.tail())
    }

    /// The device has them.
    pub(super) fn written(&mut self, context: usize) {
        if let Some(context) = self.contexts.get_mut(&context) {
            context.graphs.written();
        }
    }

    /// Room whose blocks are waited for.
    pub(super) fn wait_for(&mut self, context: usize, pending: Pending) {
        if let Some(context) = self.contexts.get_mut(&context) {
            context.fresh.push(pending);
        }
    }

    /// The number of a stream.
    pub(super) fn stream(&mut self, handle: usize) -> u32 {
        let next = self.streams.len() as u32;
        *self.streams.entry(handle).or_insert(next)
    }

    /// Takes a launch down. `name` is asked for new kernels only.
    pub(super) fn launched(
        &mut self,
        launched: &Launched,
        stamping: Stamping,
        name: impl FnOnce() -> String,
    ) -> Taken {
        let kernel = self.kernel(launched, name);
        let stream = self.stream(launched.stream);
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
        Taken { id, kernel, stream }
    }

    /// From now on launches of a kernel leave no stamps.
    pub(super) fn too_dear(&mut self, kernel: u32) {
        self.dear.insert(kernel);
    }

    /// Its kernel leaves no stamps any more.
    pub(super) fn is_dear(&self, launched: &Launched) -> bool {
        let number = || self.functions.get(&(launched.module, launched.function));
        !self.dear.is_empty() && number().is_some_and(|kernel| self.dear.contains(kernel))
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
    fn a_kernel_is_told_once_a_recording() {
        let mut program = Program::default();
        let first = program.launched(&launched(), Stamping::Blocks, || "k".to_owned());
        assert_eq!(first, Taken { id: 0, kernel: 0, stream: 0 });
        let next = program.launched(&launched(), Stamping::NoRoom, || unreachable!());
        assert_eq!(next, Taken { id: 1, ..first });
        let told: Vec<_> = std::mem::take(&mut program.events);
        assert!(matches!(&told[0], Event::Kernel(Kernel { id: 0, name }) if name == "k"));
        assert_eq!(told.len(), 3);
        program.begin();
        program.launched(&launched(), Stamping::NoRoom, || unreachable!());
        assert_eq!(program.events.len(), 2);
    }

    #[test]
    fn a_graph_has_room_once_its_places_are_written() {
        let mut program = Program::default();
        assert_eq!(program.room(1, 16), None);
        program.context(1, 0);
        assert!(program.asks(1));
        program.came(1, Some(Layout { base: 4096, capacity: 4 * PAGE_RECORDS }));
        let eager = program.room(1, 16).unwrap();
        assert_eq!(program.graph_room(1, 9), Err(Stamping::GraphNew));
        assert_eq!(program.node((1, 9), (50, 100), 0), None);
        // The launch before the node was seen is still under way.
        assert_eq!(program.unwritten(1), None);
        program.give_back(1, &[eager]);
        assert!(program.unwritten(1).is_some());
        program.written(1);
        let room = program.graph_room(1, 9).unwrap();
        assert_eq!(room, Region { at: PAGE_RECORDS, records: 100 });
        assert_eq!(program.node((1, 9), (50, 100), room.records), Some(0));
        program.graph_gone(9);
        assert_eq!(program.graph_room(1, 9), Err(Stamping::GraphNew));
    }

    #[test]
    fn a_kernel_that_is_too_dear_stays_so() {
        let mut program = Program::default();
        assert!(!program.is_dear(&launched()));
        let Taken { kernel, .. } =
            program.launched(&launched(), Stamping::Blocks, || "k".to_owned());
        assert!(!program.is_dear(&launched()));
        program.too_dear(kernel);
        program.begin();
        assert!(program.is_dear(&launched()));
        assert!(!program.is_dear(&Launched { function: 9, ..launched() }));
    }

    #[test]
    fn memory_is_asked_for_by_one_thread_until_it_comes_or_is_refused_for_good() {
        let mut program = Program::default();
        assert!(!program.asks(1));
        program.context(1, 0);
        assert!(program.asks(1) && !program.asks(1));
        assert!(!program.came(1, None) && !program.contexts[&1].is_settled());
        assert!(program.asks(1));
        assert!(program.came(1, Some(Layout { base: 4096, capacity: 8 })));
        assert!(program.room(1, 8).is_some() && !program.asks(1));
        program.context(2, 1);
        let tries = (0..1000).take_while(|_| program.asks(2) && !program.came(2, None)).count();
        assert_eq!(tries + 1, usize::from(TRIES));
        assert!(program.contexts[&2].is_settled() && program.room(2, 1).is_none());
    }
}
