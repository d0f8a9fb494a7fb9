//! Processes as threads: who comes together, who does not and why, and what strangers do.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use super::{Address, StampClock, Terms, World, WorldError};

const LONG: Duration = Duration::from_secs(30);

/// A port that was free a moment ago.
fn free() -> Address {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    Address { host: "127.0.0.1".to_owned(), port }
}

fn terms(rank: u32, world: u32, plan: u64, limit: Duration) -> Terms {
    let clock = StampClock::new(0, 0.0);
    Terms::new((rank, world), (&format!("node{rank}"), 1), plan, (limit, clock)).unwrap()
}

fn begun<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    thread::Builder::new().name("a process".to_owned()).spawn(run).unwrap()
}

/// What each of these comes to, in their order.
fn together(all: Vec<Terms>) -> Vec<Result<World, WorldError>> {
    let address = free();
    let come = |terms: Terms| {
        let address = address.clone();
        begun(move || World::meet(&terms, &address, || Ok(vec![7, 8, 9])))
    };
    let threads: Vec<_> = all.into_iter().map(come).collect();
    threads.into_iter().map(|thread| thread.join().unwrap()).collect()
}

/// All say the same sentence.
fn sentence(outcomes: Vec<Result<World, WorldError>>) -> String {
    let told: Vec<String> =
        outcomes.into_iter().map(|outcome| outcome.unwrap_err().to_string()).collect();
    assert!(told.iter().all(|cause| *cause == told[0]), "{told:?}");
    told[0].clone()
}

#[test]
fn everybody_gets_the_same_table_and_meets_at_each_step() {
    let outcomes = together((0..4).map(|rank| terms(rank, 4, 1, LONG)).collect());
    let worlds: Vec<World> = outcomes.into_iter().map(Result::unwrap).collect();
    for world in &worlds {
        assert_eq!(world.blob(), [7, 8, 9]);
        let places: Vec<_> = world.places().iter().map(|it| (&*it.server, it.ranks())).collect();
        assert_eq!(places, [("node0", 0..1), ("node1", 1..2), ("node2", 2..3), ("node3", 3..4)]);
    }
    let (told, heard) = std::sync::mpsc::sync_channel(64);
    let run = |(rank, world): (usize, World)| {
        let told = told.clone();
        begun(move || {
            for step in 0..5 {
                thread::sleep(Duration::from_millis(3 * rank as u64));
                told.send(step).unwrap();
                world.step(step).unwrap();
            }
            world.leave().unwrap();
        })
    };
    let threads: Vec<_> = worlds.into_iter().enumerate().map(run).collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    drop(told);
    let order: Vec<u64> = heard.iter().collect();
    assert_eq!(order.len(), 20);
    // Nobody comes to a step before all have come to the one before.
    assert!(order.is_sorted(), "{order:?}");
}

#[test]
fn who_does_not_fit_is_named_to_everybody() {
    let wrong_plan = together(vec![terms(0, 2, 1, LONG), terms(1, 2, 2, LONG)]);
    let told = sentence(wrong_plan);
    assert!(told.starts_with("rank 1 on node1 is about to run something else"), "{told}");
    let twice = together(vec![terms(0, 3, 1, LONG), terms(1, 3, 1, LONG), terms(1, 3, 1, LONG)]);
    let told = sentence(twice);
    assert!(told.contains("say that they are rank 1: on node1 and on node1"), "{told}");
    let sizes = together(vec![terms(0, 2, 1, LONG), terms(1, 3, 1, LONG)]);
    let told = sentence(sizes);
    assert!(
        told.contains("rank 1 on node1 was told that there are 3 ranks, rank 0 that"),
        "{told}"
    );
    let mut old = terms(1, 2, 1, LONG);
    old.hello.version = "0.0.1".to_owned();
    let told = sentence(together(vec![terms(0, 2, 1, LONG), old]));
    assert!(told.contains("rank 1 on node1 is version 0.0.1 of weftscope, rank 0"), "{told}");
}

