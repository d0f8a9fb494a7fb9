//! Who comes is heard, and let in or refused, each on a thread of its own.

use std::{
    io,
    net::Shutdown,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use super::{
    super::{
        agent::{AgentError, Offer, serve},
        socket::Socket,
    },
    admission::{Door, Halves},
    bind::{Bound, Listener, SocketFile},
    hall::{Hall, Seat},
    lobby::{Lobby, Place},
    log::Log,
    pace::Pace,
    stranger::Refusal,
};

/// Connections that are accepted a second in the long run; the others wait in the system's queue.
const A_SECOND: f64 = 100.0;
/// How many at once after a rest.
const AT_ONCE: f64 = 64.0;
/// How long it is waited where the system has no descriptor left.
const OUT_OF_ROOM: Duration = Duration::from_millis(200);
/// How often the log is asked whether it left something out.
const BETWEEN_LOOKS: Duration = Duration::from_secs(5);

/// A server that listens until the program ends; its socket's file goes when this is dropped.
pub(crate) struct Serving {
    shared: Arc<Shared>,
    _file: Option<SocketFile>,
}

struct Shared {
    door: Door,
    lobby: Lobby,
    hall: Hall,
    log: Log,
    offer: Offer,
}

impl Serving {
    /// Begins to listen.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub(crate) fn begin(bound: Bound, offer: Offer, log: Log) -> io::Result<Self> {
        let tls = bound.certificate.map(|certificate| certificate.config);
        let door = Door { token: bound.token, tls };
        let (lobby, hall) = (Lobby::default(), Hall::default());
        let shared = Arc::new(Shared { door, lobby, hall, log, offer });
        let (listening, looking) = (Arc::clone(&shared), Arc::clone(&shared));
        let listener = bound.listener;
        thread::Builder::new()
            .name("weftscope-listen".to_owned())
            .spawn(move || listen(&listener, &listening))?;
        thread::Builder::new().name("weftscope-log".to_owned()).spawn(move || {
            loop {
                thread::sleep(BETWEEN_LOOKS);
                looking.log.catch_up();
            }
        })?;
        Ok(Self { shared, _file: bound.file })
    }

    /// Windows that are served now.
    #[cfg_attr(
        not(any(test, feature = "gpus")),
        expect(dead_code, reason = "asked where an interrupt is awaited")
    )]
    pub(crate) fn windows(&self) -> usize {
        self.shared.hall.seated()
    }

    /// Those who have not proven themselves.
    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        self.shared.lobby.waiting()
    }
}

fn listen(listener: &Listener, shared: &Arc<Shared>) {
    let mut pace = Pace::new(A_SECOND, AT_ONCE, Instant::now());
    loop {
        let (socket, who) = match listener.accept() {
            Ok(came) => came,
            Err(error) => {
                // One that went before it was accepted is none; of descriptors there may be more in a moment.
                if error.kind() != io::ErrorKind::ConnectionAborted {
                    shared.log.refused("a connection", error);
                    thread::sleep(OUT_OF_ROOM);
                }
                continue;
            }
        };
        thread::sleep(pace.one(Instant::now()));
        let socket = Arc::new(socket);
        let Some(place) = shared.lobby.enter(&socket) else {
            shared.log.refused(&who, Refusal::Crowded);
            continue;
        };
        let (meeting, name) = (Arc::clone(shared), who.clone());
        let met = thread::Builder::new()
            .name("weftscope-admit".to_owned())
            .spawn(move || meeting.meet(&socket, &name, place));
        if met.is_err() {
            shared.log.refused(&who, Refusal::NoRoom);
        }
    }
}

impl Shared {
    fn meet(&self, socket: &Socket, who: &str, place: Place) {
        let refused = match self.door.hear(socket) {
            Ok(known) => match self.hall.enter() {
                Some(seat) => {
                    drop(place);
                    return self.host(known.let_in(socket), (socket, who), seat);
                }
                None => known.refused(Refusal::Full),
            },
            Err(refused) => refused,
        };
        let why = if place.is_lost() { Refusal::Displaced } else { refused.what };
        self.log.refused(who, why);
        refused.tell(socket);
        drop(place);
    }

    fn host(&self, halves: io::Result<Halves>, (socket, who): (&Socket, &str), seat: Seat) {
        self.log.say(who, "let in");
        let served = halves.map_err(|error| AgentError::Frame(error.into()));
        let served = served.and_then(|(input, output)| serve(input, output, &self.offer));
        // Who still writes to it waits no longer.
        socket.end(Shutdown::Both);
        drop(seat);
        match served {
            Ok(()) => self.log.say(who, "has gone"),
            Err(error) => self.log.say(who, format_args!("has gone: {error}")),
        }
    }
}
