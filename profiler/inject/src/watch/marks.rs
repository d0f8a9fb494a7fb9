//! Marks of the program's own kernels: a ring a context, made when it is first needed and never moved; who is led to it; what
//! is read of it.

use std::collections::HashMap;

use weftscope_wire::{Event, MarkName};

use super::{Tools, Watch, lock, soon};
use crate::{
    blocks::copies::CopyStream,
    driver::DriverError,
    marks::{
        reader::Reader,
        record::{self, CAPACITY, HEADER_BYTES, LISTENS_AT},
    },
    sanitizer::{Code, Stream},
};

/// Where the marks of each context lie.
#[derive(Debug, Default)]
pub(super) struct Rings {
    by_context: HashMap<usize, u64>,
}

impl Rings {
    /// A context's ring, made if it has none. The program's own threads wait for `Rings` only where they ask for an address,
    /// outside of callbacks.
    fn get_or_make(&mut self, tools: &Tools, context: usize, stream: Stream) -> Result<u64, Code> {
        if let Some(&ring) = self.by_context.get(&context) {
            return Ok(ring);
        }
        let bytes = HEADER_BYTES + CAPACITY as usize * record::BYTES;
        let ring = tools.sanitizer.zeroed(context, bytes, stream)?;
        tools.sanitizer.write(ring, &record::header(), stream)?;
        self.by_context.insert(context, ring);
        Ok(ring)
    }

    fn get(&self, context: usize) -> Option<u64> {
        self.by_context.get(&context).copied()
    }

    /// A context is going, its memory with it.
    pub(super) fn context_gone(&mut self, context: usize) {
        self.by_context.remove(&context);
    }
}

impl Watch {
    /// Makes the ring of a context from within a callback, unless it is there or another thread is at it.
    pub(super) fn ask_for_ring(&self, context: usize) {
        if let (Some(tools), Some(mut rings)) = (self.tools.get(), soon(&self.rings)) {
            // The thread that fetches asks again.
            let _refused = rings.get_or_make(tools, context, Stream::NULL);
        }
    }

    /// The ring of the context that this thread has, for kernels that take it as an argument; `None`: nothing can be recorded.
    pub(crate) fn ring_of_thread(&self) -> Option<u64> {
        let tools = self.tools.get()?;
        let (context, _) = tools.driver.current()?;
        lock(&self.rings).get_or_make(tools, context, Stream::NULL).ok()
    }
}

/// The marks of one context, while recording.
#[derive(Debug, Default)]
pub(super) struct MarksOf {
    reader: Option<Reader>,
    /// Kernels leave marks.
    is_heard: bool,
    /// Numbers of names as kernels write them: no text is made of a name that is known.
    names: HashMap<record::Name, u32>,
}

impl MarksOf {
    /// Leads modules that are new to the ring, and tells what was left in it; gives how many bytes were read for it.
    pub(super) fn turn(
        &mut self,
        watch: &Watch,
        context: usize,
        (copies, device): (&CopyStream, u32),
    ) -> Result<usize, DriverError> {
        self.lead(watch, context, copies)?;
        let Some(ring) = lock(&watch.rings).get(context) else { return Ok(0) };
        let is_heard = watch.is_stamping();
        if is_heard && self.reader.is_none() {
            self.reader = Some(Reader::from(taken(copies, ring)?));
        }
        if is_heard != self.is_heard {
            copies.write(ring + LISTENS_AT, &u64::from(is_heard).to_le_bytes())?;
            self.is_heard = is_heard;
        }
        let Some(reader) = &mut self.reader else { return Ok(0) };
        let range = reader.range(taken(copies, ring)?);
        let mut bytes = Vec::new();
        for stretch in stretches(range.start, range.end) {
            let at = ring + (HEADER_BYTES + stretch.start as usize * record::BYTES) as u64;
            copies.read(at, (stretch.end - stretch.start) as usize * record::BYTES, &mut bytes)?;
        }
        let read = reader.take(range, record::marks(&bytes), taken(copies, ring)?);
        let mut events = Vec::new();
        let num_left = read.left.len();
        let mut marks = Vec::with_capacity(num_left);
        for left in read.left {
            let next = self.names.len() as u32;
            let name = *self.names.entry(left.name).or_insert_with(|| {
                events.push(Event::MarkName(MarkName { id: next, name: left.name() }));
                next
            });
            marks.extend(left.mark(device, name));
        }
        let unknown = num_left - marks.len();
        if !marks.is_empty() {
            events.push(Event::Marks(marks));
        }
        let over = ("marks of kernels, written over before they were fetched", read.lost);
        let unknown = ("marks of kernels, of a kind that is not known here", unknown as u64);
        for (cause, count) in [over, unknown].into_iter().filter(|&(_, count)| count > 0) {
            events.push(Event::Lost { cause: cause.to_owned(), count });
        }
        watch.outbox.put(events);
        Ok(bytes.len())
    }

    fn lead(&self, watch: &Watch, context: usize, copies: &CopyStream) -> Result<(), DriverError> {
        let wanting = lock(&watch.modules).wanting_marks(context);
        let Some(tools) = watch.tools.get().filter(|_| !wanting.is_empty()) else { return Ok(()) };
        let ring = lock(&watch.rings).get_or_make(tools, context, copies.sanitizers());
        let ring = match ring {
            Ok(ring) => ring,
            // Asked again in the next turn.
            Err(code) if code.is_not_ready() => return Ok(()),
            Err(code) => return Err(code.into()),
        };
        for module in wanting {
            // A module does not go while it is held, unless its program waits for too long.
            let _held = lock(&watch.leading);
            if !lock(&watch.modules).wants_marks(module) {
                continue;
            }
            if let Err(error) = copies.set_global(module, c"weft_ring", ring) {
                let note = format!("marks of a module's kernels are not recorded: {error}");
                watch.outbox.put([Event::Note(note)]);
            }
            lock(&watch.modules).led(module);
        }
        Ok(())
    }
}

fn taken(copies: &CopyStream, ring: u64) -> Result<u64, DriverError> {
    let mut header = Vec::new();
    copies.read(ring, HEADER_BYTES, &mut header)?;
    Ok(record::taken(&header))
}

/// Where marks lie, counted from the beginning of the ring: as one stretch, or as two where it begins anew.
fn stretches(from: u64, to: u64) -> impl Iterator<Item = std::ops::Range<u64>> {
    let (start, end) = (from % CAPACITY, from % CAPACITY + (to - from));
    let first = start..end.min(CAPACITY);
    let second = 0..end.saturating_sub(CAPACITY);
    [first, second].into_iter().filter(|stretch| !stretch.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_is_read_over_its_end() {
        let of = |from, to| {
            stretches(from, to).map(|stretch| (stretch.start, stretch.end)).collect::<Vec<_>>()
        };
        assert_eq!(of(3, 5), [(3, 5)]);
        assert_eq!(of(CAPACITY - 1, CAPACITY + 4), [(CAPACITY - 1, CAPACITY), (0, 4)]);
        assert_eq!(of(CAPACITY, 2 * CAPACITY), [(0, CAPACITY)]);
        assert!(of(7, 7).is_empty());
    }
}
