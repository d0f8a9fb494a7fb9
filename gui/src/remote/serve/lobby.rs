//! Those who have not proven themselves: few, and where more come the oldest go.

use std::{
    collections::VecDeque,
    net::Shutdown,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::super::socket::Socket;

/// How many wait at once.
pub(super) const MOST_WAITING: usize = 64;
/// With those that were told to go and have not gone yet, which takes them a moment.
const MOST: usize = 2 * MOST_WAITING;

/// Who waits, in the order in which they came.
#[derive(Clone, Default)]
pub(super) struct Lobby(Arc<Mutex<Waiting>>);

#[derive(Default)]
struct Waiting {
    /// How many have come, by which they are told apart.
    came: u64,
    inside: VecDeque<(u64, Arc<Socket>)>,
    /// Were told to go.
    going: usize,
}

/// A place in the lobby, given back when it is dropped.
pub(super) struct Place {
    lobby: Lobby,
    number: u64,
}

impl Lobby {
    /// A place for whoever comes; the oldest goes where there is none left. `None` where even those who are to go have not gone.
    pub(super) fn enter(&self, socket: &Arc<Socket>) -> Option<Place> {
        let mut waiting = self.lock();
        if waiting.inside.len() + waiting.going >= MOST {
            return None;
        }
        if waiting.inside.len() >= MOST_WAITING
            && let Some((_, oldest)) = waiting.inside.pop_front()
        {
            waiting.going += 1;
            oldest.end(Shutdown::Both);
        }
        waiting.came += 1;
        let number = waiting.came;
        waiting.inside.push_back((number, Arc::clone(socket)));
        drop(waiting);
        Some(Place { lobby: self.clone(), number })
    }

    /// How many are in it.
    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        let waiting = self.lock();
        waiting.inside.len() + waiting.going
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Whether it was told to go, since others came.
    pub(super) fn is_lost(&self) -> bool {
        !self.lobby.lock().inside.iter().any(|(number, _)| *number == self.number)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut waiting = self.lobby.lock();
        match waiting.inside.iter().position(|(number, _)| *number == self.number) {
            Some(at) => drop(waiting.inside.remove(at)),
            None => waiting.going -= 1,
        }
    }
}
