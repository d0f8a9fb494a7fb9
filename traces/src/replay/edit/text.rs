//! Edits in words: as they are typed, as they are listed, and what it takes to have them.

use std::fmt;
use std::str::FromStr;

use super::{Cut, Edit, EditError, MachineChange};
use crate::model::Kind;
use crate::replay::{Machines, NoMachines};

/// How an edit is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EditForm {
    /// With what may be put in, in capitals.
    pub form: &'static str,
    /// What it does.
    pub what: &'static str,
    /// One that can be typed.
    pub example: &'static str,
}

const fn form(form: &'static str, what: &'static str, example: &'static str) -> EditForm {
    EditForm { form, what, example }
}

impl Edit {
    /// Kinds whose time can be multiplied.
    pub const KINDS: [Kind; 6] =
        [Kind::Gemm, Kind::Attention, Kind::Norm, Kind::Elementwise, Kind::Other, Kind::Memcpy];

    /// How edits are typed.
    pub const FORMS: [EditForm; 13] = [
        form(
            "no-comm",
            "communication is not there: wrong results, the time to compare with",
            "no-comm",
        ),
        form("comm=FACTOR", "communication takes FACTOR times as long, e.g. comm=0.5", "comm=0.5"),
        form(
            "comm-sms=N",
            "collectives run on N SMs, where it is recorded how many they hold",
            "comm-sms=8",
        ),
        form("fuse-norm", "a collective and the norm behind it become one kernel", "fuse-norm"),
        form(
            "weave[=SHARE]",
            "tokens are cut in two behind SHARE of them, e.g. 0.5, or at the best cut, and communication of each part runs beside computation of the other",
            "weave",
        ),
        form(
            "KIND=FACTOR",
            "kernels of a kind (gemm, attention, norm, elementwise, other, memcpy) take FACTOR times as long",
            "gemm=0.8",
        ),
        form(
            "no-straggler",
            "no rank takes longer from collective to collective than the others",
            "no-straggler",
        ),
        form(
            "straggler=RANK:TIME",
            "a rank begins each iteration so much later, e.g. straggler=1:200us",
            "straggler=0:200us",
        ),
        form("no-launch", "an iteration is launched at once, as by a CUDA graph", "no-launch"),
        form(
            "steady-host",
            "no launch comes later than launches of its kernel usually do",
            "steady-host",
        ),
        form(
            "machine=[FROM:]NAME|FILE",
            "it runs on another machine, e.g. machine=h100x8; FROM where the recording does not say its own",
            "machine=h100x8",
        ),
        form(
            "tp=N",
            "N ranks share the work of every layer: products and attention as large as their shards, collectives of N ranks",
            "tp=4",
        ),
        form(
            "tokenweave[=SHARE]",
            "fuse-norm, comm-sms=8 and weave together, as TokenWeave does",
            "tokenweave",
        ),
    ];

    /// The edits that a text stands for; `machines` knows those that it names.
    ///
    /// # Errors
    /// [`EditError::Text`] says what is wrong with it.
    pub fn parse(text: &str, machines: &dyn Machines) -> Result<Vec<Self>, EditError> {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name.trim(), Some(value.trim())),
            None => (text.trim(), None),
        };
        if name == "tokenweave" {
            return Ok(vec![Self::FuseNorm, Self::CommSms(8), Self::Weave(cut(name, value)?)]);
        }
        let one = match (name, value) {
            ("no-comm", None) => Self::NoComm,
            ("fuse-norm", None) => Self::FuseNorm,
            ("no-straggler", None) => Self::NoStraggler,
            ("no-launch", None) => Self::NoLaunch,
            ("steady-host", None) => Self::SteadyHost,
            ("comm", Some(value)) => Self::CommTimes(factor(name, value)?),
            ("comm-sms", Some(value)) => Self::CommSms(sms(value)?),
            ("weave", value) => Self::Weave(cut(name, value)?),
            ("straggler", Some(value)) => straggler(value)?,
            ("machine", Some(value)) => machine(value, machines)?,
            ("tp", Some(value)) => {
                Self::Tp { ranks: ranks(value)?, on: machines.recorded_on(None) }
            }
            (name, value) => {
                let Some(kind) = Self::KINDS.into_iter().find(|kind| kind.name() == name) else {
                    return Err(unknown(text));
                };
                let value = value.ok_or_else(|| wrong(name, "a factor is missing", "0.8"))?;
                Self::KindTimes(kind, factor(name, value)?)
            }
        };
        Ok(vec![one])
    }

    /// What it takes to have it, as the end of a sentence.
    pub fn effort(&self) -> &'static str {
        match self {
            Self::NoComm => "cannot be had: results would be wrong",
            Self::CommTimes(_) => "takes faster links, or messages of fewer bytes",
            Self::CommSms(_) => "a setting: NCCL_MAX_CTAS and NCCL_MIN_CTAS",
            Self::FuseNorm => "takes a fused kernel in place of two, and rows sharded between them",
            Self::Weave(_) => "takes a second stream and a scheduler that cuts batches; no kernel",
            Self::KindTimes(..) => "takes other kernels",
            Self::NoStraggler => "takes finding what slows that rank: clocks, its host, its inputs",
            Self::Straggler { .. } => "a disturbance, nothing to build",
            Self::Machine(_) => "takes that machine",
            Self::Tp { .. } => "takes so many GPUs, and weights in as many shards",
            Self::NoLaunch => "takes capturing the iteration in a CUDA graph",
            Self::SteadyHost => {
                "takes finding what holds the host up now and then: garbage, locks, other processes"
            }
        }
    }
}

