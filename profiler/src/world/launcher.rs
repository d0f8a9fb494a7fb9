//! What a launcher tells a process in its environment: rank, size, place on its server, and where rank 0 is.

use weftscope_traces::RANK_VARIABLES;

use super::{Address, AddressError, node_list::first_node};

/// Port of rank 0 where nothing says another one: the next after torchrun's own.
const PORT: u16 = 29_501;
/// Ports that jobs of Slurm take, by their number, so that two of them on one server seldom meet.
const SLURM_PORTS: std::ops::Range<u32> = 20_000..30_000;

/// What is told; what is not is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Which process it is, from 0.
    pub rank: Option<u32>,
    /// How many there are.
    pub world: Option<u32>,
    /// Which one it is on its server.
    pub local_rank: Option<u32>,
    /// Where rank 0 is to be found.
    pub address: Option<Address>,
    /// The launcher's name of the job.
    pub job: Option<String>,
}

impl Told {
    /// The job's name, of characters that may stand in a path.
    pub fn job_name(&self) -> Option<String> {
        let is_plain = |c: char| c.is_ascii_alphanumeric();
        self.job.as_ref().map(|job| job.replace(|c| !is_plain(c), "-"))
    }
}

/// Variables that number the processes of a server.
const LOCAL_RANKS: [&str; 5] = [
    "LOCAL_RANK",
    "OMPI_COMM_WORLD_LOCAL_RANK",
    "MV2_COMM_WORLD_LOCAL_RANK",
    "MPI_LOCALRANKID",
    "SLURM_LOCALID",
];
/// Variables that count the processes of a server.
const LOCAL_SIZES: [&str; 3] =
    ["OMPI_COMM_WORLD_LOCAL_SIZE", "MV2_COMM_WORLD_LOCAL_SIZE", "MPI_LOCALNRANKS"];
/// Variables that name the computer of rank 0.
const HOSTS: [&str; 2] = ["MASTER_ADDR", "LWS_LEADER_ADDRESS"];
/// Variables that list a job's computers as Slurm does, those of the step first.
const NODE_LISTS: [&str; 3] = ["SLURM_STEP_NODELIST", "SLURM_JOB_NODELIST", "SLURM_NODELIST"];
/// Variables that name the job; torchrun says `none` where it was given no name.
const JOBS: [&str; 3] = ["TORCHELASTIC_RUN_ID", "SLURM_JOB_ID", "PBS_JOBID"];

/// What variables tell; `get` gives their values.
///
/// # Errors
/// [`AddressError`] where an address is told that is none.
pub fn told(get: &dyn Fn(&str) -> Option<String>) -> Result<Told, AddressError> {
    let number = |name: &str| get(name)?.trim().parse::<u32>().ok();
    let (rank, world) = RANK_VARIABLES
        .iter()
        .find_map(|&(rank, size)| Some((number(rank)?, size.and_then(number))))
        .map_or((None, None), |(rank, world)| (Some(rank), world));
    // What gives no size beside its rank may have it from a job's description.
    let world = world.or_else(|| number("WORLD_SIZE").filter(|_| rank.is_some()));
    let are_all_here = world.is_some() && LOCAL_SIZES.iter().find_map(|name| number(name)) == world;
    let named = HOSTS.iter().find_map(|name| get(name)).filter(|host| !host.trim().is_empty());
    let listed = || NODE_LISTS.iter().find_map(|name| first_node(&get(name)?));
    let local = || are_all_here.then(|| "127.0.0.1".to_owned());
    let host = named.or_else(listed).or_else(local);
    let address = host.map(|host| address(host.trim(), &number)).transpose()?;
    let job = JOBS.iter().find_map(|name| get(name).filter(|job| job != "none"));
    let local_rank = LOCAL_RANKS.iter().find_map(|name| number(name));
    Ok(Told { rank, world, local_rank, address, job })
}

