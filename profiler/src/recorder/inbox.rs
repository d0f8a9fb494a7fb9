use crossbeam::channel::{Receiver, Sender};
use weftscope_engine::observer::BlockRecord;

use super::Message;

/// The receiving half.
pub struct Inbox {
    pub(super) messages: Receiver<Message>,
    pub(super) used_buffers: Sender<Vec<BlockRecord>>,
}

impl Inbox {
    /// The next batch, waiting for it; `None` when the recorder is gone and everything was read.
    pub fn next(&self) -> Option<Message> {
        self.messages.recv().ok()
    }

    /// Gives a block buffer back to be filled again.
    pub fn recycle(&self, mut buffer: Vec<BlockRecord>) {
        buffer.clear();
        // With the channel back full, or the recorder gone, the buffer is simply freed.
        let _freed = self.used_buffers.try_send(buffer);
    }
}
