//! Launches of graphs: a room for all nodes at the beginning, a part for each, who is waited for at the end.

use std::cell::RefCell;

use weftscope_wire::Stamping;

use super::{Watch, callbacks::NO_ADDRESS, lock, program::Launched};
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
struct GraphLaunch {
    number: u64,
    context: usize,
    graph: usize,
    stream: usize,
    at_host_ns: i64,
    /// Where the stamps of all nodes go, and what the nodes are told; or why they go nowhere.
    room: Result<(Region, u64), Stamping>,
    parts: Vec<Part>,
}

thread_local! {
    /// What this thread is launching; none while a graph is only brought to the device.
    static LAUNCHING: RefCell<Option<GraphLaunch>> = const { RefCell::new(None) };
}

impl Watch {
    pub(super) fn graph_begins(&self, data: &GraphData) {
        self.graph_ends();
        if data.is_upload != 0 || !self.is_stamping() {
            return;
        }
        let (context, graph) = (data.context as usize, data.graph as usize);
        let mut program = lock(&self.program);
        let room = program.graph_room(context, graph).and_then(|room| {
            let layout = program.ring(context).ok_or(Stamping::NoRoom)?;
            Ok((room, graphs::told(layout, room)))
        });
        let launch = GraphLaunch {
            number: program.graph_number(),
            context,
            graph,
            stream: data.stream_handle as usize,
            at_host_ns: host::monotonic_ns(),
            room,
            parts: Vec::new(),
        };
        LAUNCHING.set(Some(launch));
    }

    /// A node that is a kernel.
    pub(super) fn node(&self, data: &LaunchData) {
        LAUNCHING.with_borrow_mut(|launching| match launching {
            Some(graph) => self.recorded_node(data, graph),
            None => self.unrecorded(data),
        });
    }

    fn recorded_node(&self, data: &LaunchData, graph: &mut GraphLaunch) {
        let launched =
            Launched { graph: Some(graph.number), ..Launched::of(data, graph.at_host_ns) };
        let mut stamping = lock(&self.modules).stamping(launched.module);
        let mut first = None;
        if stamping == Stamping::Blocks {
            (stamping, first) = self.part(data, &launched, graph);
        }
        let (id, _) = lock(&self.program).launched(&launched, stamping, || data.name());
        if let Some(first) = first {
            let (blocks, threads) = (launched.blocks(), launched.threads());
            graph.parts.push(Part { launch: id, first, blocks, threads });
        }
    }

    /// The first record of a node, if it has a part of the room; else why not.
    fn part(
        &self,
        data: &LaunchData,
        launched: &Launched,
        graph: &GraphLaunch,
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
        let Some(graph) = LAUNCHING.take() else { return };
        let Ok((region, _)) = graph.room else { return };
        let mut program = lock(&self.program);
        let stream = program.stream(graph.stream);
        let GraphLaunch { context, at_host_ns, parts, .. } = graph;
        program.wait_for(context, Pending { region, stream, at_host_ns, parts });
    }
}
