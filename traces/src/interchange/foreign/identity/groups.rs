//! What belongs to one GPU of one process.

use hashbrown::HashMap;
use std::collections::BTreeSet;

use super::super::class::Class;
use super::super::collect::Collect;
use super::super::dialect::Processes;
use super::super::rows::RowKey;
use super::label::Label;

/// A process's work on one device, as the file has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Context {
    pub(crate) pid: i64,
    /// The device that arguments or the row's name tell.
    pub(crate) device: Option<i64>,
}

/// Contexts that are one GPU.
#[derive(Debug, Default)]
pub(super) struct Group {
    /// Each once or several times.
    pub(super) contexts: Vec<Context>,
    /// Number of the device.
    pub(super) device: Option<i64>,
    pub(super) label: Option<Label>,
    pub(super) kernels: u64,
    pub(super) kernel_ns: i64,
    /// Its first row in the file.
    pub(super) first_row: usize,
    streams: BTreeSet<i64>,
}

/// What makes contexts one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Label(Label),
    /// Processes that are rows of one recording: recorder, device, and which of several that are called the same.
    Joined(&'static str, String, Option<i64>, usize),
    /// A device of a process; the name of what precedes it in that of the process.
    Device(i64, Option<i64>),
}

/// Every context that ran something, gathered into groups.
pub(super) fn groups(collect: &Collect, processes: &mut Processes) -> Vec<Group> {
    let mut index_of: HashMap<Key, usize> = HashMap::new();
    let mut group_of_row: Vec<Option<usize>> = vec![None; collect.rows.keys.len()];
    let mut groups: Vec<Group> = Vec::new();
    let mut twins = Twins::default();
    let used = used_rows(collect);
    for (row, key) in collect.rows.keys.iter().enumerate().filter(|&(row, _)| used[row]) {
        let RowKey::Stream { pid, device, stream } = *key else { continue };
        let context = Context { pid, device };
        let (key, facts) = key_of(collect, processes, &mut twins, context);
        let next = groups.len();
        let index = *index_of.entry(key).or_insert(next);
        if index == next {
            groups.push(Group { first_row: row, ..facts });
        }
        let group = &mut groups[index];
        if group.contexts.last() != Some(&context) {
            group.contexts.push(context);
        }
        group.streams.insert(stream);
        group_of_row[row] = Some(index);
    }
    for event in &collect.events {
        if let (Class::Kernel, Some(index)) = (event.class, group_of_row[event.row as usize]) {
            let group = &mut groups[index];
            group.kernels += 1;
            let len_ns = event.end_ns.saturating_sub(event.start_ns);
            group.kernel_ns = group.kernel_ns.saturating_add(len_ns);
        }
    }
    one_device_in_pieces(groups)
}

fn used_rows(collect: &Collect) -> Vec<bool> {
    let mut used = vec![false; collect.rows.keys.len()];
    for event in collect.events.iter().filter(|event| event.class.is_gpu_op()) {
        used[event.row as usize] = true;
    }
    used
}

fn key_of(
    collect: &Collect,
    processes: &mut Processes,
    twins: &mut Twins,
    context: Context,
) -> (Key, Group) {
    let names = collect.names_of_process(context.pid);
    let label = names.iter().find_map(|name| Label::in_text(name));
    let (named, joins) = processes.process(context.pid, &names);
    let named = named.map(i64::from);
    // A process id that is a text or no small number is no device.
    let by_pid = || collect.rows.text_of_id(context.pid).is_none().then_some(context.pid);
    let device = context.device.or(named).or_else(by_pid);
    let facts = Group { device, label: label.clone(), ..Group::default() };
    let key = match (label, joins) {
        (Some(label), _) => Key::Label(label),
        (None, Some(recorder)) => {
            let name = names.first().copied().unwrap_or_default();
            let before = name.split("/device:").next().filter(|_| name.contains("/device:"));
            let twin = if named.is_some() { 0 } else { twins.of(context.pid, name) };
            return (
                Key::Joined(recorder, before.unwrap_or_default().trim().to_owned(), named, twin),
                Group { device: context.device.or(named), ..facts },
            );
        }
        (None, None) => Key::Device(context.pid, device),
    };
    (key, facts)
}

/// Tells processes of one name apart by their order.
#[derive(Debug, Default)]
struct Twins {
    of_pid: HashMap<i64, usize>,
    seen: HashMap<String, usize>,
}

impl Twins {
    fn of(&mut self, pid: i64, name: &str) -> usize {
        if let Some(&twin) = self.of_pid.get(&pid) {
            return twin;
        }
        let seen = self.seen.entry(name.to_owned()).or_default();
        let twin = *seen;
        *seen += 1;
        self.of_pid.insert(pid, twin);
        twin
    }
}

/// Joins processes that share a device by number and no stream: one rank whose rows stand below several ids.
fn one_device_in_pieces(groups: Vec<Group>) -> Vec<Group> {
    let mut joined: Vec<Group> = Vec::new();
    let mut by_device: HashMap<i64, usize> = HashMap::new();
    for group in groups {
        let device = group.device.filter(|_| group.label.is_none());
        let known = device.and_then(|device| by_device.get(&device).copied());
        match known {
            Some(index) if joined[index].streams.is_disjoint(&group.streams) => {
                let whole = &mut joined[index];
                whole.contexts.extend(group.contexts);
                whole.streams.extend(group.streams);
                whole.kernels += group.kernels;
                whole.kernel_ns = whole.kernel_ns.saturating_add(group.kernel_ns);
            }
            _ => {
                if let Some(device) = device {
                    by_device.insert(device, joined.len());
                }
                joined.push(group);
            }
        }
    }
    joined
}
