/// Something that folds, named so that it survives the next iteration's trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FoldId {
    /// A rank: folded it is one ribbon.
    Rank(u32),
    /// The SM rows of a rank.
    Sms(u32),
    /// What kernels say of themselves on the SMs of a rank.
    Inside(u32),
    /// The host threads of a rank, or of none.
    Host(Option<u32>),
    /// The rows of a query's answer, by its number.
    Answer(u32),
}
