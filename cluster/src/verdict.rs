//! What communication takes, in one of the four words that users ask for.

use weftscope_traces::analysis::CommVerdict;

use crate::open::Digest;

/// Skew and transfer of collectives, summed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sums {
    /// Mean time that members waited for the last, ns.
    pub skew_ns: f64,
    /// Mean time from then to their ends, ns.
    pub transfer_ns: f64,
    /// Collectives of several ranks.
    pub collectives: i64,
    /// Of them those whose ranks are on several servers.
    pub across_servers: i64,
    /// Collectives that are known of one rank alone.
    pub alone: i64,
}

impl Digest {
    /// How far times of different servers may be apart although they are one moment: the worst clock's, ns.
    pub fn doubt_ns(&self) -> i64 {
        self.axis.clocks.iter().map(|clock| clock.residual_p99_ns).max().unwrap_or(0)
    }
}

/// The word, and a sentence with its reason. As `weftscope report` has it: skew over skew and transfer of two thirds or more is
/// arrival-skew-dominated, of one third or less transfer-dominated, mixed between; inconclusive without matched collectives,
/// where more than half have no partner, and where the clocks' doubt reaches from one end of the scale to the other.
pub fn of(digest: &Digest, sums: &Sums) -> (CommVerdict, String) {
    let inconclusive = |why: String| {
        let word = CommVerdict::Inconclusive;
        (
            word,
            format!("Whether communication is transfer or arrival skew is {}: {why}", word.name()),
        )
    };
    if sums.collectives == 0 {
        return inconclusive("no collective is known of two ranks".to_owned());
    }
    if sums.alone > sums.collectives {
        return inconclusive(format!(
            "{} collectives are known of one rank alone, {} of several",
            sums.alone, sums.collectives
        ));
    }
    let whole = (sums.skew_ns + sums.transfer_ns).max(1.0);
    let share = sums.skew_ns / whole;
    let off = digest.doubt_ns() as f64 * sums.across_servers as f64 / whole;
    let [least, most] = [share - off, share + off].map(CommVerdict::of_share);
    if least == CommVerdict::TransferDominated && most == CommVerdict::ArrivalSkewDominated {
        return inconclusive(format!("clocks agree to {} µs", digest.doubt_ns() / 1000));
    }
    let word = CommVerdict::of_share(share);
    let sentence = format!(
        "Communication is {}: {:.1} % of the time of {} collectives passes before the last rank has arrived",
        word.name(),
        100.0 * share,
        sums.collectives
    );
    (word, sentence)
}
