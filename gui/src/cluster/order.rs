use super::{Cluster, Groups, Measure};

/// In which order ranks stand, top to bottom.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Order {
    /// By number, as groups are laid out.
    #[default]
    Rank,
    /// By server, and by number within one.
    Topology,
    /// The one with most of what is shown first, over all iterations.
    Most,
    /// By the groups of a family, and by number within one.
    Group(usize),
}

impl Order {
    /// Every order that needs no groups, as it is chosen.
    pub const ALL: [Self; 3] = [Self::Rank, Self::Topology, Self::Most];

    /// As it is chosen.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rank => "by rank",
            Self::Topology => "by topology",
            Self::Most => "most first",
            Self::Group(_) => "by group",
        }
    }

    /// A sentence more.
    pub fn about(self) -> &'static str {
        match self {
            Self::Rank => "Ranks by their numbers",
            Self::Topology => "By server, and by number within one",
            Self::Most => "The rank with most of what is shown first, over all iterations",
            Self::Group(_) => "Ranks of a group side by side, by number within one",
        }
    }

    /// The ranks of a cluster, by their places in it, in this order. Of whom nothing is known stand last.
    pub fn of(self, cluster: &Cluster, measure: Measure, groups: Option<&Groups>) -> Vec<usize> {
        let mut all: Vec<usize> = (0..cluster.ranks.len()).collect();
        match self {
            Self::Rank => {}
            // Servers are named with numbers of any length: shorter names first.
            Self::Topology => all.sort_by_key(|&at| {
                let server = cluster.ranks[at].of.server.as_deref().unwrap_or_default();
                (server.is_empty(), server.len(), server)
            }),
            Self::Most => {
                let means: Vec<Option<f64>> =
                    all.iter().map(|&at| cluster.mean(at, measure)).collect();
                all.sort_by(|&one, &other| {
                    let key = |at: usize| means[at].unwrap_or(f64::NEG_INFINITY);
                    key(other).total_cmp(&key(one))
                });
            }
            Self::Group(family) => {
                let group = |at: usize| groups.and_then(|groups| groups.in_family(at, family));
                all.sort_by_key(|&at| group(at).unwrap_or(usize::MAX));
            }
        }
        all
    }

    /// Where, in such an order, another server or another group begins; nowhere in the others.
    pub fn edges(
        self,
        cluster: &Cluster,
        groups: Option<&Groups>,
        ordered: &[usize],
    ) -> Vec<usize> {
        let differs = |one: usize, other: usize| match self {
            Self::Rank | Self::Most => false,
            Self::Topology => cluster.ranks[one].of.server != cluster.ranks[other].of.server,
            Self::Group(family) => groups.is_some_and(|groups| {
                groups.in_family(one, family) != groups.in_family(other, family)
            }),
        };
        let pairs = ordered.windows(2).enumerate();
        pairs.filter(|(_, pair)| differs(pair[0], pair[1])).map(|(at, _)| at + 1).collect()
    }
}
