//! Architectures that programs are written for, and what a GPU gets of the compiler at hand.

/// A family of architectures that programs are written for, by its first member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Arch {
    /// Ampere and Ada: sm_80 to sm_89.
    Sm80,
    /// Hopper with its architecture-specific instructions (wgmma), H100 and H200.
    Sm90a,
    /// Blackwell and later: sm_100 and on.
    Sm100,
}

impl Arch {
    /// Every family.
    pub const ALL: [Self; 3] = [Self::Sm80, Self::Sm90a, Self::Sm100];

    /// `sm_80`, `sm_90a`, `sm_100`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sm80 => "sm_80",
            Self::Sm90a => "sm_90a",
            Self::Sm100 => "sm_100",
        }
    }

    /// The family of a compute capability.
    pub fn of(major: u32, minor: u32) -> Option<Self> {
        match (major, minor) {
            (8, _) => Some(Self::Sm80),
            (9, 0) => Some(Self::Sm90a),
            (10.., _) => Some(Self::Sm100),
            _ => None,
        }
    }
}

/// What a program is compiled for: a GPU's own compute capability, and the family whose programs it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// Family.
    pub family: Arch,
    /// Compute capability times ten: 80, 86, 90, 120.
    pub capability: u32,
}

impl Target {
    /// For a GPU of this compute capability; `None` below 8.0.
    pub fn of(major: u32, minor: u32) -> Option<Self> {
        Arch::of(major, minor).map(|family| Self { family, capability: major * 10 + minor })
    }

    /// How a compiler that knows machine code for `supported` capabilities builds it: as machine code for the GPU itself,
    /// else as PTX for the newest known capability below, which the driver translates; `None` when there is no such.
    ///
    /// ```
    /// use weftscope_kernels::{Build, Target};
    /// let ada = Target::of(8, 9).unwrap();
    /// assert_eq!(ada.build(&[80, 86, 89, 90]), Some(Build::Machine("sm_89".to_owned())));
    /// let newer = Target::of(12, 0).unwrap();
    /// assert_eq!(newer.build(&[80, 86, 89, 90]), Some(Build::Ptx("compute_90".to_owned())));
    /// ```
    pub fn build(self, supported: &[u32]) -> Option<Build> {
        if supported.contains(&self.capability) {
            let specific = if self.family == Arch::Sm90a { "a" } else { "" };
            return Some(Build::Machine(format!("sm_{}{specific}", self.capability)));
        }
        // Below 8.0 nothing of cuda/ exists; Hopper's own programs have no older form.
        let known =
            supported.iter().copied().filter(|&known| (80..self.capability).contains(&known));
        known.max().map(|known| Build::Ptx(format!("compute_{known}")))
    }
}

impl From<Arch> for Target {
    fn from(family: Arch) -> Self {
        let capability = match family {
            Arch::Sm80 => 80,
            Arch::Sm90a => 90,
            Arch::Sm100 => 100,
        };
        Self { family, capability }
    }
}

/// What the compiler is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Build {
    /// Machine code for this architecture, e.g. `sm_90a`.
    Machine(String),
    /// PTX for this virtual architecture, e.g. `compute_90`.
    Ptx(String),
}

impl Build {
    /// The compiler's name for it.
    pub fn name(&self) -> &str {
        match self {
            Self::Machine(name) | Self::Ptx(name) => name,
        }
    }
}
