//! Which keys a row has, in their order: a tree in which every row is a path from the root.
//!
//! Recorders write the same keys for each kernel, so a million rows have a handful of shapes, and the next key can be
//! guessed from the one before it: nothing has to be hashed as long as the guess holds.

use hashbrown::HashMap;

use crate::model::texts::Texts;

/// A place in the tree: the keys so far. 0 is the root, a row without keys.
pub(super) type Shape = u32;

/// Without a child or a sibling.
const NONE: u32 = u32::MAX;
/// Children that are looked at one by one before a table is asked.
const MAX_STEPS: u32 = 8;

/// The tree of all shapes.
#[derive(Clone, Debug)]
pub(super) struct Shapes {
    nodes: Vec<Node>,
    /// Child of a node by the number of its key.
    children: HashMap<(Shape, u32), Shape>,
}

#[derive(Clone, Debug)]
struct Node {
    /// Number of the last key's text.
    key: u32,
    parent: Shape,
    /// Number of keys.
    len: u32,
    /// The child that was met last, then the one before it.
    child: Shape,
    sibling: Shape,
    /// The last text that stood under this key.
    text: u32,
}

impl Default for Shapes {
    fn default() -> Self {
        let root = Node { key: 0, parent: 0, len: 0, child: NONE, sibling: NONE, text: NONE };
        Self { nodes: vec![root], children: HashMap::new() }
    }
}

impl Shapes {
    /// Number of keys.
    pub(super) fn len(&self, shape: Shape) -> usize {
        self.nodes[shape as usize].len as usize
    }

    /// Numbers of the keys' texts, the last key first.
    pub(super) fn keys_reversed(&self, shape: Shape) -> impl Iterator<Item = u32> {
        let mut at = shape;
        std::iter::from_fn(move || {
            let node = &self.nodes[at as usize];
            (at != 0).then(|| {
                at = node.parent;
                node.key
            })
        })
    }

    /// The shape with one more key, given by its text.
    pub(super) fn with(&mut self, shape: Shape, key: &str, texts: &mut Texts) -> Shape {
        let (mut before, mut at) = (NONE, self.nodes[shape as usize].child);
        for _ in 0..MAX_STEPS {
            if at == NONE {
                break;
            }
            if texts.get(self.nodes[at as usize].key) == key {
                self.move_first(shape, before, at);
                return at;
            }
            (before, at) = (at, self.nodes[at as usize].sibling);
        }
        let key = texts.number(key);
        self.with_number(shape, key)
    }

    /// The shape with one more key, given by the number of its text.
    pub(super) fn with_number(&mut self, shape: Shape, key: u32) -> Shape {
        let next = self.nodes.len() as Shape;
        let child = *self.children.entry((shape, key)).or_insert(next);
        if child == next {
            let Node { child: first, len, .. } = self.nodes[shape as usize];
            let len = len + 1;
            let node = Node { key, parent: shape, len, child: NONE, sibling: first, text: NONE };
            self.nodes.push(node);
            self.nodes[shape as usize].child = next;
        }
        child
    }

    /// The number of a text that stands under the last key; the one before it is the first guess.
    pub(super) fn text(&mut self, shape: Shape, text: &str, texts: &mut Texts) -> u32 {
        let last = &mut self.nodes[shape as usize].text;
        if *last == NONE || texts.get(*last) != text {
            *last = texts.number(text);
        }
        *last
    }

    /// What was met last is looked at first the next time.
    fn move_first(&mut self, parent: Shape, before: Shape, at: Shape) {
        if before != NONE {
            self.nodes[before as usize].sibling = self.nodes[at as usize].sibling;
            self.nodes[at as usize].sibling = self.nodes[parent as usize].child;
            self.nodes[parent as usize].child = at;
        }
    }
}
