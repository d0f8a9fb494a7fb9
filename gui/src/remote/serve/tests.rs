//! Both ends of admission in one process, and what they refuse.

use std::{
    fs,
    io::{self, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    os::unix::fs::PermissionsExt,
    path::Path,
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use super::{Bound, Log, ServeError, Serving, Where};
use crate::remote::{
    Offer, Target, WeftTarget, greet,
    proof::{Binding, MAGIC, ProofError, Verdict, challenge, prove},
    token::{Token, TokenError},
};

/// What a test waits for at most: of a fault, not of a slow machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a server wrote.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Written {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

/// A server in a folder of its own.
struct Server {
    folder: TempDir,
    link: String,
    log: Written,
    serving: Serving,
}

fn server(place: &Where, tls: bool) -> Server {
    let folder = tempfile::tempdir().unwrap();
    let place = match place {
        Where::Unix(name) => Where::Unix(folder.path().join(name)),
        tcp => tcp.clone(),
    };
    let bound = Bound::to(&place, &folder.path().join("token"), tls, "testbox").unwrap();
    let link = bound.link(true);
    let log = Written::default();
    let offer = Offer { host: "the server".to_owned(), ..Offer::default() };
    let serving = Serving::begin(bound, offer, Log::to(log.clone())).unwrap();
    Server { folder, link, log, serving }
}

fn loopback() -> Where {
    Where::Tcp(([127, 0, 0, 1], 0).into())
}

fn target(link: &str) -> WeftTarget {
    let Target::Weft(target) = link.parse().unwrap() else { panic!("{link}") };
    target
}

fn until(what: &str, is_so: impl Fn() -> bool) {
    let since = Instant::now();
    while !is_so() {
        assert!(since.elapsed() < PATIENCE, "not {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn the_link_that_is_printed_lets_in_and_another_does_not() {
    let socket = Where::Unix("w.sock".into());
    for (place, tls) in [(loopback(), false), (loopback(), true), (socket, false)] {
        let server = server(&place, tls);
        assert_eq!(greet(&target(&server.link)).unwrap().host, "the server");
        let token = server.link.rsplit_once("token=").unwrap().1.to_owned();

        // A token of which one bit is another.
        let last = u8::from_str_radix(&token[31..], 16).unwrap() ^ 1;
        let other = server.link.replace(&token, &format!("{}{last:x}", &token[..31]));
        let error = greet(&target(&other)).unwrap_err();
        assert!(error.contains("the token is another server's"), "{error}");
        until("logged", || server.log.text().contains("refused: its token is wrong"));
        until("gone", || server.serving.windows() == 0 && server.serving.waiting() == 0);
        let log = server.log.text();
        assert!(log.contains("let in") && !log.contains(&token) && !log.contains(&other), "{log}");
        assert_eq!(greet(&target(&server.link)).unwrap().host, "the server");
    }
}

#[test]
fn a_certificate_stays_and_another_one_is_refused() {
    let first = server(&loopback(), true);
    let second = server(&loopback(), true);
    let part = |link: &str, key: &str| {
        let behind = link.split_once('#').unwrap().1.to_owned();
        behind.split('&').find_map(|word| word.strip_prefix(key).map(str::to_owned)).unwrap()
    };
    // The second's address and token, the first's fingerprint.
    let crossed = second.link.replace(&part(&second.link, "fp="), &part(&first.link, "fp="));
    let error = greet(&target(&crossed)).unwrap_err();
    assert!(error.contains("its certificate is not the one of the link"), "{error}");
    until("logged", || second.log.text().contains("refused: no TLS 1.3 with it"));

    // Without a fingerprint: told that TLS is wanted. With one, where no TLS is spoken: never in the clear.
    let plain = second.link.replace(&format!("fp={}&", part(&second.link, "fp=")), "");
    let error = greet(&target(&plain)).unwrap_err();
    assert!(error.contains("it speaks TLS alone"), "{error}");
    let third = server(&loopback(), false);
    let pinned = third.link.replace("#", &format!("#fp={}&", part(&first.link, "fp=")));
    let error = greet(&target(&pinned)).unwrap_err();
    assert!(error.contains("no TLS 1.3 is spoken there"), "{error}");
    until("logged", || third.log.text().contains("refused: it speaks TLS, and"));

    let token_file = first.folder.path().join("token");
    let again = Bound::to(&loopback(), &token_file, true, "testbox").unwrap().link(true);
    assert_eq!(part(&again, "fp="), part(&first.link, "fp="));
    assert_eq!(part(&again, "token="), part(&first.link, "token="));
}

#[test]
fn beyond_loopback_there_is_tls_or_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    let bound = |address: &str, tls| {
        let place = Where::Tcp(address.parse::<SocketAddr>().unwrap());
        Bound::to(&place, &token, tls, "testbox").map(|bound| bound.link(false))
    };
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0", "[::ffff:192.0.2.1]:0"] {
        let error = bound(address, false).unwrap_err();
        assert!(matches!(error, ServeError::Clear(_)), "{error}");
        assert!(error.to_string().contains("add --tls"), "{error}");
    }
    assert!(!token.exists(), "refused before anything is made");
    let link = bound("0.0.0.0:0", true).unwrap();
    assert!(link.starts_with("weft://testbox:") && link.contains("#fp="), "{link}");
    // The window does not speak in the clear to other computers either. The address is one of documentation (RFC 5737).
    let error = greet(&target(&format!("weft://192.0.2.1:9338#token={}", "0".repeat(32))));
    assert!(error.unwrap_err().contains("only TLS goes there"));
}

#[test]
fn a_token_that_others_can_read_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deeper/token");
    let token = Token::of_file_or_made(&path).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
    assert!(Token::of_file_or_made(&path).unwrap() == token, "it stays");
    assert!(Token::fresh().unwrap() != token);
    for readable in [0o640, 0o604, 0o602] {
        fs::set_permissions(&path, fs::Permissions::from_mode(readable)).unwrap();
        let error = Token::of_file_or_made(&path).unwrap_err();
        assert!(matches!(error, TokenError::Readable { mode, .. } if mode == readable), "{error}");
    }
    for text in ["", "short", &"x".repeat(32), &"0".repeat(33)] {
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, text).unwrap();
        assert!(matches!(Token::of_file(&path), Err(TokenError::NoTokenIn(_))), "{text}");
    }
}

