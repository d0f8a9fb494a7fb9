//! `weftscope serve` and who comes to it: each sort of stranger is refused and the window that has the link is served, during it and after.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use weftscope::remote::{Target, WeftTarget, greet};
use weftscope_testkit::{
    served::Served,
    strangers::{Scene, Stranger, crowd, recorded, strangers},
};

use super::place::Place;

const PROGRAM: &str = env!("CARGO_BIN_EXE_weftscope");
/// A proof may take 5 s, and a refusal is held back; the rest is a slow machine's.
const MOST_S: f64 = 10.0;
/// 64 in the lobby, as many who are on their way out, a window's few, and the program's own.
const MOST_THREADS: u64 = 150;
/// What strangers may add to what the server has, KiB: stacks that they touch, and nothing of what they send.
const MOST_KIB: u64 = 32 << 10;

fn target(link: &str) -> WeftTarget {
    match link.parse() {
        Ok(Target::Weft(target)) => target,
        _ => panic!("no link"),
    }
}

/// The link with a token of which one digit is another.
fn other_token(served: &Served) -> String {
    let token = served.token();
    let last = if token.ends_with('0') { '1' } else { '0' };
    served.link().replace(token, &format!("{}{last}", &token[..31]))
}

fn scene(served: &Served) -> Scene {
    let recorded = recorded(served.address(), |between| {
        greet(&target(&served.link_by(between.port()))).unwrap();
    });
    assert!(recorded.len() > 82, "a hello, a proof and a greeting: {}", recorded.len());
    Scene { address: served.address(), recorded: Arc::new(recorded) }
}

fn comes(served: &Served, scene: &Scene, stranger: &Stranger) {
    let Stranger { name, tries, at_once, .. } = *stranger;
    let outcome = stranger.come(scene);
    assert_eq!(outcome.refused, tries / at_once * at_once, "{name}: {outcome:?}");
    assert!(outcome.most_answered < 300, "{name}: {outcome:?}");
    if name != "1 000 tries" {
        assert!(outcome.longest_s < MOST_S, "{name}: {outcome:?}");
    }
    if name.contains("HTTP:") || name == "WebSocket" {
        let text = String::from_utf8_lossy(&outcome.answer).into_owned();
        assert!(text.starts_with("HTTP/1.1 400 ") && text.contains("no web server"), "{text}");
        assert!(!text.contains("Access-Control"), "{text}");
    }
    assert!(served.threads() <= MOST_THREADS, "{name}: {} threads", served.threads());
    // Unharmed: whoever has the link is served at once.
    let began = Instant::now();
    greet(&target(served.link())).unwrap_or_else(|error| panic!("after {name}: {error}"));
    assert!(began.elapsed().as_secs_f64() < MOST_S, "after {name}");
}

fn all_come(arguments: &[&str], is_tls: bool) {
    let served = Served::start(PROGRAM, arguments);
    let scene = scene(&served);
    // Who has the link and not its token, and speaks as windows do, TLS too.
    let error = greet(&target(&other_token(&served))).unwrap_err();
    assert!(error.contains("the token is another server's"), "{error}");
    // Before the log has so much to say that it counts instead.
    let silent = crowd(served.address(), 1);
    served.until("cut", |served| served.log().contains("refused: it took too"));
    drop(silent);
    let before = (served.peak_kib(), served.threads());
    for stranger in strangers(is_tls) {
        comes(&served, &scene, &stranger);
    }
    let after = served.peak_kib();
    assert!(after < before.0 + MOST_KIB, "{} KiB, then {after}", before.0);
    served.until("quiet", |served| served.threads() <= before.1);
    let log = served.log();
    assert!(log.contains("refused: its token is wrong") && log.contains("refused: it took too"));
    assert!(log.contains(" more refused, not named one by one"), "{log}");
    assert!(!log.contains(served.token()), "the log has no secret");
    assert!(!log.contains("evil.example"), "nor what strangers say");
}

#[test]
fn strangers_are_refused_in_the_clear_on_the_loopback() {
    all_come(&["--listen", "127.0.0.1:0"], false);
}

#[test]
fn strangers_are_refused_over_tls() {
    all_come(&["--listen", "127.0.0.1:0", "--tls"], true);
}

/// More than the lobby holds come, say nothing, and come again: the owner gets in all the while.
#[test]
fn a_crowd_does_not_lock_the_owner_out() {
    let served = Served::start(PROGRAM, &["--listen", "127.0.0.1:0"]);
    let (address, until) = (served.address(), Instant::now() + Duration::from_secs(6));
    let crowding = thread::Builder::new()
        .name("crowd".to_owned())
        .spawn(move || {
            let mut held = Vec::new();
            while Instant::now() < until {
                held.extend(crowd(address, 20));
                let most = held.len().min(400);
                held.drain(..held.len() - most);
                thread::sleep(Duration::from_millis(100));
            }
        })
        .unwrap();
    let mut longest_s = 0.0_f64;
    let mut times = 0;
    while !crowding.is_finished() {
        let began = Instant::now();
        greet(&target(served.link())).unwrap();
        longest_s = longest_s.max(began.elapsed().as_secs_f64());
        times += 1;
    }
    crowding.join().unwrap();
    assert!(times > 3 && longest_s < MOST_S, "{times} times, longest {longest_s} s");
    assert!(served.threads() <= MOST_THREADS, "{}", served.threads());
    assert!(served.log().contains("it had waited longest"), "the crowd was one");
}

#[test]
fn what_is_not_safe_is_refused_at_the_start() {
    let place = Place::new();
    let serve = |arguments: &[&str], code: i32| {
        let always = ["serve", "--no-gpus", "--token-file", "token"];
        place.fails(&[&always[..], arguments].concat(), code)
    };
    let words = serve(&["--listen", "0.0.0.0:0"], 1);
    assert!(words.contains("without --tls all that is said could be read"), "{words}");
    assert!(place.names().is_empty(), "nothing is made");
    serve(&["--unix", "x.sock", "--tls"], 2);
    serve(&["--listen", "nowhere"], 2);
    let token = place.write("token", b"00000000000000000000000000000000\n");
    fs::set_permissions(&token, fs::Permissions::from_mode(0o644)).unwrap();
    let words = serve(&["--listen", "127.0.0.1:0"], 1);
    assert!(words.contains("can be read by others (mode 644)"), "{words}");
    let token = place.write("token", b"guess\n");
    fs::set_permissions(&token, fs::Permissions::from_mode(0o600)).unwrap();
    let words = serve(&["--listen", "127.0.0.1:0"], 1);
    assert!(words.contains("holds no token") && !words.contains("guess"), "{words}");
}
