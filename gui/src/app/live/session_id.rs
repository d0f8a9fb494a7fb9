/// One session of several that the window has had: iterations and news of an older one are of no interest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SessionId {
    /// Counted from 0.
    pub index: u32,
    /// Number of its first iteration; numbers are never repeated while the window is open.
    pub first_iteration: u64,
}
