use std::path::PathBuf;

use clap::Args;
use weftscope_profiler::world::Address;

use crate::cli::{
    digest::job_name,
    outputs,
    run_args::{Backend, RunArgs},
};
use crate::times::Time;

/// `rank`.
#[derive(Debug, Args)]
#[command(
    override_usage = "srun weftscope rank [OPTIONS]\n       torchrun --nnodes=N --nproc-per-node=M --no-python weftscope rank [OPTIONS]\n       mpirun weftscope rank [OPTIONS]",
    after_help = "Rank, size and address are the launcher's (RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT, of which the next port is taken; those of Slurm, Open MPI, MPICH, Kubernetes); --rank, --world and --address say otherwise. The rendezvous trusts its network, as torchrun's does. docs/cluster.md shows it from the job script to the straggler table."
)]
pub struct RankArgs {
    /// What to run, the same for every rank; --tp is by default as many as all processes hold.
    #[command(flatten)]
    pub run: RunArgs,
    /// Where to run it: `sim` simulates all ranks in every process, and each tells its own.
    #[arg(long, value_enum, default_value_t = Backend::Sim)]
    pub backend: Backend,
    /// Folder of a Hugging Face checkpoint to take the weights from, with `--backend cuda` [default: random weights].
    #[arg(long, value_name = "FOLDER")]
    pub weights: Option<PathBuf>,
    /// Layers to run, a number or `all` [default: 4, or all with `--weights`].
    #[arg(long, value_name = "N|all")]
    pub layers: Option<String>,
    /// Iterations, one after another.
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub iterations: u32,
    #[arg(short, long, value_name = "FILE", required_unless_present = "digest", help = output_help())]
    pub output: Option<PathBuf>,
    /// Write what this process' ranks did as digests into this folder while the run goes on, a file for each stretch of
    /// iterations (docs/digest.md).
    #[arg(long, value_name = "DIR")]
    pub digest: Option<PathBuf>,
    /// Iterations of a stretch.
    #[arg(long, value_name = "N", default_value_t = 16, requires = "digest", value_parser = clap::value_parser!(u32).range(1..))]
    pub digest_every: u32,
    /// Name of the job in digests [default: the launcher's, else `job`].
    #[arg(long, value_name = "NAME", value_parser = job_name)]
    pub job: Option<String>,
    /// Name of this server, whose clock its ranks share [default: its host name].
    #[arg(long, value_name = "NAME")]
    pub server: Option<String>,
    /// Which process this is, from 0 [default: as the launcher says].
    #[arg(long, value_name = "N")]
    pub rank: Option<u32>,
    /// How many processes there are [default: as the launcher says].
    #[arg(long, value_name = "N")]
    pub world: Option<u32>,
    /// Where rank 0 listens and the others find it, HOST:PORT [default: from the launcher; one port beside torchrun's own].
    #[arg(long, value_name = "HOST:PORT")]
    pub address: Option<Address>,
    /// Ranks of the plan that this process holds, a GPU each.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub gpus: u32,
    /// How long ranks wait for one another, at the beginning and at every iteration.
    #[arg(long, value_name = "TIME", default_value = "300s")]
    pub wait: Time,
    /// Simulated: iterations begin so far apart, e.g. 1s [default: as they come].
    #[arg(long, value_name = "TIME")]
    pub every: Option<Time>,
    /// Simulated: this process' clock is so far ahead, e.g. 5ms or -5ms; what puts clocks on one axis can be held against it.
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub clock_offset: Option<Time>,
    /// Simulated: this process' clock goes so much faster, in parts per million.
    #[arg(long, value_name = "PPM", allow_hyphen_values = true)]
    pub clock_drift: Option<f64>,
}

/// `--output` in words.
fn output_help() -> String {
    format!(
        "{}; of several processes each has its own: {{rank}} in the name stands for its number",
        outputs::output_help()
    )
}
