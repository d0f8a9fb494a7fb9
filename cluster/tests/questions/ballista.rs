//! Ballista's executors answer what one process answers, also when some of them are killed, or say what to do.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::made_up::MadeUp;
use crate::servers::{Servers, files, until};
use crate::{CLOCKS, ask};
use weftscope_cluster::{Answer, ClusterError, Digest, Options, questions};

/// Everything that is asked, and our function in a query of its own.
const SQL: &str = "
    select comm_group, get_field(last_two(arrived, rank), 'rank') as last, count(*) as arrivals
    from arrival group by comm_group order by comm_group";

/// Five heartbeats that are 2 s apart, and some time more.
const GIVEN_UP: Duration = Duration::from_secs(14);

fn made_up() -> (tempfile::TempDir, MadeUp) {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let of = MadeUp {
        clocks: CLOCKS,
        slow: Some((6, 0.2, 20)),
        slow_pair: Some(([1, 2], 3)),
        ..MadeUp::default()
    };
    of.write(dir.path());
    (dir, of)
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("threads")
}

async fn open(folder: &Path, options: &Options) -> Digest {
    Digest::open(folder, options).await.expect("it opens")
}

async fn all(digest: &Digest) -> Vec<Answer> {
    let mut answers = vec![digest.sql(SQL).await.expect("an answer")];
    for name in questions::NAMES.into_iter().chain(["matrix"]) {
        answers.push(ask(digest, name).await);
    }
    answers
}

fn here(folder: &Path) -> (Digest, Vec<Answer>) {
    runtime().block_on(async {
        let digest = open(folder, &Options::default()).await;
        let answers = all(&digest).await;
        (digest, answers)
    })
}

/// Row by row, each number to its last bit.
fn assert_same(found: &[Answer], wanted: &[Answer]) {
    assert_eq!(found.len(), wanted.len());
    for (found, wanted) in found.iter().zip(wanted) {
        assert!(!wanted.rows.is_empty(), "{}", wanted.name);
        assert_eq!(found.columns, wanted.columns);
        for (at, (found_row, row)) in found.rows.iter().zip(&wanted.rows).enumerate() {
            assert_eq!(found_row, row, "{}, row {at}", wanted.name);
        }
        assert_eq!(found, wanted, "{}", wanted.name);
    }
}

/// Folders beside the jobs.
fn shared(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).expect("a folder").flatten();
    entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("_asked-")).count()
}

#[test]
fn two_executors_answer_what_one_process_does() {
    let (dir, _) = made_up();
    let (wanted, answers) = here(dir.path());
    assert!(answers.iter().any(|answer| !answer.findings.is_empty()));
    let servers = Servers::start(2);
    runtime().block_on(async {
        let digest = open(dir.path(), &servers.options(300)).await;
        assert_eq!(shared(dir.path()), 1);
        assert_eq!((digest.ranks, &digest.servers), (wanted.ranks, &wanted.servers));
        assert_eq!(format!("{:?}", digest.axis), format!("{:?}", wanted.axis));
        assert_eq!(digest.caveats, wanted.caveats);
        assert_same(&all(&digest).await, &answers);
        let refused = digest.sql("create table mine as select 1").await;
        assert!(matches!(refused, Err(ClusterError::NotAQuery { .. })), "{:?}", refused.err());
    });
    // Both worked, and nothing is left of what was kept.
    assert!(servers.files_of(0) > 0 && servers.files_of(1) > 0);
    assert_eq!(shared(dir.path()), 0);
}

#[test]
fn a_killed_executor_changes_no_answer() {
    let (dir, _) = made_up();
    let (wanted, answers) = here(dir.path());
    let mut servers = Servers::start(2);
    let options = servers.options(300);
    let asked = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let client = scope.spawn(|| {
            runtime().block_on(async {
                let digest = open(dir.path(), &options).await;
                let first = all(&digest).await;
                asked.store(1, Ordering::Release);
                (digest.caveats.clone(), first, all(&digest).await)
            })
        });
        // In the midst of opening: some tables are kept and more are to come.
        until(|| files(dir.path()) > 2 * 16);
        assert_eq!(asked.load(Ordering::Acquire), 0);
        servers.kill_executor(0);
        let (caveats, first, second) = client.join().expect("it finishes");
        assert_eq!(caveats, wanted.caveats);
        assert_same(&first, &answers);
        assert_same(&second, &answers);
    });
}

#[test]
fn a_killed_scheduler_is_told_and_another_one_goes_on() {
    let (dir, _) = made_up();
    let (_, answers) = here(dir.path());
    let mut servers = Servers::start(1);
    let options = servers.options(300);
    let asked = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let client = scope.spawn(|| {
            runtime().block_on(async {
                let digest = open(dir.path(), &options).await;
                // Until it fails: whole answers and then none.
                let failed = loop {
                    match questions::ask(&digest, "skew").await {
                        Ok(answer) => {
                            let answer = answer.expect("there is such a question");
                            let wanted = answers.iter().find(|answer| answer.name == "skew");
                            assert_eq!(Some(&answer), wanted);
                            asked.fetch_add(1, Ordering::AcqRel);
                        }
                        Err(error) => break error,
                    }
                };
                (digest, failed)
            })
        });
        until(|| asked.load(Ordering::Acquire) >= 2);
        let began = Instant::now();
        servers.kill_scheduler();
        let (digest, failed) = client.join().expect("it ends");
        assert!(began.elapsed() < Duration::from_secs(200));
        assert!(matches!(failed, ClusterError::Unanswered { .. }), "{failed}");
        assert!(failed.to_string().contains("see that the scheduler runs there"), "{failed}");
        // Longer than Ballista's own executors wait before they end.
        std::thread::sleep(GIVEN_UP.saturating_sub(began.elapsed()));
        servers.start_scheduler_again();
        assert_same(&runtime().block_on(all(&digest)), &answers);
    });
}

/// More rows than the one thread of an executor joins in minutes.
const LONG: &str = "
    select count(*) as rows from arrival as a, arrival as b, arrival as c
    where (a.rank + b.rank * c.rank) % 7 = 3";

#[test]
fn what_nobody_waits_for_is_done_no_more() {
    let (dir, _) = made_up();
    let servers = Servers::start(1);
    runtime().block_on(async {
        let digest = open(dir.path(), &servers.options(60)).await;
        let given_up = tokio::time::timeout(Duration::from_secs(3), digest.sql(LONG)).await;
        assert!(given_up.is_err(), "it is too short: {given_up:?}");
        let answer = digest.sql("select count(*) as arrivals from arrival").await;
        assert_eq!(answer.expect("the executor is free").rows.len(), 1);
    });
}

#[test]
fn where_no_executor_works_the_limit_ends_it() {
    let (dir, _) = made_up();
    let servers = Servers::start(0);
    let failed = runtime().block_on(Digest::open(dir.path(), &servers.options(2))).err();
    let failed = failed.expect("nobody answers");
    assert!(matches!(failed, ClusterError::TooLong { limit_s: 2, .. }), "{failed}");
    assert!(failed.to_string().contains("--limit"), "{failed}");
    assert_eq!(shared(dir.path()), 0);
}
