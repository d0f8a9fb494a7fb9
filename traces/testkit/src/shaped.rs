//! A link as far away and as slow as one likes: a proxy on the loopback that holds bytes back, and can be cut.

use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

/// What a link is like, each way.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// From one end to the other.
    pub delay: Duration,
    /// How much fits through.
    pub bytes_per_s: f64,
}

/// A proxy to one address.
pub struct Shaped {
    port: u16,
    streams: Arc<Mutex<Vec<TcpStream>>>,
    is_closed: Arc<AtomicBool>,
    carried: Arc<AtomicU64>,
}

/// Bytes taken at once: what is on the way at 20 Mbit/s for 6 ms.
const PIECE: usize = 16 << 10;
/// Pieces on the way at most: further ones wait at their sender, as in a network.
const PIECES: usize = 64;

impl Shaped {
    /// One to `to`.
    ///
    /// # Panics
    /// Without sockets or threads there is no link.
    pub fn to(to: SocketAddr, shape: Shape) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a socket of this computer");
        let port = listener.local_addr().expect("a socket of this computer").port();
        let (streams, is_closed) =
            (Arc::<Mutex<Vec<TcpStream>>>::default(), Arc::<AtomicBool>::default());
        let carried = Arc::<AtomicU64>::default();
        let shaped = Self {
            port,
            streams: Arc::clone(&streams),
            is_closed: Arc::clone(&is_closed),
            carried: Arc::clone(&carried),
        };
        beside(move || {
            for near in listener.incoming() {
                let Ok(near) = near else { return };
                // A link that is cut lets nobody through.
                let Some(far) = (!is_closed.load(Ordering::Relaxed))
                    .then(|| TcpStream::connect(to).ok())
                    .flatten()
                else {
                    continue;
                };
                for stream in [&near, &far] {
                    stream.set_nodelay(true).expect("a socket of this computer");
                    streams
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push(stream.try_clone().expect("a socket of this computer"));
                }
                for (from, to) in [(&near, &far), (&far, &near)] {
                    carry(
                        (
                            from.try_clone().expect("a socket of this computer"),
                            to.try_clone().expect("a socket of this computer"),
                        ),
                        shape,
                        &carried,
                    );
                }
            }
        });
        shaped
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Bytes that it has carried, both ways.
    pub fn carried_bytes(&self) -> u64 {
        self.carried.load(Ordering::Relaxed)
    }

    /// Ends what goes over it, and lets nothing new through.
    pub fn cut(&self) {
        self.is_closed.store(true, Ordering::Relaxed);
        for stream in self.streams.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            // One that has ended is as good.
            let _ended = stream.shutdown(Shutdown::Both);
        }
    }

    /// Lets through again.
    pub fn mend(&self) {
        self.is_closed.store(false, Ordering::Relaxed);
    }
}

/// Does something on a thread of its own.
fn beside(work: impl FnOnce() + Send + 'static) {
    thread::Builder::new().name("shaped".to_owned()).spawn(work).expect("a thread");
}

fn carry((mut from, to): (TcpStream, TcpStream), shape: Shape, carried: &Arc<AtomicU64>) {
    let (sender, pieces) = sync_channel(PIECES);
    let carried = Arc::clone(carried);
    beside(move || take(&mut from, &sender, shape, &carried));
    beside(move || hand_over(to, &pieces));
}

/// Takes pieces, each with when its last byte is there.
fn take(
    from: &mut TcpStream,
    pieces: &SyncSender<(Instant, Vec<u8>)>,
    shape: Shape,
    carried: &AtomicU64,
) {
    let mut free_at = Instant::now();
    loop {
        let mut piece = vec![0; PIECE];
        let Ok(taken @ 1..) = from.read(&mut piece) else { return };
        piece.truncate(taken);
        carried.fetch_add(taken as u64, Ordering::Relaxed);
        free_at =
            free_at.max(Instant::now()) + Duration::from_secs_f64(taken as f64 / shape.bytes_per_s);
        if pieces.send((free_at + shape.delay, piece)).is_err() {
            return;
        }
    }
}

fn hand_over(mut to: TcpStream, pieces: &Receiver<(Instant, Vec<u8>)>) {
    for (due, piece) in pieces {
        thread::sleep(due.saturating_duration_since(Instant::now()));
        if to.write_all(&piece).is_err() {
            return;
        }
    }
    let _ended = to.shutdown(Shutdown::Write);
}