fn unknown(text: &str) -> EditError {
    let known: Vec<&str> = Edit::FORMS.iter().map(|form| form.form).collect();
    EditError::Text(format!("unknown edit {text:?} (known: {})", known.join(", ")))
}

fn wrong(name: &str, cause: &str, example: &str) -> EditError {
    EditError::Text(format!("{cause}; write for example {name}={example}"))
}

fn factor(name: &str, text: &str) -> Result<f64, EditError> {
    let factor: Option<f64> = text.trim_end_matches(['x', '×']).parse().ok();
    let fits = |factor: &f64| (0.01..=100.0).contains(factor);
    factor
        .filter(fits)
        .ok_or_else(|| wrong(name, &format!("{text:?} is no factor between 0.01 and 100"), "0.8"))
}

fn sms(text: &str) -> Result<u32, EditError> {
    let sms = text.parse().ok().filter(|sms| (1..=1024).contains(sms));
    sms.ok_or_else(|| wrong("comm-sms", &format!("{text:?} is no number of SMs"), "8"))
}

fn cut(name: &str, text: Option<&str>) -> Result<Cut, EditError> {
    let Some(text) = text.filter(|text| *text != "best") else { return Ok(Cut::Best) };
    let share = match text.strip_suffix('%') {
        Some(percent) => percent.trim().parse().ok().map(|percent: f64| percent / 100.0),
        None => text.parse().ok(),
    };
    let share = share.filter(|share: &f64| (0.05..=0.95).contains(share));
    share.map(Cut::At).ok_or_else(|| {
        wrong(name, &format!("{text:?} is no share of the tokens between 0.05 and 0.95"), "0.5")
    })
}

fn straggler(text: &str) -> Result<Edit, EditError> {
    let no = || wrong("straggler", &format!("{text:?} is no rank and a time"), "1:200us");
    let (rank, late) = text.split_once(':').ok_or_else(no)?;
    let rank = rank.trim().parse().map_err(|_| no())?;
    let late = late.trim();
    let digits = late.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(no)?;
    let number: f64 = late[..digits].parse().map_err(|_| no())?;
    let unit_ns = match late[digits..].trim() {
        "ns" => 1.0,
        "us" | "µs" => 1e3,
        "ms" => 1e6,
        "s" => 1e9,
        _ => return Err(no()),
    };
    let late_ns = (number * unit_ns).round();
    if !(0.0..=3.6e12).contains(&late_ns) {
        return Err(no());
    }
    Ok(Edit::Straggler { rank, late_ns: late_ns as i64 })
}

fn machine(text: &str, machines: &dyn Machines) -> Result<Edit, EditError> {
    let named = |name: &str| {
        let why = |why| EditError::Text(format!("machine={text}: {why}"));
        machines.named(name.trim()).map_err(why)
    };
    if text.is_empty() {
        return Err(wrong("machine", "a machine is missing", "h100x8"));
    }
    let (from, to) = match text.split_once(':') {
        Some((from, to)) => (Some(named(from)?), named(to)?),
        None => (None, named(text)?),
    };
    let is_from_typed = from.is_some();
    let from = from.or_else(|| machines.recorded_on(Some(&to)));
    Ok(Edit::Machine(MachineChange { from, to, is_from_typed }))
}

fn ranks(text: &str) -> Result<u32, EditError> {
    let ranks = text.parse().ok().filter(|ranks| (1..=64).contains(ranks));
    ranks.ok_or_else(|| wrong("tp", &format!("{text:?} is no number of ranks, 1 to 64"), "4"))
}

/// One edit that names no machine.
impl FromStr for Edit {
    type Err = EditError;

    fn from_str(text: &str) -> Result<Self, EditError> {
        let mut edits = Self::parse(text, &NoMachines)?;
        match (edits.pop(), edits.is_empty()) {
            (Some(one), true) => Ok(one),
            _ => Err(EditError::Text(format!("{text:?} is several edits"))),
        }
    }
}

/// As it is typed.
impl fmt::Display for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoComm => f.write_str("no-comm"),
            Self::CommTimes(factor) => write!(f, "comm={factor}"),
            Self::CommSms(sms) => write!(f, "comm-sms={sms}"),
            Self::FuseNorm => f.write_str("fuse-norm"),
            Self::Weave(Cut::Best) => f.write_str("weave"),
            Self::Weave(Cut::At(share)) => write!(f, "weave={share}"),
            Self::KindTimes(kind, factor) => write!(f, "{}={factor}", kind.name()),
            Self::NoStraggler => f.write_str("no-straggler"),
            Self::Straggler { rank, late_ns } => write!(f, "straggler={rank}:{late_ns}ns"),
            Self::NoLaunch => f.write_str("no-launch"),
            Self::SteadyHost => f.write_str("steady-host"),
            Self::Machine(MachineChange { from: Some(from), to, is_from_typed: true }) => {
                write!(f, "machine={}:{}", from.name, to.name)
            }
            Self::Machine(MachineChange { to, .. }) => write!(f, "machine={}", to.name),
            Self::Tp { ranks, .. } => write!(f, "tp={ranks}"),
        }
    }
}
