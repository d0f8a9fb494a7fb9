//! What either end does with what no end of ours would send: frames, greetings and admissions, changed at random for as long as asked.
//!
//! `WEFTSCOPE_FUZZ_SECONDS` says how long (2 unless it does). Nothing may panic, hang, or take memory beyond its limits; what was tried is printed.

use std::{
    env,
    io::{self, Cursor, Read, Write, pipe},
    process::{Command, Stdio},
    sync::{Arc, Mutex, mpsc},
    thread,
    time::{Duration, Instant},
};

use weftscope_engine::spec::RunSpec;

use super::{
    Greeting, Link, Offer, Target,
    frame::Frame,
    proof::{Binding, challenge, prove},
    serve,
    token::Token,
};
use crate::{
    app::{
        Event,
        live::{Backend, Catalog, Executors, LiveEvent, SessionId, start_session},
    },
    jobs::Events,
};

/// What one try may take: of a hang, not of a slow machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// What the process may have in all, KiB: one frame of 96 MiB and one body of 512 MiB unpacked, and what the program has without them.
const MOST_KIB: u64 = 1 << 20;

/// Steele, Lea and Flood's splitmix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below `most`, or 0.
    fn below(&mut self, most: usize) -> usize {
        usize::try_from(self.next() % most.max(1) as u64).unwrap_or(0)
    }
}

/// Numbers that limits are made of.
const NUMBERS: [u32; 10] = [0, 1, 13, 14, 0x7f, 0xffff, 32 << 20, 96 << 20, 512 << 20, u32::MAX];

/// Some of these bytes are others, fewer, more, or twice.
fn changed(bytes: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len());
        match random.below(7) {
            0 if !bytes.is_empty() => bytes[at] ^= 1 << random.below(8),
            1 if !bytes.is_empty() => bytes[at] = random.next().to_le_bytes()[0],
            2 => bytes.truncate(at),
            3 => {
                let number = NUMBERS[random.below(NUMBERS.len())].to_le_bytes();
                for (byte, to) in bytes.iter_mut().skip(at).zip(number) {
                    *byte = to;
                }
            }
            4 => {
                let many = random.below(32);
                bytes.splice(at..at, (0..many).map(|_| random.next().to_le_bytes()[0]));
            }
            5 => {
                let part = bytes[at..(at + random.below(64)).min(bytes.len())].to_vec();
                let to = random.below(bytes.len());
                bytes.splice(to..to, part);
            }
            // A digit of a text in JSON is another, or there are more of them.
            _ => {
                let digits: Vec<usize> =
                    (0..bytes.len()).filter(|&at| bytes[at].is_ascii_digit()).take(400).collect();
                if let Some(&at) = digits.get(random.below(digits.len())) {
                    let many = 1 + random.below(3);
                    bytes.splice(at..=at, (0..many).map(|_| b'0' + (random.next() % 10) as u8));
                }
            }
        }
    }
    bytes
}

/// A stream that says what was written down, and keeps what it is told.
struct Told<'a>(Cursor<&'a [u8]>);

impl Read for Told<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.0.read(bytes)
    }
}

impl Write for Told<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Keeps what goes through.
struct Kept<S>(S, Arc<Mutex<Vec<u8>>>);

