use super::{Cluster, Measure};

/// In which order ranks stand, top to bottom.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Order {
    /// By number, as groups are laid out.
    #[default]
    Rank,
    /// By server, and by number within one.
    Server,
    /// The one with most of what is shown first, over all iterations.
    Most,
}

impl Order {
    /// Every order, as it is chosen.
    pub const ALL: [Self; 3] = [Self::Rank, Self::Server, Self::Most];

    /// As it is chosen.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rank => "by rank",
            Self::Server => "by server",
            Self::Most => "most first",
        }
    }

    /// The ranks of a cluster, by their places in it, in this order. Of whom nothing is known stand last.
    pub fn of(self, cluster: &Cluster, measure: Measure) -> Vec<usize> {
        let mut all: Vec<usize> = (0..cluster.ranks.len()).collect();
        match self {
            Self::Rank => {}
            // Servers are named with numbers of any length: shorter names first.
            Self::Server => all.sort_by_key(|&at| {
                let server = cluster.ranks[at].of.server.as_deref().unwrap_or_default();
                (server.len(), server)
            }),
            Self::Most => {
                let means: Vec<Option<f64>> =
                    all.iter().map(|&at| cluster.mean(at, measure)).collect();
                all.sort_by(|&one, &other| {
                    let key = |at: usize| means[at].unwrap_or(f64::NEG_INFINITY);
                    key(other).total_cmp(&key(one))
                });
            }
        }
        all
    }
}