#[test]
fn who_is_missing_is_named_within_the_time_stated() {
    let short = Duration::from_secs(1);
    let began = Instant::now();
    let some = [0, 2, 3].map(|rank| terms(rank, 8, 1, short)).into();
    let told = sentence(together(some));
    assert_eq!(told, "3 of 8 ranks came within 1 s; missing: ranks 1, 4–7");
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
    let alone = World::meet(&terms(1, 2, 1, short), &free(), || Ok(Vec::new())).unwrap_err();
    assert!(alone.to_string().starts_with("rank 0 did not answer at 127.0.0.1:"), "{alone}");
    for (rank, world) in [(2, 2), (0, 0), (0, 70_000)] {
        let clock = StampClock::new(0, 0.0);
        assert!(Terms::new((rank, world), ("a", 1), 0, (short, clock)).is_err(), "{rank} {world}");
    }
}

#[test]
fn who_is_gone_amid_the_run_is_named_to_the_others() {
    let outcomes = together((0..3).map(|rank| terms(rank, 3, 1, LONG)).collect());
    let mut worlds: Vec<World> = outcomes.into_iter().map(Result::unwrap).collect();
    let run =
        |world: World, steps: u64| begun(move || (0..steps).try_for_each(|step| world.step(step)));
    let dies = run(worlds.remove(2), 1);
    let others: Vec<_> = worlds.into_iter().map(|world| run(world, 5)).collect();
    dies.join().unwrap().unwrap();
    for thread in others {
        let told = thread.join().unwrap().unwrap_err().to_string();
        assert!(told.starts_with("rank 2 on node2 is gone at step 1:"), "{told}");
    }
}

/// Oracle: the offset that was planted.
#[test]
fn clocks_are_compared_within_the_uncertainty_stated() {
    let planted_ns = -5_000_000;
    let clock = StampClock::new(planted_ns, 0.0);
    let late = Terms::new((1, 2), ("node1", 1), 1, (LONG, clock)).unwrap();
    let outcomes = together(vec![terms(0, 2, 1, LONG), late]);
    let [hub, member]: [World; 2] =
        outcomes.into_iter().map(Result::unwrap).collect::<Vec<_>>().try_into().unwrap();
    assert_eq!(hub.compare_clocks().unwrap(), None);
    let reading = member.compare_clocks().unwrap().unwrap();
    assert_eq!(reading.exchanges, 64);
    let off_ns = (reading.ahead_ns - planted_ns).abs();
    assert!(off_ns <= reading.uncertainty_ns, "{off_ns} {reading:?}");
    assert!(reading.uncertainty_ns < planted_ns.abs(), "it says something: {reading:?}");
}

/// Strangers say what other protocols begin with, letters that are too long, letters cut off, and nothing.
#[test]
fn strangers_are_no_ranks_and_hold_nobody_up() {
    let address = free();
    let at = address.to_string();
    let hub = begun(move || World::meet(&terms(0, 2, 1, LONG), &address, || Ok(Vec::new())));
    let mut long = b"WEFTRNK1".to_vec();
    long.extend(u32::MAX.to_le_bytes());
    let mut nested = b"WEFTRNK1\0\x10\0\0".to_vec();
    nested.extend([b'['; 4096]);
    let cut = b"WEFTRNK1\x20\0\0\0{\"Hello\":".to_vec();
    let says: [Vec<u8>; 6] =
        [b"GET / HTTP/1.1\r\n\r\n".to_vec(), vec![0xff; 100_000], long, nested, cut, Vec::new()];
    let mut held = Vec::new();
    for bytes in says.iter().cycle().take(120) {
        let until = Instant::now() + Duration::from_secs(5);
        let mut stream = loop {
            match TcpStream::connect(&at) {
                Ok(stream) => break stream,
                Err(error) => assert!(Instant::now() < until, "{error}"),
            }
        };
        // It may be closed before all is said.
        let _closed = stream.write_all(bytes);
        held.push(stream);
    }
    let address: Address = at.parse().unwrap();
    let began = Instant::now();
    World::meet(&terms(1, 2, 1, LONG), &address, || Ok(Vec::new())).unwrap();
    hub.join().unwrap().unwrap();
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
    for mut stream in held {
        stream.set_read_timeout(Some(Duration::from_secs(6))).unwrap();
        let mut answer = Vec::new();
        let read = stream.read_to_end(&mut answer);
        assert!(answer.is_empty(), "{answer:?} {read:?}");
    }
}
