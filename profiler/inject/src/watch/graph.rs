//! Launches of graphs: a room for all nodes at the beginning, a part for each, who is waited for at the end.

use std::cell::RefCell;

use weftscope_wire::{Event, GraphLaunch, Stamping};

use super::{
    Watch,
    callbacks::NO_ADDRESS,
    calls, lock,
    program::{Launched, Taken},
};
use crate::{
    blocks::{
        graphs,
        ring::Region,
        waiting::{Part, Pending},
    },
    host,
    sanitizer::abi::{GraphData, LaunchData},
};

/// The launch of a graph, from its beginning to its end on one thread.
#[derive(Debug)]
struct Launching {
    number: u64,
    is_recorded: bool,
    context: usize,
    graph: usize,
    stream: usize,
    at_host_ns: i64,
    /// Where the stamps of all nodes go, and what the nodes are told; or why they go nowhere.
    room: Result<(Region, u64), Stamping>,
    parts: Vec<Part>,
}

thread_local! {
    static LAUNCHING: RefCell<Option<Launching>> = const { RefCell::new(None) };
}

/// With what this thread is launching; none while a graph is only brought to the device, nor on a thread that is ending,
/// where nothing is recorded any more.
fn launching<T>(work: impl FnOnce(&mut Option<Launching>) -> T) -> Option<T> {
    LAUNCHING.try_with(|launching| work(&mut launching.borrow_mut())).ok()
}

impl Watch {
    pub(super) fn graph_begins(&self, data: &GraphData) {
        self.graph_ends();
        calls::has_launched();
        let (context, graph) = (data.context as usize, data.graph as usize);
        let is_recorded = self.is_stamping();
        let mut program = lock(&self.program);
        // The first launch is looked at even when nobody records: the places of its nodes are known when somebody does.
        if data.is_upload != 0 || (!is_recorded && program.is_known(context, graph)) {
            return;
        }
        let room =
            if is_recorded { program.graph_room(context, graph) } else { Err(Stamping::GraphNew) };
        let room = room.and_then(|room| {
            let layout = program.ring(context).ok_or(Stamping::NoRoom)?;
            Ok((room, graphs::told(layout, room)))
        });
        let launch = Launching {
            number: if is_recorded { program.graph_number() } else { 0 },
            is_recorded,
            context,
            graph,
            stream: data.stream_handle as usize,
            at_host_ns: host::monotonic_ns(),
            room,
            parts: Vec::new(),
        };
        launching(|launching| *launching = Some(launch));
    }

    /// A node that is a kernel.
    pub(super) fn node(&self, data: &LaunchData) {
        let known = launching(|launching| match launching {
            Some(graph) => {
                self.known_node(data, graph);
                true
            }
            None => false,
        });
        if known != Some(true) {
            self.unrecorded(data);
        }
    }

    fn known_node(&self, data: &LaunchData, graph: &mut Launching) {
        let launched =
            Launched { graph: Some(graph.number), ..Launched::of(data, graph.at_host_ns) };
        let mut stamping = lock(&self.modules).stamping(launched.module);
        let mut first = None;
        if stamping == Stamping::Blocks {
            (stamping, first) = self.part(data, &launched, graph);
        }
        if !graph.is_recorded {
            return;
        }
        let Taken { id, kernel, .. } =
            lock(&self.program).launched(&launched, stamping, || data.name());
        if let Some(first) = first {
            let (blocks, threads) = (launched.blocks(), launched.threads());
            graph.parts.push(Part { launch: id, kernel, first, blocks, threads });
        }
    }

    /// The first record of a node, if it has a part of the room; else why not.
    fn part(
        &self,
        data: &LaunchData,
        launched: &Launched,
        graph: &Launching,
    ) -> (Stamping, Option<u32>) {
        let room = graph.room.map_or(0, |(room, _)| room.records);
        // A node on another device has another ring.
        let is_here = launched.context == graph.context;
        let node = || {
            let of_node = (data.grid_id, launched.blocks());
            lock(&self.program).node((graph.context, graph.graph), of_node, room)
        };
        let first = is_here.then(node).flatten();
        match (graph.room, first) {
            (Ok((_, told)), Some(_)) if self.hand_over(data, told) => (Stamping::Blocks, first),
            (Ok(_), Some(_)) => (Stamping::Refused, None),
            (room, _) => {
                self.hand_over(data, NO_ADDRESS);
                (room.err().unwrap_or(Stamping::GraphNew), None)
            }
        }
    }

    /// The launch is made, if one was begun on this thread: its nodes are waited for.
    pub(super) fn graph_ends(&self) {
        let Some(Some(graph)) = launching(Option::take) else { return };
        let returned_host_ns = host::monotonic_ns();
        let mut program = lock(&self.program);
        program.seen(graph.context, graph.graph);
        if !graph.is_recorded {
            return;
        }
        program.events.push(Event::Graph(GraphLaunch {
            number: graph.number,
            tid: host::tid(),
            at_host_ns: graph.at_host_ns,
            returned_host_ns,
        }));
        let Ok((region, _)) = graph.room else { return };
        let stream = program.stream(graph.stream);
        let Launching { context, at_host_ns, parts, .. } = graph;
        program.wait_for(context, Pending { region, stream, at_host_ns, parts });
    }
}