#[test]
fn a_socket_is_nobody_elses_and_goes_with_its_server() {
    let server = server(&Where::Unix("w.sock".into()), false);
    let path = server.folder.path().join("w.sock");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let token = server.folder.path().join("token");
    let again = |path: &Path| Bound::to(&Where::Unix(path.to_owned()), &token, false, "testbox");
    assert!(matches!(again(&path), Err(ServeError::Taken(_))));
    let file = server.folder.path().join("file");
    fs::write(&file, "mine").unwrap();
    assert!(matches!(again(&file), Err(ServeError::InTheWay(_))));
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
    drop(server.serving);
    assert!(!path.exists());
    // One that was left by a server that was killed is taken over.
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    assert!(again(&path).is_ok());
}

/// Both ends over a socket pair, with what each was bound to.
fn between(
    (window, window_binding): (&Token, Binding),
    (server, server_binding): (&Token, Binding),
) -> (Result<(), ProofError>, bool) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (mut far, _) = listener.accept().unwrap();
    thread::scope(|scope| {
        let serving = scope.spawn(move || match challenge(&mut far, server, server_binding) {
            Ok(admission) => {
                admission.say(&mut far).unwrap();
                true
            }
            Err(_) => {
                far.write_all(&[Verdict::Token as u8]).unwrap();
                false
            }
        });
        let proven = prove(&mut near, window, window_binding);
        (proven, serving.join().unwrap())
    })
}

#[test]
fn a_proof_is_of_one_token_and_one_connection() {
    let (token, other) = (Token::fresh().unwrap(), Token::fresh().unwrap());
    let (a, b) = (Binding::Tls([1; 32]), Binding::Tls([2; 32]));
    for binding in [Binding::Plain, a] {
        let (proven, admitted) = between((&token, binding), (&token, binding));
        assert!(proven.is_ok() && admitted);
        let (proven, admitted) = between((&other, binding), (&token, binding));
        assert!(matches!(proven, Err(ProofError::Refused(Verdict::Token))) && !admitted);
    }
    // Somebody between hands on what both say, over two connections of TLS, or TLS and none.
    for (window, server) in [(a, b), (Binding::Plain, a), (a, Binding::Plain)] {
        let (proven, admitted) = between((&token, window), (&token, server));
        assert!(proven.is_err() && !admitted);
    }
}

/// RFC 2104 by its definition, of SHA-256 alone.
fn hmac_by_definition(key: &[u8], text: &[u8]) -> Vec<u8> {
    let sha = |parts: [&[u8]; 2]| {
        ring::digest::digest(&ring::digest::SHA256, &parts.concat()).as_ref().to_vec()
    };
    let mut block = [0; 64];
    block[..key.len()].copy_from_slice(key);
    let (inner, outer) = (block.map(|byte| byte ^ 0x36), block.map(|byte| byte ^ 0x5c));
    sha([&outer, &sha([&inner, text])])
}

/// A server as the page of the exchange has it, written down byte by byte.
#[test]
fn the_exchange_is_the_one_that_is_written_down() {
    let token = Token::fresh().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (mut far, _) = listener.accept().unwrap();
    let served = token.clone();
    let window = thread::Builder::new()
        .name("window".to_owned())
        .spawn(move || prove(&mut near, &served, Binding::Plain))
        .unwrap();
    let mut hello = [0; 50];
    far.read_exact(&mut hello).unwrap();
    assert_eq!((&hello[..17], hello[17]), (&MAGIC[..], 1));
    far.write_all(&[&MAGIC[..], &[0], &[7; 32]].concat()).unwrap();
    let mut proof = [0; 32];
    far.read_exact(&mut proof).unwrap();
    let text = |who: &str| {
        [format!("weftscope serve 1 {who}\n").as_bytes(), &[0], &hello[18..], &[7; 32]].concat()
    };
    assert_eq!(proof[..], hmac_by_definition(token.bytes(), &text("window")));
    let ours = hmac_by_definition(token.bytes(), &text("server"));
    far.write_all(&[&[0], &ours[..]].concat()).unwrap();
    window.join().unwrap().unwrap();
}

/// A server that does not know the token, and says that the proof was right.
#[test]
fn a_server_that_only_says_yes_is_found_out() {
    let token = Token::fresh().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (mut far, _) = listener.accept().unwrap();
    let window = thread::Builder::new()
        .name("window".to_owned())
        .spawn(move || prove(&mut near, &token, Binding::Plain))
        .unwrap();
    let (mut hello, mut proof) = ([0; 50], [0; 32]);
    far.read_exact(&mut hello).unwrap();
    far.write_all(&[&MAGIC[..], &[0], &[7; 32]].concat()).unwrap();
    far.read_exact(&mut proof).unwrap();
    // Its own words back to it, and any others.
    far.write_all(&[&[0], &proof[..]].concat()).unwrap();
    assert!(matches!(window.join().unwrap(), Err(ProofError::Impostor)));
}