/// The address of a host: beside torchrun's own store, or by the job's number.
fn address(host: &str, number: &dyn Fn(&str) -> Option<u32>) -> Result<Address, AddressError> {
    let of_slurm = || {
        let wide = SLURM_PORTS.end - SLURM_PORTS.start;
        number("SLURM_JOB_ID").map(|job| SLURM_PORTS.start + job % wide)
    };
    let beside = number("MASTER_PORT").map(|port| port.saturating_add(1));
    let port = beside.or_else(of_slurm).unwrap_or_else(|| PORT.into());
    let in_brackets = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    format!("{in_brackets}:{port}").parse()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Told {
        let get = |name: &str| {
            variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        };
        told(&get).unwrap()
    }

    fn tells(variables: &[(&str, &str)], numbers: [Option<u32>; 3], address: Option<&str>) {
        let told = of(variables);
        assert_eq!([told.rank, told.world, told.local_rank], numbers, "{variables:?}");
        let found = told.address.map(|address| address.to_string());
        assert_eq!(found.as_deref(), address, "{variables:?}");
    }

    /// Oracle: the launchers' own documents.
    #[test]
    fn each_launcher_says_it_in_its_own_way() {
        let torchrun = [
            ("RANK", "5"),
            ("WORLD_SIZE", "8"),
            ("LOCAL_RANK", "1"),
            ("MASTER_ADDR", "node-a"),
            ("MASTER_PORT", "29400"),
            ("SLURM_PROCID", "1"),
        ];
        tells(&torchrun, [Some(5), Some(8), Some(1)], Some("node-a:29401"));
        let slurm = [
            ("SLURM_PROCID", "3"),
            ("SLURM_NTASKS", "4"),
            ("SLURM_LOCALID", "1"),
            ("SLURM_JOB_NODELIST", "gpu[07-09]"),
            ("SLURM_JOB_ID", "1234567"),
        ];
        tells(&slurm, [Some(3), Some(4), Some(1)], Some("gpu07:24567"));
        let step = [&slurm[..], &[("SLURM_STEP_NODELIST", "gpu08")]].concat();
        tells(&step, [Some(3), Some(4), Some(1)], Some("gpu08:24567"));
        let open_mpi = [
            ("OMPI_COMM_WORLD_RANK", "1"),
            ("OMPI_COMM_WORLD_SIZE", "2"),
            ("OMPI_COMM_WORLD_LOCAL_RANK", "1"),
            ("OMPI_COMM_WORLD_LOCAL_SIZE", "2"),
        ];
        tells(&open_mpi, [Some(1), Some(2), Some(1)], Some("127.0.0.1:29501"));
        // On several servers it says no address.
        tells(&open_mpi[..3], [Some(1), Some(2), Some(1)], None);
        let mpich = [("PMI_RANK", "0"), ("PMI_SIZE", "2"), ("MPI_LOCALRANKID", "0")];
        tells(&mpich, [Some(0), Some(2), Some(0)], None);
        let indexed = [("JOB_COMPLETION_INDEX", "2"), ("WORLD_SIZE", "4"), ("MASTER_ADDR", "::1")];
        tells(&indexed, [Some(2), Some(4), None], Some("[::1]:29501"));
        let workers = [
            ("LWS_WORKER_INDEX", "1"),
            ("LWS_GROUP_SIZE", "2"),
            ("LWS_LEADER_ADDRESS", "vllm-0.vllm.default"),
        ];
        tells(&workers, [Some(1), Some(2), None], Some("vllm-0.vllm.default:29501"));
        tells(&[], [None; 3], None);
        tells(&[("WORLD_SIZE", "4")], [None; 3], None);
    }

    #[test]
    fn what_cannot_be_an_address_is_said() {
        let get = |name: &str| match name {
            "MASTER_ADDR" => Some("node a".to_owned()),
            _ => None,
        };
        assert!(told(&get).is_err());
        let last = |name: &str| match name {
            "MASTER_ADDR" => Some("node".to_owned()),
            "MASTER_PORT" => Some("65535".to_owned()),
            _ => None,
        };
        assert!(told(&last).unwrap_err().to_string().contains("65536"));
        assert_eq!(of(&[("TORCHELASTIC_RUN_ID", "none"), ("SLURM_JOB_ID", "7")]).job.unwrap(), "7");
    }
}
