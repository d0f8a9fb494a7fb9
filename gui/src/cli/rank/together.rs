//! Who this process is, and how it comes together with the others.

use std::{
    env,
    hash::{DefaultHasher, Hash, Hasher},
    path::PathBuf,
    time::Duration,
};

use weftscope_engine::plan::Plan;
use weftscope_profiler::world::{Address, StampClock, Terms, World, WorldError, launcher};

use super::RankArgs;
use crate::{
    cli::{Failure, run_args::Backend},
    files::host_name,
};

/// Who this process is.
#[derive(Debug)]
pub(super) struct Who {
    pub(super) rank: u32,
    pub(super) world: u32,
    /// Which one it is on its server, where the launcher says that.
    pub(super) local_rank: Option<u32>,
    address: Option<Address>,
    pub(super) server: String,
    pub(super) job: String,
}

impl Who {
    /// As flags and launcher say.
    pub(super) fn of(args: &RankArgs) -> Result<Self, Failure> {
        let told = launcher::told(&|name| env::var(name).ok())
            .map_err(|error| Failure::misuse(error, "--address"))?;
        let missing = |what: &str, argument: &str| {
            let cause = format!("no launcher says {what}, and neither does the command line");
            Failure::misuse(cause, argument)
        };
        let rank =
            args.rank.or(told.rank).ok_or_else(|| missing("which rank this is", "--rank"))?;
        let world = args.world.or(told.world);
        let world = world.ok_or_else(|| missing("how many ranks there are", "--world"))?;
        let name = told.job_name();
        let server = args.server.clone().unwrap_or_else(host_name);
        let address = args.address.clone().or(told.address);
        let job = args.job.clone().or(name).unwrap_or_else(|| "job".to_owned());
        Ok(Self { rank, world, local_rank: told.local_rank, address, server, job })
    }

    /// Comes together with the others about a plan; `blob` is what rank 0 hands to all.
    pub(super) fn meet(
        &self,
        args: &RankArgs,
        (plan, clock): (&Plan, &StampClock),
        blob: impl FnOnce() -> Result<Vec<u8>, String>,
    ) -> Result<World, Failure> {
        let limit = Duration::from_nanos(args.wait.ns.max(0).unsigned_abs());
        let process = (self.rank, self.world);
        let hash = hash(args, plan);
        let terms = Terms::new(process, (&self.server, args.gpus), hash, (limit, clock.clone()))
            .map_err(|error| Failure::misuse(error, "--rank"))?;
        let world = if self.world == 1 {
            World::alone(&terms, blob)
        } else {
            let address = self.address.as_ref().ok_or_else(|| {
                let cause = "no launcher says where rank 0 is, and neither does the command line";
                Failure::misuse(cause, "--address HOST:PORT")
            })?;
            World::meet(&terms, address, blob)
        };
        let world = world.map_err(|error| failed(&error))?;
        let held: u64 = world.places().iter().map(|place| u64::from(place.gpus)).sum();
        if held != u64::from(plan.ranks) {
            let cause = format!("the processes hold {held} ranks, the plan has {}", plan.ranks);
            return Err(Failure::misuse(cause, "--tp"));
        }
        Ok(world)
    }

    /// This process' own file.
    pub(super) fn output(&self, args: &RankArgs) -> Result<Option<PathBuf>, Failure> {
        let Some(output) = &args.output else { return Ok(None) };
        let name = output.to_string_lossy();
        if self.world > 1 && !name.contains(RANK) {
            let cause = format!("every rank would write to {name}: put {RANK} into the name");
            return Err(Failure::misuse(cause, "--output"));
        }
        Ok(Some(name.replace(RANK, &self.rank.to_string()).into()))
    }
}

/// What stands for the number of the process in the name of a file.
const RANK: &str = "{rank}";

pub(super) fn failed(error: &WorldError) -> Failure {
    Failure::failed(error, "weftscope rank")
}

/// What must be the same everywhere, as a number. What this computer calls its GPUs may differ.
fn hash(args: &RankArgs, plan: &Plan) -> u64 {
    let mut hasher = DefaultHasher::new();
    let spec = &plan.spec;
    let told = serde_json::to_string(&(&spec.model, &spec.batch, &spec.knobs)).unwrap_or_default();
    told.hash(&mut hasher);
    plan.to_string().hash(&mut hasher);
    if args.backend == Backend::Sim {
        serde_json::to_string(&spec.machine).unwrap_or_default().hash(&mut hasher);
    }
    (args.iterations, args.backend == Backend::Sim).hash(&mut hasher);
    args.every.map(|every| every.ns).hash(&mut hasher);
    hasher.finish()
}
