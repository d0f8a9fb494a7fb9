//! A job's digest, opened: its files as tables of an engine with a limit on memory.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{
    ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl,
};
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};
use weftscope_traces::align::Axis;
use weftscope_traces::digest::{Kind, columns};
use weftscope_traces::tables::CellType;

use crate::answer::Answer;
use crate::clocks::{self, Clocks};
use crate::error::ClusterError;
use crate::last_two::last_two;
use crate::matched;
use crate::sql::{ask, keep, number};

/// How to open.
#[derive(Clone, Debug)]
pub struct Options {
    /// Which job; `None`: the only one.
    pub job: Option<String>,
    /// Bytes that sorting, joining and grouping may hold before they go to disk.
    pub memory_bytes: usize,
    /// Threads.
    pub threads: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { job: None, memory_bytes: 2 << 30, threads: 2 }
    }
}

/// A job's digest.
pub struct Digest {
    /// The engine: tables `op`, `iteration`, `comm`, `told`, `place`, `clock`, `arrival`, `collective` and `member`.
    pub context: SessionContext,
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
        let context = engine(options)?;
        let of_job = folder.join(format!("job={job}"));
        for kind in Kind::ALL {
            register(&context, &of_job, kind).await?;
        }
        let ranks =
            number(&context, "select count(distinct rank) from iteration").await?.unwrap_or(0);
        if ranks == 0 {
            return Err(ClusterError::Nothing { job, path: folder.to_owned() });
        }
        ask(&context, COMM).await?;
        keep(&context, "told", TOLD).await?;
        let Clocks { servers, axis } = clocks::align(&context).await?;
        let caveats = matched::collectives(&context, &axis).await?;
        Ok(Self { context, job, ranks, servers, axis, caveats })
    }
}

impl Digest {
    /// What a query over its tables answers.
    ///
    /// # Errors
    /// [`ClusterError`].
    pub async fn sql(&self, query: &str) -> Result<Answer, ClusterError> {
        Ok(Answer { name: "sql", ..ask(&self.context, query).await? })
    }
}

/// Communication and its key: what has a number of its own is matched by that, the rest by turns within an iteration.
const COMM: &str = "create view comm as
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

fn engine(options: &Options) -> Result<SessionContext, ClusterError> {
    let pool = Arc::new(FairSpillPool::new(options.memory_bytes));
    let runtime = RuntimeEnvBuilder::new().with_memory_pool(pool).build_arc()?;
    let mut config = SessionConfig::new().with_target_partitions(options.threads.max(1));
    config.options_mut().execution.parquet.pushdown_filters = true;
    config.options_mut().execution.collect_statistics = false;
    let context = SessionContext::new_with_config_rt(config, runtime);
    context.register_udaf(last_two());
    Ok(context)
}

/// Files of a kind as a table named after it. Their columns are known, so that no file is opened before its rows are wanted.
async fn register(context: &SessionContext, of_job: &Path, kind: Kind) -> Result<(), ClusterError> {
    let field = |(name, cell): (&str, CellType)| {
        let data = match cell {
            CellType::Int => DataType::Int64,
            CellType::Float => DataType::Float64,
            CellType::Text => DataType::Utf8View,
        };
        Field::new(name, data, true)
    };
    let columns = columns(kind);
    let fields: Vec<Field> =
        columns.iter().map(|column| field((column.name, column.cell))).collect();
    let options = ListingOptions::new(Arc::new(ParquetFormat::default()))
        .with_file_extension(".parquet")
        .with_table_partition_cols(vec![
            ("rank".to_owned(), DataType::Int64),
            ("kind".to_owned(), DataType::Utf8),
        ]);
    let folder: PathBuf = of_job
        .canonicalize()
        .map_err(|cause| ClusterError::Io { cause, path: of_job.to_owned() })?;
    let url = ListingTableUrl::parse(format!("{}/", folder.display()))?;
    let config = ListingTableConfig::new(url)
        .with_listing_options(options)
        .with_schema(Arc::new(Schema::new(fields)));
    let name = format!("{}_file", kind.name());
    context.register_table(&name, Arc::new(ListingTable::try_new(config)?))?;
    let of_kind = format!("select * from {name} where kind = '{}'", kind.name());
    let view = context.sql(&of_kind).await?;
    context.register_table(kind.name(), view.into_view())?;
    Ok(())
}