impl<S: Write> Write for Kept<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.0.write(bytes)?;
        self.1.lock().unwrap().extend(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

fn small_spec() -> RunSpec {
    let mut spec = Catalog::builtin().unwrap().default_spec().clone();
    spec.knobs.tp = 2;
    spec
}

fn beside(work: impl FnOnce() + Send + 'static) -> thread::JoinHandle<()> {
    thread::Builder::new().name("fuzz".to_owned()).spawn(work).unwrap()
}

/// What a window and an agent have said to each other over one run: whole frames behind a greeting each.
fn dialogue() -> [Vec<Vec<u8>>; 2] {
    let ((from_window, to_agent), (from_agent, to_window)) = (pipe().unwrap(), pipe().unwrap());
    let said = [Arc::<Mutex<Vec<u8>>>::default(), Arc::default()];
    let told = Kept(to_window, Arc::clone(&said[1]));
    let serving = beside(move || serve(from_window, told, &Offer::default()).unwrap());
    let (mut input, mut output) = (from_agent, Kept(to_agent, Arc::clone(&said[0])));
    Greeting::ours(String::new(), None).say(&mut output).unwrap();
    Greeting::hear(&mut input).unwrap();
    let lost = Box::new(|_| {});
    let link = Link::over((input, output), Arc::new(|| {}), || {}, lost).unwrap();
    let events = Events::new(Arc::new(|| {}));
    let what = (&Backend::Simulated, &small_spec());
    let session = start_session(
        &Executors::default(),
        Some(link.port()),
        what,
        SessionId::default(),
        events.sender(),
    );
    let Some(Event::Live(event)) = events.next(PATIENCE) else { panic!("nothing comes") };
    assert!(matches!(*event, LiveEvent::Iteration(..)));
    drop((event, session, link));
    serving.join().unwrap();
    said.map(|said| {
        let said = said.lock().unwrap();
        let mut rest = &said[..];
        Greeting::hear(&mut rest).unwrap();
        let mut parts = vec![said[..said.len() - rest.len()].to_vec()];
        loop {
            let mut ahead = rest;
            let Some((_, bytes)) = Frame::read(&mut ahead).unwrap() else { break };
            let (frame, behind) = rest.split_at(usize::try_from(bytes).unwrap());
            parts.push(frame.to_vec());
            rest = behind;
        }
        assert!(parts.len() > 1, "there is something to change");
        parts
    })
}

/// These parts, some changed, left out, or in another order.
fn mixed(parts: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    // Most go as far as behind the greeting.
    let mut sent = if random.below(8) == 0 { changed(&parts[0], random) } else { parts[0].clone() };
    for _ in 0..=random.below(6) {
        let part = &parts[random.below(parts.len())];
        let whole = random.below(3) == 0;
        sent.extend(if whole { part.clone() } else { changed(part, random) });
    }
    sent
}

/// Does it on a thread of its own, and waits for its end.
fn in_time(what: &str, sent: &[u8], work: impl FnOnce(Vec<u8>) + Send + 'static) {
    let (done, end) = mpsc::sync_channel(1);
    let given = sent.to_vec();
    let thread = beside(move || {
        work(given);
        done.send(()).unwrap();
    });
    if end.recv_timeout(PATIENCE).is_err() || thread.join().is_err() {
        let path = env::temp_dir().join("weftscope-fuzz-input");
        std::fs::write(&path, sent).unwrap();
        panic!("{what} does not end, or panics; what it was sent is in {}", path.display());
    }
}

fn agent_hears(sent: &[u8]) {
    let (mut answers, output) = pipe().unwrap();
    let reading = beside(move || {
        // Until every channel has ended.
        let _bytes = io::copy(&mut answers, &mut io::sink()).unwrap();
    });
    // An end is an end, with an error or without.
    let _ended = serve(sent, output, &Offer::default());
    reading.join().unwrap();
}

fn window_hears(sent: Vec<u8>) {
    let mut input = Cursor::new(sent);
    if Greeting::hear(&mut input).is_err() {
        return;
    }
    let (lost, loss) = mpsc::sync_channel(1);
    let lost = Box::new(move |cause| drop(lost.send(cause)));
    let events = Events::new(Arc::new(|| {}));
    let (hold, held) = mpsc::sync_channel::<()>(1);
    // Nothing is read before there is somebody to hear it.
    let input = Held(Some(held), input);
    let link = Link::over((input, io::sink()), Arc::new(|| {}), || {}, lost).unwrap();
    let what = (&Backend::Simulated, &small_spec());
    let session = start_session(
        &Executors::default(),
        Some(link.port()),
        what,
        SessionId::default(),
        events.sender(),
    );
    drop(hold);
    loss.recv().unwrap();
    // What has come is made ready, or refused: a moment for it.
    while events.next(Duration::from_millis(20)).is_some() {}
    drop((session, link));
}

struct Held(Option<mpsc::Receiver<()>>, Cursor<Vec<u8>>);

impl Read for Held {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        if let Some(held) = self.0.take() {
            let _released = held.recv();
        }
        self.1.read(bytes)
    }
}

