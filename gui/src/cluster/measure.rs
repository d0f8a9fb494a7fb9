use weftscope_traces::digest::IterationRow;

/// What is shown of a rank in an iteration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Measure {
    /// Communication with no computation beside it.
    #[default]
    Exposed,
    /// Communication spent waiting for a late rank.
    Waiting,
    /// Time in which nothing runs.
    Idle,
    /// Time with computation.
    Compute,
    /// How much longer it computes than the median rank.
    Slower,
}

impl Measure {
    /// Every measure, in the order of the window.
    pub const ALL: [Self; 5] =
        [Self::Exposed, Self::Waiting, Self::Idle, Self::Compute, Self::Slower];

    /// As it is chosen.
    pub fn name(self) -> &'static str {
        match self {
            Self::Exposed => "exposed",
            Self::Waiting => "waiting",
            Self::Idle => "idle",
            Self::Compute => "compute",
            Self::Slower => "slower",
        }
    }

    /// Over the ranks with most of it.
    pub fn most(self) -> &'static str {
        match self {
            Self::Exposed => "Most exposed",
            Self::Waiting => "Waiting longest",
            Self::Idle => "Most idle",
            Self::Compute => "Computing longest",
            Self::Slower => "Slowest",
        }
    }

    /// A sentence more.
    pub fn about(self) -> &'static str {
        match self {
            Self::Exposed => {
                "Communication with no computation beside it, as a share of the iteration"
            }
            Self::Waiting => {
                "Communication spent waiting for a late rank, as a share of the iteration; the rank that the others wait for waits least itself"
            }
            Self::Idle => "Time in which nothing runs, as a share of the iteration",
            Self::Compute => "Time with computation, as a share of the iteration",
            Self::Slower => {
                "How much longer the rank computes than the median rank in the same iteration"
            }
        }
    }

    /// What it is of a row, as a share of the iteration, or of the median rank's computation. `None`: not known.
    pub fn of(self, row: &IterationRow, usual_compute_ns: Option<f64>) -> Option<f64> {
        let len_ns = (row.end_ns - row.start_ns).max(0) as f64;
        let share = |ns: i64| (len_ns > 0.0).then(|| ns as f64 / len_ns);
        match self {
            Self::Exposed => share(row.exposed_ns),
            Self::Waiting => share(row.wait_ns?),
            Self::Idle => share(row.idle_ns),
            Self::Compute => share(row.compute_ns),
            Self::Slower => {
                let usual_ns = usual_compute_ns.filter(|&usual_ns| usual_ns > 0.0)?;
                // Who is faster holds nobody up.
                Some((row.compute_ns as f64 / usual_ns - 1.0).max(0.0))
            }
        }
    }
}
