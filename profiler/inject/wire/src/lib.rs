//! What the library inside a watched program and those who watch it say to each other.
//!
//! [`message`] says what is said, [`runs`] what of it CUPTI and NCCL have timed, [`marks`] what kernels say of themselves, [`frame`] how it goes over a socket, [`sized`] what all frames are made of,
//! [`folder`] where the sockets lie, [`variables`] how the library learns what it is to do before anybody has connected,
//! [`trigger`] when it records by itself, [`cost`] what both estimate of stamps.

pub mod cost;
pub mod folder;
pub mod frame;
pub mod marks;
pub mod message;
pub mod runs;
pub mod sized;
pub mod trigger;
pub mod variables;

pub use cost::Cost;
pub use marks::{Mark, MarkKind, MarkName};
pub use message::{
    BlockStamp, Clock, Collective, Command, Communicator, Device, Event, GraphLaunch, Hello,
    Kernel, Launch, Level, Reply, Stamping, TooDear, VERSION, Wait,
};
pub use runs::{ChannelRun, CopyRun, GraphNode, HostRange, KernelRun, Moved, Range};
pub use trigger::{Begin, Trigger};
