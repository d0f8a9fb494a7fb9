//! The same questions on Ballista: a scheduler and two executors of this machine, whole and with one of them killed.

use std::path::Path;
use std::time::{Duration, Instant};

use weftscope_cluster::{Answer, ClusterError, Digest, Options, questions};

use crate::Line;
use crate::servers::{Servers, files, until};
use crate::speed::Asked;

/// Seconds that one query may take.
const LIMIT_S: u64 = 900;

/// The lines of the table, beside what one process answered.
pub(crate) fn lines(digests: &Path, here: &Asked) -> Result<Vec<Line>, String> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    let mut servers = Servers::start(2);
    let options = servers.options(LIMIT_S);
    let asked = || {
        let began = Instant::now();
        let all = runtime.block_on(all(digests, &options));
        (all, began.elapsed().as_secs_f64())
    };
    let (whole, took_s) = asked();
    let both_worked = (0..2).all(|executor| servers.files_of(executor) > 0);
    let mut lines = vec![same(
        "the same on a scheduler and two executors of Ballista",
        "same answers",
        (whole, took_s),
        here,
    )];
    lines[0].is_reached &= both_worked;

    let before = files(digests);
    let (after_kill, took_s) = std::thread::scope(|scope| {
        let client = scope.spawn(asked);
        // Some tables are kept and more are to come.
        until(|| files(digests) > before || client.is_finished());
        servers.kill_executor(0);
        client.join().map_err(|_| "the client panicked".to_owned())
    })?;
    let reach = "same answers, or what to do";
    lines.push(same("an executor killed in between", reach, (after_kill, took_s), here));

    let (failed, took_s) = std::thread::scope(|scope| {
        let client = scope.spawn(asked);
        until(|| files(digests) > before || client.is_finished());
        servers.kill_scheduler();
        client.join().map_err(|_| "the client panicked".to_owned())
    })?;
    lines.push(same("the scheduler killed in between", reach, (failed, took_s), here));
    servers.start_scheduler_again();
    let reach = "same answers";
    lines.push(same("another scheduler in its place", reach, asked(), here));
    Ok(lines)
}

async fn all(digests: &Path, options: &Options) -> Result<Vec<Answer>, ClusterError> {
    let digest = Digest::open(digests, options).await?;
    let mut answers = Vec::new();
    for name in questions::NAMES {
        answers.extend(questions::ask(&digest, name).await?);
    }
    Ok(answers)
}

/// Whether answers are those of one process, row by row.
fn same(
    what: &str,
    reach: &str,
    (found, took_s): (Result<Vec<Answer>, ClusterError>, f64),
    here: &Asked,
) -> Line {
    let (found, is_reached) = match found {
        Ok(answers) if answers == here.answers => (format!("same answers, {took_s:.0} s"), true),
        Ok(answers) => {
            let pairs = answers.iter().zip(&here.answers);
            let names: Vec<&str> =
                pairs.filter(|(one, other)| one != other).map(|(one, _)| one.name).collect();
            (format!("others: {}", names.join(", ")), false)
        }
        Err(error @ (ClusterError::Unanswered { .. } | ClusterError::TooLong { .. })) => {
            let said = error.to_string();
            let said = said.split(';').next().unwrap_or_default();
            let long = Duration::from_secs_f64(took_s).as_secs();
            (format!("said after {long} s: {said}"), reach != "same answers")
        }
        Err(error) => (error.to_string(), false),
    };
    Line { what: what.to_owned(), reach: reach.to_owned(), found, is_reached }
}
