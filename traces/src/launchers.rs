//! Variables in which launchers tell a process its rank.

/// The name of the variable that holds the rank, and of the one beside it that holds how many there are, where there is one:
/// torchrun's, Open MPI's, MVAPICH's, those of MPICH and Intel MPI, Slurm's, those of Kubernetes' LeaderWorkerSet and of its indexed
/// jobs. The first that is there counts: what is started by torchrun under Slurm has both, and torchrun's is the process's own.
pub const RANK_VARIABLES: [(&str, Option<&str>); 7] = [
    ("RANK", Some("WORLD_SIZE")),
    ("OMPI_COMM_WORLD_RANK", Some("OMPI_COMM_WORLD_SIZE")),
    ("MV2_COMM_WORLD_RANK", Some("MV2_COMM_WORLD_SIZE")),
    ("PMI_RANK", Some("PMI_SIZE")),
    ("SLURM_PROCID", Some("SLURM_NTASKS")),
    ("LWS_WORKER_INDEX", Some("LWS_GROUP_SIZE")),
    ("JOB_COMPLETION_INDEX", None),
];
