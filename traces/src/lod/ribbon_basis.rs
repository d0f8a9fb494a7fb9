/// What a ribbon's shares are shares of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RibbonBasis {
    /// Thread blocks on SMs are known. An SM with at least one busy slot counts whole, divided evenly among its busy
    /// slots; shares of all bands and idleness add up to 1.
    Sms {
        /// SMs of the rank.
        sms: u32,
    },
    /// Only ops on streams are known (imports). Two sides, each 1 while anything of it runs, divided evenly among
    /// the bands running: computation ([`Kind::is_compute`](crate::model::Kind::is_compute)) and the rest (communication, waiting, copies). Both at
    /// once stack to 2, which is what overlap looks like.
    Streams,
    /// The rank has neither.
    Nothing,
}

impl RibbonBasis {
    /// The sum of shares that fills the ribbon's height: 1 for SMs, 2 for streams.
    pub fn full_scale(self) -> f32 {
        match self {
            Self::Streams => 2.0,
            Self::Sms { .. } | Self::Nothing => 1.0,
        }
    }
}
