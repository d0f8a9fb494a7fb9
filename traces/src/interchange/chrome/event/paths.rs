//! What stands between the values of an event, remembered from the events before it.
//!
//! A recorder writes all its events alike: the same keys in the same order, with the same blanks around them. What
//! stood between two values is kept as it was written; where the next event has the same bytes there, its key is known
//! without having been read. What does not match is read as if nothing were known, and remembered.

/// A place in the tree of all ways to write an event; the root is before its first byte.
pub(super) type Place = u32;

/// Before an event.
pub(super) const START: Place = 0;
const NONE: Place = u32::MAX;
/// Places kept; a file that writes each event in another way has no use for more.
const MAX_PLACES: usize = 4096;
/// Ways to go on that are tried from one place.
const MAX_TRIES: usize = 6;

/// What a place comes behind, and what is expected there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing, or an opening brace of the event that is not followed by its end.
    Start,
    /// The value of a field belongs here.
    Field(Field),
    /// An argument's value.
    Arg,
    /// The opening brace of the arguments.
    OpenArgs,
    /// Their closing brace.
    CloseArgs,
    /// The closing brace of the event.
    End,
}

/// The places that stand for all those that are not remembered.
const PLAIN: [Step; 6] =
    [Step::Start, Step::Field(Field::Other), Step::Arg, Step::OpenArgs, Step::CloseArgs, Step::End];

/// A field of an event, by its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Phase,
    Scope,
    Name,
    Category,
    Pid,
    Tid,
    Ts,
    Dur,
    Id,
    Other,
}

impl Field {
    pub(super) fn of(key: &str) -> Self {
        match key {
            "ph" => Self::Phase,
            "s" => Self::Scope,
            "name" => Self::Name,
            "cat" => Self::Category,
            "pid" => Self::Pid,
            "tid" => Self::Tid,
            "ts" => Self::Ts,
            "dur" => Self::Dur,
            "id" | "id2" | "bind_id" => Self::Id,
            _ => Self::Other,
        }
    }
}

/// The tree.
#[derive(Debug)]
pub(in crate::interchange::chrome) struct Paths {
    nodes: Vec<Node>,
}

#[derive(Debug)]
struct Node {
    /// The bytes that lead here from the value before.
    lead: Box<[u8]>,
    /// Where in `lead` an argument's key stands.
    key: (u32, u32),
    step: Step,
    /// The way that was gone last from here, then the one before it.
    child: Place,
    sibling: Place,
}

/// A step that was found: how long its bytes are, and where in them a key stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    pub(super) place: Place,
    pub(super) step: Step,
    pub(super) len: usize,
    pub(super) key: (u32, u32),
}

impl Default for Paths {
    fn default() -> Self {
        let node =
            |step| Node { lead: Box::default(), key: (0, 0), step, child: NONE, sibling: NONE };
        Self { nodes: PLAIN.map(node).into() }
    }
}

impl Paths {
    /// The step of a place.
    pub(super) fn step(&self, place: Place) -> Step {
        self.nodes[place as usize].step
    }

    /// The way on from a place whose bytes the text begins with.
    #[inline]
    pub(super) fn follow(&mut self, from: Place, text: &[u8]) -> Option<Known> {
        let first = self.nodes[from as usize].child;
        let (mut before, mut at) = (NONE, first);
        for _ in 0..MAX_TRIES {
            if at == NONE {
                return None;
            }
            let node = &self.nodes[at as usize];
            if text.starts_with(&node.lead) {
                let known =
                    Known { place: at, step: node.step, len: node.lead.len(), key: node.key };
                if before != NONE {
                    let sibling = node.sibling;
                    self.nodes[before as usize].sibling = sibling;
                    self.nodes[at as usize].sibling = first;
                    self.nodes[from as usize].child = at;
                }
                return Some(known);
            }
            (before, at) = (at, node.sibling);
        }
        None
    }

    /// A place behind a step that was got to by bytes that are not worth remembering.
    pub(super) fn plain(step: Step) -> Place {
        let step = if let Step::Field(_) = step { Step::Field(Field::Other) } else { step };
        PLAIN.iter().position(|plain| *plain == step).map_or(START, |place| place as Place)
    }

    /// Remembers a way, as long as there are not too many; gives where it leads to.
    pub(super) fn remember(
        &mut self,
        from: Place,
        lead: &[u8],
        step: Step,
        key: (u32, u32),
    ) -> Place {
        let place = self.nodes.len() as Place;
        if self.nodes.len() >= MAX_PLACES {
            return Self::plain(step);
        }
        let sibling = self.nodes[from as usize].child;
        self.nodes.push(Node { lead: lead.into(), key, step, child: NONE, sibling });
        self.nodes[from as usize].child = place;
        place
    }
}
