use std::{sync::Arc, time::Duration};

#[cfg(any(test, target_arch = "wasm32"))]
use crossbeam::channel::TryRecvError;
use crossbeam::channel::{Receiver, RecvTimeoutError, Sender, bounded};

use super::KeptIteration;

/// Goes along with an iteration that is handed over; that it is dropped says that the iteration has been taken in, or that
/// nobody will. The default is of something for which nobody waits.
#[derive(Debug, Default)]
pub struct Receipt(Option<Sender<Arc<KeptIteration>>>);

/// Where the giver waits. Frees what came back when it is dropped.
pub(super) struct Outstanding {
    receiver: Receiver<Arc<KeptIteration>>,
    came_back: Option<Arc<KeptIteration>>,
}

impl Receipt {
    pub(super) fn new() -> (Self, Outstanding) {
        let (sender, receiver) = bounded(1);
        (Self(Some(sender)), Outstanding { receiver, came_back: None })
    }

    /// Gives the iteration back that the new one pushes out: to free what one of eight ranks holds takes longer than a frame
    /// may, so the giver does it.
    pub(super) fn give_back(&self, old: Arc<KeptIteration>) {
        if let Some(sender) = &self.0 {
            // Where nobody waits it is freed here.
            drop(sender.try_send(old));
        }
    }
}

impl Outstanding {
    /// True when the receipt is gone.
    #[cfg(any(test, target_arch = "wasm32"))]
    pub(super) fn is_settled_now(&mut self) -> bool {
        loop {
            match self.receiver.try_recv() {
                Ok(old) => self.came_back = Some(old),
                Err(error) => return error == TryRecvError::Disconnected,
            }
        }
    }

    /// True once the receipt is gone; waits at most so long for it.
    pub(super) fn is_settled(&mut self, patience: Duration) -> bool {
        loop {
            match self.receiver.recv_timeout(patience) {
                Ok(old) => self.came_back = Some(old),
                Err(error) => return error == RecvTimeoutError::Disconnected,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_is_outstanding_until_it_is_dropped() {
        let (receipt, mut outstanding) = Receipt::new();
        assert!(!outstanding.is_settled(Duration::ZERO) && !outstanding.is_settled_now());
        drop(receipt);
        assert!(outstanding.is_settled(Duration::ZERO) && outstanding.is_settled_now());
    }
}
