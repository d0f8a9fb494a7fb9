//! Digests of a job's ranks in the centre: what is chosen of them, and what a job reads.

mod update;
mod work;

pub(crate) use update::{close_cluster, take, update_cluster};
pub(crate) use work::{is_digests, read_cluster, read_groups, read_within};

use std::{ops::Range, sync::Arc};

use crate::cluster::{Cluster, Groups, Measure, Order, Within};

/// What a user can ask of them.
#[derive(Clone, Debug, PartialEq)]
pub enum ClusterCommand {
    /// Show this of each rank.
    Measure(Measure),
    /// In this order.
    Order(Order),
    /// These of that order, by their places in it.
    Rows(Range<usize>),
    /// Look at this rank, by its place among all; `None`: at none.
    Select(Option<usize>),
    /// Mark the ranks of this group, by its place among all; `None`: of none.
    Mark(Option<usize>),
    /// Look into the iteration of this column; `None`: at all of them.
    Within(Option<usize>),
    /// Open the recording of this rank, by its place among all.
    Open(usize),
    /// Close them.
    Close,
}

/// The ranks of a job, and how they are looked at.
pub struct ClusterView {
    /// The ranks.
    pub cluster: Arc<Cluster>,
    /// What is shown of each.
    pub measure: Measure,
    /// In which order.
    pub order: Order,
    /// The ranks in that order, by their places among all.
    pub ordered: Vec<usize>,
    /// Which of these are in view.
    pub rows: Range<usize>,
    /// All ranks, those with most of what is shown first: worked out where that changes, and not in every frame.
    pub most_first: Vec<usize>,
    /// Where another server or group begins in that order.
    pub edges: Vec<usize>,
    /// The groups of the ranks; none until they are read.
    pub groups: Option<Arc<Groups>>,
    /// The group whose ranks are marked, by its place among all.
    pub marked: Option<usize>,
    /// The rank that is looked at, by its place among all.
    pub selected: Option<usize>,
    /// The iteration that is looked into, over time; it is empty until it is read.
    pub within: Option<(usize, Option<Arc<Within>>)>,
}

impl ClusterView {
    /// A first look at them.
    pub fn new(cluster: Arc<Cluster>) -> Self {
        let (measure, order) = (Measure::default(), Order::default());
        let rows = 0..cluster.ranks.len();
        let mut view = Self {
            cluster,
            measure,
            order,
            rows,
            ordered: Vec::new(),
            most_first: Vec::new(),
            edges: Vec::new(),
            groups: None,
            marked: None,
            selected: None,
            within: None,
        };
        view.arrange();
        view
    }

    /// Puts the ranks in order anew.
    fn arrange(&mut self) {
        let groups = self.groups.as_deref();
        self.ordered = self.order.of(&self.cluster, self.measure, groups);
        self.most_first = Order::Most.of(&self.cluster, self.measure, groups);
        self.edges = self.order.edges(&self.cluster, groups, &self.ordered);
    }

    /// The group of the rank that is looked at whose ranks are marked first: that by which ranks stand, or its first.
    fn first_mark(&self) -> Option<usize> {
        let (rank, groups) = (self.selected?, self.groups.as_ref()?);
        let ordered = match self.order {
            Order::Group(family) => groups.in_family(rank, family),
            _ => None,
        };
        ordered.or_else(|| groups.of_rank(rank).first().copied())
    }

    /// The ranks of the group that is marked, by their places among all.
    pub fn marked_ranks(&self) -> Option<&[usize]> {
        Some(self.groups.as_ref()?.members(self.marked?))
    }

    /// What is shown of the rank at a place of the order, in a column.
    pub fn value(&self, at: usize, column: usize) -> Option<f64> {
        let rank = *self.ordered.get(at)?;
        match &self.within {
            Some((_, Some(within))) => within.value(rank, column, self.measure),
            _ => self.cluster.value(rank, column, self.measure),
        }
    }

    /// Columns of the picture.
    pub fn num_columns(&self) -> usize {
        match &self.within {
            Some((_, Some(_))) => crate::cluster::BINS,
            _ => self.cluster.iterations.len(),
        }
    }
}
