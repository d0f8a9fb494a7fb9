//! A job's digest, opened: its files as tables of an engine with a limit on memory.

use std::{fs, path::Path, sync::Arc};

use datafusion::arrow::datatypes::{DataType, Field, Schema};
use weftscope_traces::align::Axis;
use weftscope_traces::digest::{Kind, columns};
use weftscope_traces::tables::CellType;

use crate::answer::Answer;
use crate::clocks::{self, Clocks};
use crate::engine::Engine;
use crate::error::ClusterError;
use crate::matched;
use crate::options::Options;

/// A job's digest.
pub struct Digest {
    /// The engine: tables `op`, `iteration`, `comm`, `told`, `place`, `clock`, `arrival`, `collective` and `member`.
    pub engine: Engine,
    /// Name of the job.
    pub job: String,
    /// Ranks.
    pub ranks: i64,
    /// The servers, by clock of the table `clock`.
    pub servers: Vec<String>,
    /// The axis that `arrival` is on, by clock of the table `clock`.
    pub axis: Axis,
    /// What was left out of `collective`, a sentence each.
    pub caveats: Vec<String>,
}

impl Digest {
    /// Opens the digest in a folder: puts clocks on one axis and matches collectives.
    ///
    /// # Errors
    /// [`ClusterError`].
    pub async fn open(folder: &Path, options: &Options) -> Result<Self, ClusterError> {
        let job = the_job(folder, options.job.as_deref())?;
        let engine = Engine::new(folder, options).await?;
        let of_job = folder.join(format!("job={job}"));
        for kind in Kind::ALL {
            register(&engine, &of_job, kind).await?;
        }
        let ranks = engine.number("select count(distinct rank) from iteration").await?.unwrap_or(0);
        if ranks == 0 {
            return Err(ClusterError::Nothing { job, path: folder.to_owned() });
        }
        engine.view("comm", COMM).await?;
        engine.keep("told", TOLD).await?;
        let Clocks { servers, axis } = clocks::align(&engine).await?;
        let caveats = matched::collectives(&engine, &axis).await?;
        Ok(Self { engine, job, ranks, servers, axis, caveats })
    }
}

impl Digest {
    /// What a query over its tables answers; whatever would write or change something is refused.
    ///
    /// # Errors
    /// [`ClusterError`].
    pub async fn sql(&self, query: &str) -> Result<Answer, ClusterError> {
        Ok(Answer { name: "sql", ..self.engine.ask_strangers(query).await? })
    }
}

/// Communication and its key: what has a number of its own is matched by that, the rest by turns within an iteration.
const COMM: &str = "
    select rank, iteration, layer, operation, comm_group, coalesce(group_name, '') as group_name,
        case when sequence is null then coalesce(iteration, -1) else -2 end as within,
        coalesce(sequence, turn) as number, ranks, synchronises, bytes, link_bytes,
        start_ns, end_ns, arrival_ns, hidden_ns, exposed_ns
    from op where operation is not null";

/// What each rank tells of a communicator, layer by layer, summed: most questions need no more, and it is a thousandth of the rows.
const TOLD: &str = "
    select rank, layer, operation, comm_group, group_name, synchronises, ranks, count(*) as ops,
        count(arrival_ns) as arrivals, sum(hidden_ns) as hidden_ns, sum(exposed_ns) as exposed_ns,
        sum(hidden_ns + exposed_ns) as comm_ns
    from comm group by rank, layer, operation, comm_group, group_name, synchronises, ranks";

/// The job asked for, or the only one.
fn the_job(folder: &Path, asked: Option<&str>) -> Result<String, ClusterError> {
    let cannot = |cause| ClusterError::Io { cause, path: folder.to_owned() };
    let mut jobs = Vec::new();
    for entry in fs::read_dir(folder).map_err(cannot)? {
        let name = entry.map_err(cannot)?.file_name();
        jobs.extend(name.to_string_lossy().strip_prefix("job=").map(str::to_owned));
    }
    jobs.sort_unstable();
    match (asked, &jobs[..]) {
        (Some(job), _) if jobs.iter().any(|known| known == job) => Ok(job.to_owned()),
        (None, [job]) => Ok(job.clone()),
        (None, [_, _, ..]) => Err(ClusterError::SeveralJobs { jobs }),
        _ => Err(ClusterError::Nothing {
            job: asked.unwrap_or_default().to_owned(),
            path: folder.to_owned(),
        }),
    }
}

/// Files of a kind as a table named after it.
async fn register(engine: &Engine, of_job: &Path, kind: Kind) -> Result<(), ClusterError> {
    let field = |(name, cell): (&str, CellType)| {
        let data = match cell {
            CellType::Int => DataType::Int64,
            CellType::Float => DataType::Float64,
            CellType::Text => engine.text(),
        };
        Field::new(name, data, true)
    };
    let columns = columns(kind);
    let fields: Vec<Field> =
        columns.iter().map(|column| field((column.name, column.cell))).collect();
    let in_paths = vec![("rank".to_owned(), DataType::Int64), ("kind".to_owned(), DataType::Utf8)];
    let name = format!("{}_file", kind.name());
    engine.files(&name, of_job, in_paths, Arc::new(Schema::new(fields)))?;
    let of_kind = format!("select * from {name} where kind = '{}'", kind.name());
    engine.view(kind.name(), &of_kind).await
}
