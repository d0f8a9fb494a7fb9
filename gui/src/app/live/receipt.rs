use std::time::Duration;

use crossbeam::channel::{Receiver, RecvTimeoutError, Sender, bounded};

/// Goes along with something that was handed over; that it is dropped says that it has been taken in, or that nobody will.
/// The default is of something for which nobody waits.
#[derive(Debug, Default)]
pub struct Receipt(#[expect(dead_code, reason = "its end is the news")] Option<Sender<()>>);

/// Where the giver waits.
pub(super) struct Outstanding(Receiver<()>);

impl Receipt {
    pub(super) fn new() -> (Self, Outstanding) {
        let (sender, receiver) = bounded(0);
        (Self(Some(sender)), Outstanding(receiver))
    }
}

impl Outstanding {
    /// True once the receipt is gone; waits at most so long for it.
    pub(super) fn is_settled(&self, patience: Duration) -> bool {
        self.0.recv_timeout(patience) == Err(RecvTimeoutError::Disconnected)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_is_outstanding_until_it_is_dropped() {
        let (receipt, outstanding) = Receipt::new();
        assert!(!outstanding.is_settled(Duration::ZERO));
        drop(receipt);
        assert!(outstanding.is_settled(Duration::ZERO));
    }
}
