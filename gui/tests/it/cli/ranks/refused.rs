//! Processes that do not fit together, and what else comes to the port.

use std::{
    io::Write,
    net::TcpStream,
    time::{Duration, Instant},
};

use super::*;

/// Each one's single line on stderr.
fn lines(children: Vec<Child>) -> Vec<String> {
    let line = |output: Output| {
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && stderr.lines().count() == 1, "{stderr}");
        stderr
    };
    ended(children).into_iter().map(line).collect()
}

fn own_file() -> Vec<String> {
    ["-o", "{rank}.weft"].map(str::to_owned).to_vec()
}

#[test]
fn another_plan_is_refused_with_the_rank_s_name() {
    let place = Place::new();
    let more = |rank: u32| {
        let batch = if rank == 1 { "--seed=1" } else { "--seed=2" };
        [own_file(), vec![batch.to_owned()]].concat()
    };
    for line in lines(by_flags(&place, 2, &more)) {
        assert!(line.contains("rank 1 on "), "{line}");
        assert!(line.contains("is about to run something else than rank 0"), "{line}");
    }
    assert!(place.names().is_empty(), "nothing is written: {:?}", place.names());
}

#[test]
fn missing_ranks_and_one_that_comes_twice_are_named() {
    let place = Place::new();
    let address = format!("127.0.0.1:{}", free_port());
    let one = |rank: &str, wait: &str| {
        let args = ["-o", "{rank}.weft", "--tp", "8", "--world", "8", "--address", &address];
        let args = [&args[..], &["--rank", rank, "--tokens", "1024", "--wait", wait]].concat();
        start(&place, &args, &[])
    };
    let began = Instant::now();
    for line in lines(vec![one("0", "2s"), one("5", "2s")]) {
        assert!(line.contains("2 of 8 ranks came within 2 s; missing: ranks 1–4, 6–7"), "{line}");
    }
    assert!(began.elapsed() < Duration::from_secs(40), "{:?}", began.elapsed());
    for line in lines(vec![one("0", "60s"), one("5", "60s"), one("5", "60s")]) {
        assert!(line.contains("two processes say that they are rank 5"), "{line}");
    }
}

#[test]
fn strangers_bytes_hold_nobody_up() {
    let place = Place::new();
    let port = free_port();
    let address = format!("127.0.0.1:{port}");
    let one = |rank: &str| {
        let args = ["-o", "{rank}.weft", "--world", "2", "--rank", rank, "--address", &address];
        start(&place, &[&args[..], &QUICK].concat(), &[])
    };
    let hub = one("0");
    let until = Instant::now() + Duration::from_secs(30);
    let mut strangers = Vec::new();
    while strangers.len() < 100 && Instant::now() < until {
        let Ok(mut stream) = TcpStream::connect(&address) else { continue };
        let mut long = b"WEFTRNK1".to_vec();
        long.extend(u32::MAX.to_le_bytes());
        let says: [&[u8]; 4] = [b"GET / HTTP/1.1\r\n\r\n", &[0; 5000], &long, b"WEFT"];
        let _closed = stream.write_all(says[strangers.len() % 4]);
        strangers.push(stream);
    }
    assert_eq!(strangers.len(), 100, "rank 0 listens");
    well(vec![one("1"), hub]);
}

#[test]
fn what_is_not_said_is_asked_for() {
    let place = Place::new();
    let said = |args: &[&str], variables: &[(&str, String)]| {
        let all = [args, &QUICK].concat();
        lines(vec![start(&place, &all, variables)]).remove(0)
    };
    let none = said(&["-o", "{rank}.weft"], &[]);
    assert!(
        none.contains("no launcher says which rank this is") && none.contains("--rank"),
        "{none}"
    );
    let world = said(&["-o", "{rank}.weft", "--rank", "0"], &[]);
    assert!(world.contains("--world"), "{world}");
    let address = said(&["-o", "{rank}.weft", "--rank", "0", "--world", "2"], &[]);
    assert!(address.contains("--address HOST:PORT"), "{address}");
    let together = ["--rank", "0", "--world", "2", "--address", "127.0.0.1:9"];
    let same = said(&[&["-o", "x.weft"][..], &together].concat(), &[]);
    assert!(same.contains("put {rank} into the name"), "{same}");
    let wrong = [("RANK", "4".to_owned()), ("WORLD_SIZE", "4".to_owned())];
    let wrong = said(&["-o", "{rank}.weft"], &wrong);
    assert!(wrong.contains("there is no rank 4 among 4"), "{wrong}");
}
