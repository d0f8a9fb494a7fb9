//! The processes of a run, together: who is where, what rank 0 hands to all, the steps at which they meet.

use super::{
    Address, ClockReading, WorldError, frame,
    gather::{self, gather},
    hub::Hub,
    join::Member,
    letters::{FromHub, Hello, MOST_BLOB, Place, Welcome},
    terms::{StampClock, Terms},
};

/// All processes of a run, as one of them sees it.
#[derive(Debug)]
pub struct World {
    rank: u32,
    welcome: Welcome,
    side: Side,
    clock: StampClock,
}

#[derive(Debug)]
enum Side {
    Alone,
    Hub(Hub),
    Member(Member),
}

impl World {
    /// Comes together with all others at an address; rank 0 listens there, and says by `blob` what all are handed.
    ///
    /// # Errors
    /// [`WorldError`]: nobody there, too few, or who does not fit. The same sentence reaches everybody who came.
    pub fn meet(
        terms: &Terms,
        address: &Address,
        blob: impl FnOnce() -> Result<Vec<u8>, String>,
    ) -> Result<Self, WorldError> {
        let (rank, clock) = (terms.hello.rank, terms.clock.clone());
        if rank != 0 {
            let (member, welcome) = Member::join(terms, address)?;
            return Ok(Self { rank, welcome, side: Side::Member(member), clock });
        }
        let listener = gather::listen(address)?;
        let comers = gather(terms, listener)?;
        let others = comers.iter().map(|comer| &comer.hello);
        let places = places(std::iter::once(&terms.hello).chain(others));
        let blob = blob().and_then(|blob| match blob.len() {
            ..=MOST_BLOB => Ok(blob),
            bytes => Err(format!("{bytes} bytes are too many to hand to all")),
        });
        let answer = match &blob {
            Ok(blob) => FromHub::Welcome(Welcome { places: places.clone(), blob: blob.clone() }),
            Err(cause) => FromHub::Refused(cause.clone()),
        };
        for comer in &comers {
            // Whoever is gone again is missed at the first step.
            let _gone = frame::write(&comer.stream, &answer);
        }
        let blob = blob.map_err(WorldError::Refused)?;
        let hub = Hub::start(comers, places.clone(), (terms.limit, &clock))?;
        Ok(Self { rank, welcome: Welcome { places, blob }, side: Side::Hub(hub), clock })
    }

    /// One process is all of it: nobody is met, and nothing listens.
    ///
    /// # Errors
    /// What `blob` says.
    pub fn alone(
        terms: &Terms,
        blob: impl FnOnce() -> Result<Vec<u8>, String>,
    ) -> Result<Self, WorldError> {
        let blob = blob().map_err(WorldError::Refused)?;
        let welcome = Welcome { places: places(std::iter::once(&terms.hello)), blob };
        Ok(Self { rank: 0, welcome, side: Side::Alone, clock: terms.clock.clone() })
    }

    /// Where each process is.
    pub fn places(&self) -> &[Place] {
        &self.welcome.places
    }

    /// Where this one is.
    pub fn place(&self) -> &Place {
        &self.welcome.places[self.rank as usize]
    }

    /// What rank 0 hands to all.
    pub fn blob(&self) -> &[u8] {
        &self.welcome.blob
    }

    /// Comes to a step and waits until all have; steps count from 0, and nobody leaves one out.
    ///
    /// # Errors
    /// [`WorldError`]: who did not come, or is gone.
    pub fn step(&self, step: u64) -> Result<(), WorldError> {
        match &self.side {
            Side::Alone => Ok(()),
            Side::Hub(hub) => hub.meet(step),
            Side::Member(member) => member.meet(step),
        }
    }

    /// Who is gone, as far as rank 0 knows: where something else failed here, that may be why. `None` elsewhere, and where nobody is.
    pub fn broken(&self) -> Option<String> {
        match &self.side {
            Side::Hub(hub) => hub.broken(),
            Side::Alone | Side::Member(_) => None,
        }
    }

    /// How this process' clock stands to rank 0's; `None` at rank 0, whose clock it is.
    ///
    /// # Errors
    /// [`WorldError::HubGone`].
    pub fn compare_clocks(&self) -> Result<Option<ClockReading>, WorldError> {
        match &self.side {
            Side::Alone | Side::Hub(_) => Ok(None),
            Side::Member(member) => member.compare(&self.clock).map(Some),
        }
    }

    /// Has ended well; rank 0 waits until all have.
    ///
    /// # Errors
    /// [`WorldError`]: somebody did not.
    pub fn leave(self) -> Result<(), WorldError> {
        match &self.side {
            Side::Alone => Ok(()),
            Side::Hub(hub) => hub.leave(),
            Side::Member(member) => member.leave(),
        }
    }
}

/// Processes one after another, each with its ranks of the plan.
fn places<'a>(hellos: impl Iterator<Item = &'a Hello>) -> Vec<Place> {
    let mut first = 0_u32;
    let place = |hello: &Hello| {
        let place = Place { server: hello.server.clone(), first, gpus: hello.gpus };
        first = first.saturating_add(hello.gpus);
        place
    };
    hellos.map(place).collect()
}
