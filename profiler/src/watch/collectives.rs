//! Which collective a kernel of NCCL's ran.

use std::collections::{HashMap, HashSet};

use weftscope_traces::{ArgValue, Args};
use weftscope_wire::{Collective, Communicator, Event, Launch};

/// What launches of NCCL's kernels ran. NCCL tells a collective right after its kernel was launched, on the same thread
/// (`hostStreamPlanTask`, seen in NCCL 2.28: 331 of 331 data types agree so, and not if it were the next launch); several
/// where the program groups them.
#[derive(Clone, Debug, Default)]
pub struct Ran {
    last_by_thread: HashMap<u32, u64>,
    by_launch: HashMap<u64, Vec<Collective>>,
}

impl Ran {
    /// Takes in what happened, in order; `is_nccl` says of a kernel whether it is one of NCCL's.
    pub fn take(&mut self, event: &Event, is_nccl: impl Fn(u32) -> bool) {
        match event {
            // A graph's launches were told when it was captured.
            Event::Launch(Launch { id, kernel, tid, graph: None, .. }) if is_nccl(*kernel) => {
                self.last_by_thread.insert(*tid, *id);
            }
            Event::Collective(told) if !told.is_captured => {
                if let Some(&launch) = self.last_by_thread.get(&told.tid) {
                    self.by_launch.entry(launch).or_default().push(told.clone());
                }
            }
            _ => {}
        }
    }

    /// What these launches ran.
    pub(super) fn of_launches(&self, launches: impl Iterator<Item = u64>) -> Self {
        let ran = |launch| Some((launch, self.by_launch.get(&launch)?.clone()));
        Self { last_by_thread: HashMap::new(), by_launch: launches.filter_map(ran).collect() }
    }

    /// Forgets what these launches ran.
    pub(super) fn forget(&mut self, launches: &HashSet<u64>) {
        self.by_launch.retain(|launch, _| !launches.contains(launch));
    }

    /// What a launch ran.
    pub fn of(&self, launch: u64) -> &[Collective] {
        self.by_launch.get(&launch).map_or(&[], Vec::as_slice)
    }
}

/// The arguments of a launch that ran one collective, as Kineto names them.
pub fn args(communicators: &[Communicator], collective: &Collective) -> Args {
    let text = |text: &str| ArgValue::Text(text.to_owned());
    let int = |value: u64| ArgValue::Int(i64::try_from(value).unwrap_or(i64::MAX));
    let mut args = vec![
        ("Collective name".to_owned(), text(&collective.function)),
        ("In msg nelems".to_owned(), int(collective.count)),
        ("dtype".to_owned(), text(datatype(&collective.datatype))),
        ("Seq".to_owned(), int(collective.sequence)),
        ("Process Group Name".to_owned(), text(&format!("{:x}", collective.communicator))),
        ("algorithm".to_owned(), text(&collective.algorithm)),
        ("protocol".to_owned(), text(&collective.protocol)),
        ("channels".to_owned(), int(collective.channels.into())),
    ];
    let mut known = communicators.iter();
    if let Some(communicator) = known.find(|known| known.id == collective.communicator) {
        args.push(("Group size".to_owned(), int(communicator.ranks.into())));
        if !communicator.name.is_empty() {
            args.push(("Process Group Description".to_owned(), text(&communicator.name)));
        }
    }
    args
}

/// PyTorch's name for a type of NCCL's.
fn datatype(nccl: &str) -> &str {
    match nccl {
        "ncclInt8" => "Char",
        "ncclUint8" => "Byte",
        "ncclInt32" => "Int",
        "ncclUint32" => "UInt32",
        "ncclInt64" => "Long",
        "ncclUint64" => "UInt64",
        "ncclFloat16" => "Half",
        "ncclFloat32" => "Float",
        "ncclFloat64" => "Double",
        "ncclBfloat16" => "BFloat16",
        "ncclFloat8e4m3" => "Float8_e4m3fn",
        "ncclFloat8e5m2" => "Float8_e5m2",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::{super::made::launch, *};

    fn told(sequence: u64, tid: u32) -> Event {
        Event::Collective(collective(sequence, tid))
    }

    fn collective(sequence: u64, tid: u32) -> Collective {
        Collective {
            id: sequence,
            correlation: None,
            is_late: false,
            is_captured: false,
            communicator: 0xab,
            function: "AllReduce".to_owned(),
            sequence,
            count: 1024,
            datatype: "ncclBfloat16".to_owned(),
            algorithm: "RING".to_owned(),
            protocol: "LL".to_owned(),
            channels: 24,
            tid,
            at_host_ns: 0,
        }
    }

    fn launched(id: u64, kernel: u32, tid: u32, graph: Option<u64>) -> Event {
        Event::Launch(Launch { kernel, tid, graph, ..launch(id, 0) })
    }

    #[test]
    fn a_collective_ran_in_what_its_thread_launched_last() {
        let mut all = Ran::default();
        let events = [
            told(7, 9),
            launched(0, 0, 5, None),
            launched(1, 1, 5, None),
            told(1, 5),
            launched(2, 1, 6, None),
            launched(3, 1, 5, Some(1)),
            told(9, 6),
            launched(4, 1, 5, None),
            told(2, 5),
            told(3, 5),
            Event::Collective(Collective { is_captured: true, ..collective(8, 5) }),
        ];
        events.iter().for_each(|event| all.take(event, |kernel| kernel == 1));
        let sequences = |launch| all.of(launch).iter().map(|it| it.sequence).collect::<Vec<_>>();
        assert_eq!([sequences(0), sequences(1), sequences(2)], [vec![], vec![1], vec![9]]);
        assert_eq!([sequences(3), sequences(4)], [vec![], vec![2, 3]]);
    }

    #[test]
    fn arguments_are_those_that_the_analysis_reads() {
        let communicator = Communicator {
            id: 0xab,
            name: String::new(),
            ranks: 2,
            rank: 0,
            device: None,
            nccl: None,
        };
        let args = args(&[communicator], &collective(4, 1));
        let find =
            |name: &str| args.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
        assert_eq!(find("dtype"), Some(ArgValue::Text("BFloat16".to_owned())));
        assert_eq!(find("Group size"), Some(ArgValue::Int(2)));
        assert_eq!(find("Process Group Name"), Some(ArgValue::Text("ab".to_owned())));
    }
}
