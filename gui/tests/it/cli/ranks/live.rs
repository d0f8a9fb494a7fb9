//! Digests that grow while the run goes on.

use std::{
    thread,
    time::{Duration, Instant},
};

use super::*;

fn digesting(iterations: &str, output: Option<&str>) -> Vec<String> {
    let args = ["--digest=digests", "--digest-every=3", "--job=j", "--iterations", iterations];
    args.iter().copied().chain(output).map(str::to_owned).collect()
}

/// Oracle: the digest of the recordings, made afterwards.
#[test]
fn parts_add_up_to_the_digest_of_the_recording() {
    let place = Place::new();
    let said = well(by_flags(&place, 2, &|_| digesting("7", Some("-o={rank}.weft"))));
    for (rank, said) in (0..2).zip(said) {
        assert!(
            said.contains("1 rank, ") && said.contains("7 rows of iterations, in 3 parts"),
            "{said}"
        );
        let parts = parts(&place, "digests/job=j", rank);
        assert_eq!(parts.iter().map(Vec::len).collect::<Vec<_>>(), [3, 3, 1]);
        let recording = format!("{rank}.weft");
        place.ok(&["digest", &recording, "-o", "after", "--job", "j"]);
        let whole = self::parts(&place, "after/job=j", rank);
        assert_eq!(whole.len(), 1);
        assert_eq!(parts.concat(), whole[0], "rank {rank}");
        // Beside what grew a digest of all would count everything twice.
        let again = ["digest", &recording, "-o", "digests", "--job", "j"];
        assert!(place.fails(&again, 1).contains("in several parts; --again"));
        place.ok(&[&again[..], &["--again"]].concat());
        assert_eq!(self::parts(&place, "digests/job=j", rank).len(), 1);
    }
    for output in ended(by_flags(&place, 2, &|_| digesting("3", None))) {
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && stderr.contains("is there already"), "{stderr}");
    }
}

/// What was closed is there while the run goes on, and after it was killed.
#[test]
fn a_killed_run_leaves_what_was_closed_and_the_others_say_who_is_gone() {
    let place = Place::new();
    let mut children = by_flags(&place, 2, &|_| digesting("1000000", None));
    let until = Instant::now() + Duration::from_secs(120);
    while parts(&place, "digests/job=j", 0).len() < 3 {
        assert!(Instant::now() < until, "no parts are closed");
        thread::sleep(Duration::from_millis(50));
    }
    let mut killed = children.pop().unwrap();
    assert!(killed.try_wait().unwrap().is_none(), "it goes on");
    killed.kill().unwrap();
    killed.wait().unwrap();
    let output = ended(children).remove(0);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && stderr.contains("rank 1 on "), "{stderr}");
    assert!(stderr.contains(" is gone at step "), "{stderr}");
    for rank in 0..2 {
        let numbers: Vec<Option<i64>> =
            parts(&place, "digests/job=j", rank).concat().iter().map(|row| row.iteration).collect();
        let expected: Vec<Option<i64>> = (0..numbers.len() as i64).map(Some).collect();
        assert!(numbers.len() >= 6, "rank {rank}: {}", numbers.len());
        assert_eq!(numbers, expected, "rank {rank}: each once, none left out");
    }
}
