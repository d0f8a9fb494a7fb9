//! Who comes to `weftscope serve` and is not let in: every sort of stranger, what became of it, and what it cost the server. Prints a table; what is
//! compared is in the tests.

use std::{sync::Arc, time::Instant};

use weftscope::remote::{Target, WeftTarget, greet};
use weftscope_testkit::{
    served::Served,
    strangers::{Scene, recorded, strangers},
};

use super::program;

/// Of a window with half of a token.
const TRIES: u32 = 20;

fn target(link: &str) -> WeftTarget {
    match link.parse() {
        Ok(Target::Weft(target)) => target,
        _ => panic!("no link"),
    }
}

/// How long the owner takes from nothing to a greeting, ms.
fn owner_ms(served: &Served) -> f64 {
    let began = Instant::now();
    greet(&target(served.link())).expect("the owner is let in");
    began.elapsed().as_secs_f64() * 1e3
}

fn table(name: &str, arguments: &[&str], is_tls: bool) {
    let served = Served::start(&program(), arguments);
    let recorded = recorded(served.address(), |between| {
        greet(&target(&served.link_by(between.port()))).expect("a window is let in");
    });
    let scene = Scene { address: served.address(), recorded: Arc::new(recorded) };
    let before_kib = served.peak_kib();
    println!("| {name} | refused | longest | answered at most | then the owner is let in within |");
    println!("| --- | --- | --- | --- | --- |");
    for stranger in strangers(is_tls) {
        let outcome = stranger.come(&scene);
        let tries = stranger.tries / stranger.at_once * stranger.at_once;
        println!(
            "| {} | {} of {tries} | {:.2} s | {} B | {:.1} ms |",
            stranger.name,
            outcome.refused,
            outcome.longest_s,
            outcome.most_answered,
            owner_ms(&served),
        );
    }
    let mut link = served.link().to_owned();
    link.replace_range(link.len() - 16.., "0000000000000000");
    let (began, mut refused) = (Instant::now(), 0);
    for _ in 0..TRIES {
        refused += u32::from(greet(&target(&link)).is_err());
    }
    println!(
        "| wrong token, as a window says it, one after another | {refused} of {TRIES} | {:.2} s each | | {:.1} ms |",
        began.elapsed().as_secs_f64() / f64::from(TRIES),
        owner_ms(&served),
    );
    let (peak_kib, log) = (served.peak_kib(), served.log());
    println!(
        "| memory at most, before and after all of them | {:.1} MiB, {:.1} MiB | | | |",
        before_kib as f64 / 1024.0,
        peak_kib as f64 / 1024.0
    );
    let secrets = log.matches(served.token()).count();
    println!(
        "| lines of the log, and secrets in it | {}, {secrets} | | | |\n",
        log.lines().count()
    );
}

/// All of them, without TLS and with it.
pub(super) fn rows() {
    table("127.0.0.1, no TLS", &["--listen", "127.0.0.1:0"], false);
    table("127.0.0.1, TLS", &["--listen", "127.0.0.1:0", "--tls"], true);
}
