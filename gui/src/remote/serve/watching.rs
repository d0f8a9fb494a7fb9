//! Two windows at one server: one controls its run, the other watches it.

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use weftscope_engine::{
    command::Command,
    spec::{RunSpec, StrategyKind},
};

use super::{Bound, Log, Serving, Where};
use crate::{
    app::{
        Event,
        live::{
            Backend, Catalog, Executors, KeptIteration, LiveEvent, SessionHandle, SessionId,
            away::{Role, SharedRun},
            start_session,
        },
    },
    jobs::Events,
    remote::{Greeting, Link, Offer, Target, direct},
};

/// What a test waits for at most: of a fault, not of a slow machine.
const PATIENCE: Duration = Duration::from_secs(60);

struct Window {
    link: Link,
    events: Events,
    session: SessionHandle,
}

impl Window {
    fn to(link: &str, spec: &RunSpec) -> Self {
        let Ok(Target::Weft(target)) = link.parse() else { panic!("{link}") };
        let ours = Greeting::ours(String::new(), None);
        let lost = Box::new(|_| {});
        let (link, _) = direct::connect(&target, &ours, Arc::new(|| {}), lost).unwrap();
        let events = Events::new(Arc::new(|| {}));
        let session = start_session(
            &Executors::default(),
            Some(link.port()),
            (&Backend::Simulated, spec),
            SessionId::default(),
            events.sender(),
        );
        Self { link, events, session: session.unwrap() }
    }

    fn event(&self) -> LiveEvent {
        match self.events.next(PATIENCE) {
            Some(Event::Live(event)) => *event,
            _ => panic!("nothing comes"),
        }
    }

    /// The next iteration of this spec.
    fn sees(&self, spec: &RunSpec) -> Arc<KeptIteration> {
        let since = Instant::now();
        while since.elapsed() < PATIENCE {
            if let LiveEvent::Iteration(iteration, _receipt) = self.event()
                && *iteration.plan.spec == *spec
            {
                return iteration;
            }
        }
        panic!("it does not come")
    }

    fn is(&self, role: Role) {
        let since = Instant::now();
        while self.link.role().get() != Some(role) {
            assert!(since.elapsed() < PATIENCE, "{role:?}, not {:?}", self.link.role().get());
            thread::sleep(Duration::from_millis(5));
        }
    }
}

fn role(controls: bool, is_controlled: bool, windows: u32) -> Role {
    Role { controls, is_controlled, windows }
}

fn server() -> (tempfile::TempDir, String, Serving) {
    let folder = tempfile::tempdir().unwrap();
    let place = Where::Tcp(([127, 0, 0, 1], 0).into());
    let bound = Bound::to(&place, &folder.path().join("token"), false, "").unwrap();
    let link = bound.link(true);
    let offer = Offer { shared: Some(SharedRun::default()), ..Offer::default() };
    let serving = Serving::begin(bound, offer, Log::to(std::io::sink())).unwrap();
    (folder, link, serving)
}

fn specs() -> [RunSpec; 3] {
    let mut first = Catalog::builtin().unwrap().default_spec().clone();
    first.knobs.tp = 2;
    let (mut second, mut third) = (first.clone(), first.clone());
    second.knobs.strategy = StrategyKind::FuseOnly;
    third.knobs.strategy = StrategyKind::Default;
    [first, second, third]
}

#[test]
fn one_controls_the_others_watch_and_the_run_outlives_its_window() {
    let (_folder, link, serving) = server();
    let [first, second, third] = specs();
    let mut owner = Window::to(&link, &first);
    let seen = owner.sees(&first);
    owner.is(role(true, true, 1));

    // Another comes with a wish of its own, and sees the same picture instead.
    let mut watcher = Window::to(&link, &third);
    let same = watcher.sees(&first);
    assert_eq!(same.document.trace.lanes, seen.document.trace.lanes);
    owner.is(role(true, true, 2));
    watcher.is(role(false, true, 2));

    // What it asks for is refused with words, and changes nothing.
    watcher.session.send(Command::SetSpec(Box::new(third.clone())));
    let LiveEvent::Refused { cause, .. } = watcher.event() else { panic!("not refused") };
    assert!(cause.contains("another window controls this run"), "{cause}");
    owner.session.send(Command::SetSpec(Box::new(second.clone())));
    let turned = owner.sees(&second);
    assert_eq!(watcher.sees(&second).document.trace.lanes, turned.document.trace.lanes);

    // The owner leaves: the run goes on, and whoever comes or asks controls it.
    drop((owner.session, owner.link));
    watcher.is(role(false, false, 1));
    watcher.link.take_control();
    watcher.is(role(true, true, 1));
    watcher.session.send(Command::SetSpec(Box::new(third.clone())));
    watcher.sees(&third);
    let later = Window::to(&link, &first);
    later.sees(&third);
    later.is(role(false, true, 2));

    // Everybody leaves: it goes on all the same, and is there for the next, who controls it.
    drop((watcher, later));
    let since = Instant::now();
    while serving.windows() > 0 {
        assert!(since.elapsed() < PATIENCE);
        thread::sleep(Duration::from_millis(5));
    }
    let next = Window::to(&link, &third);
    next.sees(&third);
    next.is(role(true, true, 1));
}