fn admission_hears(parts: &[Vec<u8>], token: &Token, random: &mut Random) {
    let sent = mixed(parts, random);
    let exported = Binding::Tls([7; 32]);
    let binding = if random.below(2) == 0 { Binding::Plain } else { exported };
    assert!(challenge(&mut Told(Cursor::new(&sent)), token, binding).is_err(), "let in: {sent:?}");
    assert!(prove(&mut Told(Cursor::new(&sent)), token, binding).is_err(), "trusted: {sent:?}");
    let _heard = Greeting::hear(&mut &sent[..]);
    let mut rest = &sent[..];
    while let Ok(Some(_)) = Frame::read(&mut rest) {}
    if let Ok(Ok(target)) = std::str::from_utf8(&sent).map(str::parse::<Target>) {
        assert_eq!(target.to_string().parse::<Target>().unwrap().host(), target.host());
    }
}

/// The most memory that this process has had, KiB.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

/// In a process of its own: what other tests take counts as nothing that came over a connection.
#[test]
fn neither_end_is_harmed_by_what_the_other_sends() {
    const ALONE: &str = "--exact";
    if env::args().any(|argument| argument == ALONE) {
        return harm_neither_end();
    }
    let name = "remote::fuzz::neither_end_is_harmed_by_what_the_other_sends";
    let alone = Command::new(env::current_exe().unwrap())
        .args([ALONE, name, "--nocapture"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status();
    assert!(alone.unwrap().success(), "as said above");
}

fn harm_neither_end() {
    let seconds = env::var("WEFTSCOPE_FUZZ_SECONDS").ok().map(|text| text.parse().unwrap());
    let (began, whole) = (Instant::now(), Duration::from_secs(seconds.unwrap_or(2)));
    let said = dialogue();
    let token = Token::fresh().unwrap();
    let mut hello = b"\x00weftscope serve\n\x01".to_vec();
    hello.extend([7; 32]);
    let answer = [&b"\x00weftscope serve\n\x00"[..], &[9; 32], &[0; 33]].concat();
    let link = b"weft://box:9338#fp=00&token=000102030405060708090a0b0c0d0e0f".to_vec();
    let exchange = [hello, answer, said[0][0].clone(), link, said[0][1].clone()];
    // With a seed of its own each time; it is printed.
    let seed = if seconds.is_some() { u64::from(std::process::id()) } else { 1 };
    let (mut random, mut tries) = (Random(seed), [0_u64; 3]);
    let (mut longest, before_kib) = (Duration::ZERO, peak_kib());
    while began.elapsed() < whole {
        let since = Instant::now();
        let (agent, window) = (mixed(&said[0], &mut random), mixed(&said[1], &mut random));
        in_time("an agent", &agent, |sent| agent_hears(&sent));
        in_time("a window", &window, window_hears);
        longest = longest.max(since.elapsed());
        for _ in 0..200 {
            admission_hears(&exchange, &token, &mut random);
        }
        for (tries, more) in tries.iter_mut().zip([1, 1, 200]) {
            *tries += more;
        }
    }
    let peak = peak_kib();
    assert!(tries[0] > 0 && peak < MOST_KIB.max(2 * before_kib), "{before_kib} KiB, then {peak}");
    eprintln!(
        "seed {seed}: {} dialogues to an agent, {} to a window, {} to an admission; the longest both {:.1} s; {} MiB at most, {} before",
        tries[0],
        tries[1],
        tries[2],
        longest.as_secs_f64(),
        peak >> 10,
        before_kib >> 10,
    );
}
