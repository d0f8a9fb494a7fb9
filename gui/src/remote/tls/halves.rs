//! A TLS connection for one thread that reads and one that writes: neither waits for the other's network.

use std::{
    io::{self, Read, Write},
    net::Shutdown,
    ops::Range,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use rustls::Connection;

use super::super::socket::Socket;

/// Bytes that are taken from the network at once: a record of TLS and some.
const PIECE: usize = 32 << 10;
/// Bytes that are made records of at once.
const AT_ONCE: usize = 64 << 10;

/// What both halves share. Whoever holds it waits for no network.
#[derive(Clone)]
struct Shared(Arc<Mutex<Connection>>);

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Connection> {
        // rustls refuses to go on by itself where it broke.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is read of a connection.
pub(in super::super) struct ReadHalf {
    shared: Shared,
    socket: Socket,
    piece: Box<[u8]>,
    /// Of the piece, what TLS has not seen yet: it takes no more than is read of it.
    unseen: Range<usize>,
}

/// What is written to it; dropped, the other end reads an end.
pub(in super::super) struct WriteHalf {
    shared: Shared,
    socket: Socket,
    records: Vec<u8>,
}

/// Both halves of a connection whose handshake is over.
///
/// # Errors
/// Where the system has no descriptor left.
pub(in super::super) fn halves(
    connection: impl Into<Connection>,
    socket: &Socket,
) -> io::Result<(ReadHalf, WriteHalf)> {
    let (read, write) = (socket.try_clone()?, socket.try_clone()?);
    let shared = Shared(Arc::new(Mutex::new(connection.into())));
    let piece = vec![0; PIECE].into_boxed_slice();
    Ok((
        ReadHalf { shared: shared.clone(), socket: read, piece, unseen: 0..0 },
        WriteHalf { shared, socket: write, records: Vec::new() },
    ))
}

impl Read for ReadHalf {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.shared.lock().reader().read(bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                read => return read,
            }
            if self.unseen.is_empty() {
                // Without the lock: this may wait as long as nothing comes.
                self.unseen = 0..(&self.socket).read(&mut self.piece)?;
            }
            let mut connection = self.shared.lock();
            // Of no bytes it learns that the other end has ended.
            let seen = connection.read_tls(&mut &self.piece[self.unseen.clone()])?;
            self.unseen.start += seen;
            connection.process_new_packets().map_err(io::Error::other)?;
        }
    }
}

impl WriteHalf {
    /// Sends the records that there are, also what the reading half had to answer.
    fn send(&mut self) -> io::Result<()> {
        loop {
            self.records.clear();
            {
                let mut connection = self.shared.lock();
                while connection.wants_write() && self.records.len() < 2 * AT_ONCE {
                    connection.write_tls(&mut self.records)?;
                }
            }
            if self.records.is_empty() {
                return Ok(());
            }
            (&self.socket).write_all(&self.records)?;
        }
    }
}

impl Write for WriteHalf {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = self.shared.lock().writer().write(&bytes[..bytes.len().min(AT_ONCE)])?;
        self.send()?;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.send()
    }
}

impl Drop for WriteHalf {
    fn drop(&mut self) {
        self.shared.lock().send_close_notify();
        // Where it cannot be sent, the end of the stream says the same.
        let _said = self.send();
        self.socket.end(Shutdown::Write);
    }
}
