//! Which op a node of a CUDA graph belongs to: CUPTI calls back when a node is made, under the mark that its thread has
//! set, and when nodes are copied and go. Records of kernels that a graph launched name their node.

use std::{
    collections::HashMap,
    ffi::c_void,
    sync::{LazyLock, Mutex, MutexGuard, PoisonError},
};

use cupti_sys::{CUgraphNode, NODE_CLONED, NODE_CREATED, NODE_DESTROYED, bindings as sys};
use weftscope_engine::plan::OpId;

/// Nodes that there are, by CUPTI's id, which no other node of the process ever has.
static NODES: LazyLock<Mutex<Nodes>> = LazyLock::new(Mutex::default);

/// Nodes kept: some 80 layers of 8 ranks with their baselines many times over, 16 MB.
const ROOM: usize = 1 << 20;

/// Nodes of ops.
#[derive(Debug, Default)]
struct Nodes {
    ops: HashMap<u64, OpId>,
    /// Nodes that found no room since last asked.
    homeless: u64,
}

impl Nodes {
    fn create(&mut self, node: u64, op: OpId) {
        if self.ops.len() < ROOM || self.ops.contains_key(&node) {
            self.ops.insert(node, op);
        } else {
            self.homeless += 1;
        }
    }

    fn copy(&mut self, original: u64, node: u64) {
        if let Some(&op) = self.ops.get(&original) {
            self.create(node, op);
        }
    }

    fn destroy(&mut self, node: u64) {
        self.ops.remove(&node);
    }
}

/// Notes what happens to a node on a thread that captures an op, if any.
///
/// # Safety
/// `data` is what CUPTI hands out for this call of the domain of resources.
pub(super) unsafe fn called(
    call: sys::CUpti_CallbackId,
    data: *const c_void,
    captured: Option<OpId>,
) {
    if ![NODE_CREATED.1, NODE_CLONED.1, NODE_DESTROYED.1].contains(&call) {
        return;
    }
    // SAFETY: of this domain, so the data is of this type and lives during the callback.
    let descriptor = unsafe { (*data.cast::<sys::CUpti_ResourceData>()).resourceDescriptor };
    if descriptor.is_null() {
        return;
    }
    // SAFETY: calls of graph nodes describe a graph.
    let (node, original) = unsafe {
        let graph = descriptor.cast::<sys::CUpti_GraphData>();
        ((*graph).node, (*graph).originalNode)
    };
    let Some(node) = id_of(node) else { return };
    if call == NODE_DESTROYED.1 {
        nodes().destroy(node);
    } else if call == NODE_CREATED.1 {
        if let Some(op) = captured {
            nodes().create(node, op);
        }
    } else if let Some(original) = id_of(original) {
        nodes().copy(original, node);
    }
}

/// The ops of those of these nodes that are known.
pub(super) fn ops_of(of: impl Iterator<Item = u64>) -> HashMap<u64, OpId> {
    let nodes = nodes();
    of.filter_map(|node| Some((node, *nodes.ops.get(&node)?))).collect()
}

/// Nodes that found no room since last asked.
pub(super) fn take_homeless() -> u64 {
    std::mem::take(&mut nodes().homeless)
}

fn nodes() -> MutexGuard<'static, Nodes> {
    NODES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// CUPTI's id of a node; `None` of none, or where CUPTI does not say.
fn id_of(node: CUgraphNode) -> Option<u64> {
    if node.is_null() {
        return None;
    }
    let mut id = 0;
    // SAFETY: a node that CUPTI has just named; the id is valid for one write.
    let asked = unsafe { sys::cuptiGetGraphNodeId(node, &raw mut id) };
    (asked == sys::CUptiResult::CUPTI_SUCCESS && id != 0).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_belong_to_the_op_of_their_original_until_they_go() {
        let mut nodes = Nodes::default();
        nodes.create(1, OpId(7));
        nodes.copy(1, 20);
        nodes.copy(2, 21);
        assert_eq!(nodes.ops, HashMap::from([(1, OpId(7)), (20, OpId(7))]));
        nodes.destroy(1);
        nodes.copy(20, 22);
        assert_eq!(nodes.ops, HashMap::from([(20, OpId(7)), (22, OpId(7))]));
    }

    #[test]
    fn past_the_room_nodes_are_counted() {
        let mut nodes = Nodes::default();
        for node in 0..=ROOM as u64 {
            nodes.create(node, OpId(0));
        }
        nodes.create(3, OpId(1));
        assert_eq!((nodes.ops.len(), nodes.homeless, nodes.ops[&3]), (ROOM, 1, OpId(1)));
    }
}
