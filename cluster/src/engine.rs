//! The engine that is asked, and where what is kept between questions stays: in memory, or, where Ballista's executors
//! answer, in files that they all see.

use std::path::Path;
use std::sync::Arc;

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::datasource::MemTable;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{
    ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl,
};
use datafusion::error::DataFusionError;
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{DataFrame, SQLOptions, SessionConfig, SessionContext};

use crate::answer::{Answer, Cell};
#[cfg(feature = "ballista")]
use crate::ballista::Remote;
use crate::cells;
use crate::error::ClusterError;
use crate::last_two::last_two;
use crate::options::{Options, reading};

/// What answers queries: tables by their names.
pub struct Engine {
    context: SessionContext,
    runs: Runs,
}

enum Runs {
    /// In this process.
    Here,
    /// On executors of Ballista.
    #[cfg(feature = "ballista")]
    Beyond(Remote),
}

impl Engine {
    /// An engine without tables. Files of what is kept, where executors have to see it, go beside the digest in `folder`.
    pub(crate) async fn new(folder: &Path, options: &Options) -> Result<Self, ClusterError> {
        let Some(ballista) = &options.ballista else { return Self::here(options) };
        #[cfg(feature = "ballista")]
        {
            let remote = Remote::new(folder, ballista)?;
            let context = remote.context(options.threads)?;
            Ok(Self { context, runs: Runs::Beyond(remote) })
        }
        #[cfg(not(feature = "ballista"))]
        Err(ClusterError::WithoutBallista {
            scheduler: ballista.scheduler.clone(),
            folder: folder.to_owned(),
        })
    }

    fn here(options: &Options) -> Result<Self, ClusterError> {
        let pool = Arc::new(FairSpillPool::new(options.memory_bytes));
        let runtime = RuntimeEnvBuilder::new().with_memory_pool(pool).build_arc()?;
        let config = reading(SessionConfig::new(), options.threads);
        let context = SessionContext::new_with_config_rt(config, runtime);
        context.register_udaf(last_two());
        Ok(Self { context, runs: Runs::Here })
    }

    /// The rows that a query answers, as a nameless answer.
    pub(crate) async fn ask(&self, query: &str) -> Result<Answer, ClusterError> {
        self.rows(self.context.sql(query).await?).await
    }

    /// The same of a query of which nobody knows what it does: one that would write or change something is refused.
    pub(crate) async fn ask_strangers(&self, query: &str) -> Result<Answer, ClusterError> {
        let plan = self.context.state().create_logical_plan(query).await?;
        let none = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false);
        let only_queries = none.with_allow_statements(false);
        only_queries.verify_plan(&plan).map_err(|cause| ClusterError::NotAQuery {
            cause: cause.strip_backtrace().lines().next().unwrap_or_default().to_owned(),
        })?;
        self.rows(self.context.execute_logical_plan(plan).await?).await
    }

    /// The one number that a query answers.
    pub(crate) async fn number(&self, query: &str) -> Result<Option<i64>, ClusterError> {
        let answer = self.ask(query).await?;
        Ok(answer.rows.first().and_then(|row| row.first()).and_then(Cell::int))
    }

    /// Names a query: it is asked again wherever its name stands.
    pub(crate) async fn view(&self, name: &str, query: &str) -> Result<(), ClusterError> {
        let view = self.context.sql(query).await?.into_view();
        self.context.register_table(name, view)?;
        Ok(())
    }

    /// Asks once and keeps what is answered as a table of this name.
    pub(crate) async fn keep(&self, name: &str, query: &str) -> Result<(), ClusterError> {
        let frame = self.context.sql(query).await?;
        let schema = Arc::new(frame.schema().as_arrow().clone());
        match &self.runs {
            Runs::Here => {
                let parts = frame.collect_partitioned().await?;
                self.context.register_table(name, Arc::new(MemTable::try_new(schema, parts)?))?;
                Ok(())
            }
            #[cfg(feature = "ballista")]
            Runs::Beyond(remote) => {
                let kept = remote.keep(name, &frame).await?;
                self.files(name, &kept.folder, Vec::new(), kept.schema)
            }
        }
    }

    /// A table of columns that are at hand.
    pub(crate) fn table<const N: usize>(
        &self,
        name: &str,
        columns: [(&str, ArrayRef); N],
    ) -> Result<(), ClusterError> {
        let batch = RecordBatch::try_from_iter(columns).map_err(DataFusionError::from)?;
        match &self.runs {
            Runs::Here => {
                let table = MemTable::try_new(batch.schema(), vec![vec![batch]])?;
                self.context.register_table(name, Arc::new(table))?;
                Ok(())
            }
            #[cfg(feature = "ballista")]
            Runs::Beyond(remote) => {
                let kept = remote.keep_batch(name, &batch)?;
                self.files(name, &kept.folder, Vec::new(), kept.schema)
            }
        }
    }

    /// A table of all Parquet files under a folder. Their columns are known, so that no file is opened before its rows are wanted.
    pub(crate) fn files(
        &self,
        name: &str,
        folder: &Path,
        in_paths: Vec<(String, DataType)>,
        schema: SchemaRef,
    ) -> Result<(), ClusterError> {
        let options = ListingOptions::new(Arc::new(ParquetFormat::default()))
            .with_file_extension(".parquet")
            .with_table_partition_cols(in_paths);
        let folder = folder
            .canonicalize()
            .map_err(|cause| ClusterError::Io { cause, path: folder.to_owned() })?;
        let url = ListingTableUrl::parse(format!("{}/", folder.display()))?;
        let config = ListingTableConfig::new(url).with_listing_options(options).with_schema(schema);
        self.context.register_table(name, Arc::new(ListingTable::try_new(config)?))?;
        Ok(())
    }

    /// How text of files is held: by views in this process; Ballista does not send those between executors in frames that fit.
    pub(crate) fn text(&self) -> DataType {
        match self.runs {
            Runs::Here => DataType::Utf8View,
            #[cfg(feature = "ballista")]
            Runs::Beyond(_) => DataType::Utf8,
        }
    }

    async fn rows(&self, frame: DataFrame) -> Result<Answer, ClusterError> {
        let columns = frame.schema().fields().iter().map(|field| field.name().clone()).collect();
        let batches = match &self.runs {
            Runs::Here => frame.collect().await?,
            #[cfg(feature = "ballista")]
            Runs::Beyond(remote) => remote.collect(&frame).await?,
        };
        let mut answer = Answer { columns, ..Answer::default() };
        for batch in &batches {
            cells::append(batch, &mut answer)?;
        }
        Ok(answer)
    }
}
