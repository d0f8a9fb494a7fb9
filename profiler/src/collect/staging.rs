//! A few rows of every lane, on their way to the lane's columns.
//!
//! An iteration fills thousands of lanes in turn, and a lane is five columns: appending to each as blocks come
//! touches five pages a block, more than a processor's page table cache holds. Here a block touches one; the
//! columns get runs of rows.

use weftscope_engine::observer::BlockRecord;
use weftscope_traces::{ArgsId, LabelId, SliceTable};

/// Rows kept a lane: 32 rows of 24 bytes, so that all lanes of a rank together fit in a common L2.
const ROWS: usize = 32;

#[derive(Clone, Copy)]
struct Row {
    start_ns: i64,
    end_ns: i64,
    label: LabelId,
    block: u32,
}

/// Rows of lanes, by the order in which the lanes appeared.
#[derive(Default)]
pub(super) struct Staging {
    /// `[lane · ROWS + row]`.
    rows: Vec<Row>,
    len: Vec<u32>,
}

impl Staging {
    /// Makes room for lanes up to `num`.
    pub(super) fn grow(&mut self, num: usize) {
        let empty = Row { start_ns: 0, end_ns: 0, label: LabelId(0), block: 0 };
        self.rows.resize(num * ROWS, empty);
        self.len.resize(num, 0);
    }

    /// Lanes there is room for.
    pub(super) fn num_lanes(&self) -> usize {
        self.len.len()
    }

    /// Keeps a row. True when the lane is full now and must be [flushed](Self::flush).
    #[inline]
    pub(super) fn push(&mut self, lane: usize, record: &BlockRecord, label: LabelId) -> bool {
        let len = &mut self.len[lane];
        self.rows[lane * ROWS + *len as usize] =
            Row { start_ns: record.start_ns, end_ns: record.end_ns, label, block: record.block };
        *len += 1;
        *len as usize == ROWS
    }

    /// Moves the rows of a lane to its columns.
    pub(super) fn flush(&mut self, lane: usize, slices: &mut SliceTable) {
        let len = std::mem::take(&mut self.len[lane]) as usize;
        let rows = &self.rows[lane * ROWS..lane * ROWS + len];
        slices.start_ns.extend(rows.iter().map(|row| row.start_ns));
        slices.end_ns.extend(rows.iter().map(|row| row.end_ns));
        slices.label.extend(rows.iter().map(|row| row.label));
        slices.args.extend(std::iter::repeat_n(ArgsId::NONE, len));
        slices.item.extend(rows.iter().map(|row| row.block));
    }
}
