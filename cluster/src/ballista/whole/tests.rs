//! Jobs that end well: told as such, unless an executor was lost since they were submitted.

use ballista_core::serde::protobuf::SuccessfulJob;
use ballista_core::utils::{default_config_producer, default_session_builder};
use ballista_scheduler::planner::DefaultDistributedPlanner;
use ballista_scheduler::state::execution_graph::StaticExecutionGraph;
use datafusion::arrow::datatypes::Schema;
use datafusion::physical_plan::empty::EmptyExec;

use super::*;

fn graph(job: &JobId) -> ExecutionGraphBox {
    let plan = Arc::new(EmptyExec::new(Arc::new(Schema::empty())));
    let config = Arc::new(default_config_producer());
    let mut planner = DefaultDistributedPlanner::new();
    let graph = StaticExecutionGraph::new("s", job, "", "", plan, 0, config, &mut planner, None);
    Box::new(graph.expect("a plan of one stage"))
}

/// What its client is told of a job that ends well; `lost` says when an executor was lost: before it was submitted, after.
async fn told(lost: [bool; 2]) -> Option<job_status::Status> {
    let (cluster, _) =
        super::cluster(Arc::new(default_session_builder), Arc::new(default_config_producer));
    let (executors, jobs) = (cluster.cluster_state(), cluster.job_state());
    let lose = async |is_lost: bool| {
        if is_lost {
            executors.remove_executor("e").await.expect("it is forgotten");
        }
    };
    let job: JobId = "j".into();
    let mut graph = graph(&job);
    let (client, mut told) = tokio::sync::mpsc::channel(4);
    lose(lost[0]).await;
    jobs.accept_job(&job, "", 0).expect("room");
    jobs.submit_job(job.clone(), &graph, Some(client)).await.expect("room");
    lose(lost[1]).await;
    let status = Some(job_status::Status::Successful(SuccessfulJob::default()));
    graph.update_status(JobStatus { job_id: job.to_string(), job_name: String::new(), status });
    jobs.save_job(&job, &graph).await.expect("room");
    let mut last = None;
    while let Ok(status) = told.try_recv() {
        last = status.status;
    }
    let kept = jobs.get_job_status(&job).await.expect("it is known");
    assert_eq!(kept.and_then(|kept| kept.status), last);
    last
}

#[test]
fn a_job_that_an_executor_was_lost_of_has_failed() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a thread");
    for before in [false, true] {
        let whole = runtime.block_on(told([before, false]));
        assert!(matches!(whole, Some(job_status::Status::Successful(_))), "{whole:?}");
        let failed = runtime.block_on(told([before, true]));
        let Some(job_status::Status::Failed(failed)) = failed else { panic!("{failed:?}") };
        assert_eq!(failed.error, LOST);
    }
}
