//! `run --digest`: parts appear while the program runs. The program's process is made up: this test speaks as the library in it would.

use std::{
    fs, io,
    os::unix::net::{UnixListener, UnixStream},
    process::{Child, Stdio},
    thread,
    time::{Duration, Instant},
};

use weftscope_profiler::watch::{
    made,
    wire::{Command as Ask, Event, Launch, Reply, folder, frame},
};
use weftscope_traces::digest::{IterationRow, read_iterations, read_op_times};

use super::place::{Place, command};

const STEP_NS: i64 = 10_000;

/// `weftscope run --digest` of a program that waits, and its one process.
struct Run {
    place: Place,
    program: Child,
    process: UnixStream,
    steps: i64,
}

fn until<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(Instant::now() < until, "{what} does not come");
        thread::sleep(Duration::from_millis(20));
    }
}

impl Run {
    fn start(more: &[&str]) -> Self {
        let place = Place::new();
        let library = place.write("libweftscope_inject.so", b"");
        fs::create_dir_all(place.path("cuda/lib")).unwrap();
        fs::write(place.path("cuda/lib/libsanitizer-public.so"), b"").unwrap();
        fs::create_dir_all(place.path("runtime")).unwrap();
        let script = "printf %s \"$WEFTSCOPE_JOB\" >job; while [ -e job ] && [ ! -e done ]; do sleep 0.02; done";
        let args =
            ["run", "--digest", "out", "--digest-every", "0s", "--job", "j", "--server", "s"];
        let args = [&args[..], more, &["--", "sh", "-c", script]].concat();
        let program = command(&args)
            .current_dir(place.path(""))
            .env("WEFTSCOPE_INJECT_LIBRARY", library)
            .env("WEFTSCOPE_CUDA_DIR", place.path("cuda"))
            .env("XDG_RUNTIME_DIR", place.path("runtime"))
            .env_remove("NCCL_PROFILER_PLUGIN")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let job = until("the job", || {
            fs::read_to_string(place.path("job")).ok().filter(|job| !job.is_empty())
        });
        let listener = UnixListener::bind(folder::socket(job.as_ref(), 4242)).unwrap();
        let (mut process, _) = listener.accept().unwrap();
        assert_eq!(frame::read::<Ask>(&mut process).unwrap(), Ask::Listen);
        let mut run = Self { place, program, process, steps: 0 };
        run.say(&Reply::Hello(made::hello(4242, (3, 8))));
        let known = std::iter::once(Event::Device(made::device(1)));
        run.say(&Reply::Events(
            known.chain(made::kernels(["gemm_0", "gemm_1", "gemm_2"])).collect(),
        ));
        run
    }

    fn say(&mut self, reply: &Reply) {
        frame::write(&mut self.process, reply).unwrap();
    }

    /// Three kernels, and a wait for them.
    fn step(&mut self) {
        let start_ns = 1_000_000 + self.steps * STEP_NS;
        let mut events = Vec::new();
        for kernel in 0..3_u32 {
            let at_host_ns = start_ns + i64::from(kernel) * 1_000;
            let id = (self.steps * 3) as u64 + u64::from(kernel);
            events.push(Event::Launch(Launch { kernel, ..made::launch(id, at_host_ns) }));
            events.push(made::block(id, at_host_ns.unsigned_abs(), 500));
        }
        events.push(Event::Wait(made::wait(1, start_ns + 4_000, 9)));
        self.say(&Reply::Events(events));
        self.steps += 1;
    }

    fn parts(&self) -> Vec<Vec<IterationRow>> {
        let folder = self.place.path("out/job=j/rank=00003/kind=iteration");
        let part = |number: usize| {
            let file = fs::File::open(folder.join(format!("part-{number}.parquet"))).ok()?;
            Some(read_iterations(file).expect("what has its name is whole"))
        };
        let parts = (0..).map_while(part);
        parts
            .inspect(|part| assert_eq!(part.of.server.as_deref(), Some("s")))
            .map(|it| it.rows)
            .collect()
    }

    fn ops(&self) -> usize {
        let folder = self.place.path("out/job=j/rank=00003/kind=op");
        let mut ops = 0;
        for entry in fs::read_dir(folder).unwrap().flatten() {
            if entry.path().extension().is_some_and(|ending| ending == "parquet") {
                let file = fs::File::open(entry.path()).unwrap();
                read_op_times(file, &mut |_| {
                    ops += 1;
                    std::ops::ControlFlow::Continue(())
                })
                .unwrap();
            }
        }
        ops
    }

    /// The process stops, the program ends: whether that went well, and what was said.
    fn ended(&mut self) -> (bool, String, String) {
        self.say(&Reply::Stopped);
        fs::write(self.place.path("done"), b"").unwrap();
        let is_well = self.program.wait().unwrap().success();
        let stdout = io::read_to_string(self.program.stdout.take().unwrap()).unwrap();
        let stderr = io::read_to_string(self.program.stderr.take().unwrap()).unwrap();
        (is_well, stdout, stderr)
    }

    fn steps_until_parts(&mut self, parts: usize) {
        until("a part", || {
            self.step();
            (self.parts().len() >= parts).then_some(())
        });
        assert!(self.program.try_wait().unwrap().is_none(), "the program goes on");
    }
}

/// Oracle: the steps that were made.
#[test]
fn parts_come_while_the_program_runs_and_hold_each_step_once() {
    for more in [&[][..], &["-o", "all.weft"]] {
        let mut run = Run::start(more);
        run.steps_until_parts(3);
        run.step();
        let all = run.steps;
        let (is_well, stdout, stderr) = run.ended();
        assert!(is_well, "{stderr}");
        let numbers: Vec<Option<i64>> =
            run.parts().concat().iter().map(|row| row.iteration).collect();
        assert_eq!(numbers, (0..all).map(Some).collect::<Vec<_>>(), "{stdout}");
        assert_eq!(run.ops() as i64, 3 * all);
        assert!(stdout.contains(&format!("{} rows of ops", 3 * all)), "{stdout}");
        if !more.is_empty() {
            assert!(stdout.contains(&format!("{} kernels launched", 3 * all)), "{stdout}");
            let digested = run.place.ok(&["digest", "all.weft", "-o", "after"]);
            assert!(digested.contains(&format!("{} rows of ops", 3 * all)), "{digested}");
        }
    }
}

#[test]
fn a_killed_run_leaves_what_was_closed() {
    let mut run = Run::start(&[]);
    run.steps_until_parts(2);
    run.program.kill().unwrap();
    run.program.wait().unwrap();
    fs::write(run.place.path("done"), b"").unwrap();
    let numbers: Vec<Option<i64>> = run.parts().concat().iter().map(|row| row.iteration).collect();
    assert!(numbers.len() >= 3, "{numbers:?}");
    assert_eq!(numbers, (0..numbers.len() as i64).map(Some).collect::<Vec<_>>());
}

#[test]
fn what_is_there_is_not_mixed_with_another_run() {
    let mut run = Run::start(&[]);
    run.steps_until_parts(1);
    run.program.kill().unwrap();
    run.program.wait().unwrap();
    fs::write(run.place.path("done"), b"").unwrap();
    let taken = run.place.path("out");
    let mut second = Run::start(&[]);
    fs::rename(&taken, second.place.path("out")).unwrap();
    for _ in 0..8 {
        second.step();
    }
    let (is_well, _, stderr) = second.ended();
    assert!(!is_well, "{stderr}");
    assert!(stderr.contains("a digest of rank 3 of job j is there already"), "{stderr}");
}
