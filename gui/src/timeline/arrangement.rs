//! What the user made of the rows: which are pinned, hidden, filtered out, and in what order they stand.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    TimelineData,
    row_kind::{RowId, RowKind},
    tree,
};

/// The user's choice of rows. Rows are named, so that it holds from one iteration's trace to the next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arrangement {
    /// Kept at the top, in this order; they stand at their own place too.
    pub pinned: Vec<RowId>,
    /// Not shown, nor what is below them.
    pub hidden: BTreeSet<RowId>,
    /// Rows that were moved with all that stand beside them, in the order that they were given.
    pub order: Vec<RowId>,
    /// Only rows with this in their names are shown, and what stands over and under them; empty: all.
    pub filter: String,
}

impl Arrangement {
    /// Rows that are hidden by hand, of those that this trace has; what is below them is not counted.
    pub fn num_hidden(&self, data: &TimelineData) -> usize {
        self.hidden.iter().filter(|id| id.find(data).is_some()).count()
    }

    /// True when this row is pinned.
    pub fn is_pinned(&self, id: &RowId) -> bool {
        self.pinned.contains(id)
    }

    /// True when a name passes the filter.
    pub(super) fn passes(&self, name: &str) -> bool {
        self.filter.is_empty() || name.to_lowercase().contains(&self.filter.to_lowercase())
    }

    /// Rows under a row, or under none, in their order, without those that are hidden.
    pub(super) fn below(&self, data: &TimelineData, parent: Option<RowKind>) -> Vec<RowKind> {
        let mut rows = self.ordered(data, parent);
        if !self.hidden.is_empty() {
            rows.retain(|row| !self.hidden.contains(&row.id(data)));
        }
        rows
    }

    /// Hides rows; what is hidden is pinned no longer.
    pub(super) fn hide(&mut self, rows: Vec<RowId>) {
        self.pinned.retain(|pinned| !rows.contains(pinned));
        self.hidden.extend(rows);
    }

    /// Hides nothing and filters nothing out.
    pub(super) fn show_all(&mut self) {
        self.hidden.clear();
        self.filter.clear();
    }

    /// Shows a row that is hidden or filtered out, with what stands over it.
    pub(super) fn reveal(&mut self, data: &TimelineData, row: RowKind) {
        let mut passes = false;
        let mut at = Some(row);
        while let Some(row) = at {
            self.hidden.remove(&row.id(data));
            passes |= self.passes(&row.name(data));
            at = tree::parent(data, row);
        }
        if !passes {
            self.filter.clear();
        }
    }

    /// Pins a row, or lets it go.
    pub(super) fn toggle_pin(&mut self, id: RowId) {
        match self.pinned.iter().position(|pinned| *pinned == id) {
            Some(at) => {
                self.pinned.remove(at);
            }
            None => self.pinned.push(id),
        }
    }

    /// True when a row can be moved past a neighbour, up (`by` < 0) or down.
    pub(super) fn can_move(&self, data: &TimelineData, id: &RowId, by: i32) -> bool {
        self.neighbour(data, id, by).is_some()
    }

    /// Moves a row past its neighbour on the screen, up (`by` < 0) or down.
    pub(super) fn move_row(&mut self, data: &TimelineData, id: &RowId, by: i32) {
        let Some((row, neighbour)) = self.neighbour(data, id, by) else { return };
        let mut rows = self.ordered(data, tree::parent(data, row));
        rows.retain(|&other| other != row);
        let at = rows.iter().position(|&other| other == neighbour).unwrap_or(0);
        rows.insert(if by < 0 { at } else { at + 1 }, row);
        let ids: Vec<RowId> = rows.iter().map(|row| row.id(data)).collect();
        // Rows that stood beside them in another trace keep their places behind.
        self.order.retain(|other| !ids.contains(other));
        self.order.splice(0..0, ids);
    }

    /// The row and the one shown beside it.
    fn neighbour(&self, data: &TimelineData, id: &RowId, by: i32) -> Option<(RowKind, RowKind)> {
        let row = id.find(data)?;
        let rows = self.below(data, tree::parent(data, row));
        let at = rows.iter().position(|&other| other == row)?;
        let beside = at.checked_add_signed(by.signum() as isize)?;
        rows.get(beside).map(|&beside| (row, beside))
    }

    /// Rows under a row or under none, as they were moved.
    fn ordered(&self, data: &TimelineData, parent: Option<RowKind>) -> Vec<RowKind> {
        let mut rows =
            parent.map_or_else(|| tree::roots(data), |parent| tree::children(data, parent));
        if !self.order.is_empty() {
            let places: BTreeMap<&RowId, usize> = self.order.iter().zip(0..).collect();
            let place = |row: &RowKind| places.get(&row.id(data)).copied().unwrap_or(usize::MAX);
            // Where nothing was moved all are last, and stay as they are.
            rows.sort_by_cached_key(place);
        }
        rows
    }
}
