//! Events that do not say what they are, told by their rows.

use hashbrown::HashMap;

use super::class::Class;
use super::collect::Collect;
use super::dialect::{Processes, Role, RowIs};
use super::rows::RowKey;

/// Gives every [`Class::Untold`] event its class, and moves those that ran on a GPU to the row of their stream.
pub(super) fn tell(collect: &mut Collect, processes: &mut Processes) {
    let rows = untold_rows(collect, processes);
    if rows.iter().all(Option::is_none) {
        return;
    }
    let device_of = |row: &RowIs, pid: i64| (row.joins.ok_or(pid), row.device);
    let mut best: HashMap<_, u8> = HashMap::new();
    for (row, key) in rows.iter().zip(&collect.rows.keys) {
        if let Some((row, level)) = row.as_ref().and_then(|row| Some((row, level(row.role)?))) {
            let best = best.entry(device_of(row, key.pid())).or_insert(level);
            *best = level.min(*best);
        }
    }
    let mut stream_rows: Vec<Option<u32>> = vec![None; rows.len()];
    for event in collect.events.iter_mut().filter(|event| event.class == Class::Untold) {
        let index = event.row as usize;
        let key = collect.rows.keys[index];
        event.class = match rows[index] {
            Some(row) => class(row.role, best.get(&device_of(&row, key.pid())).copied()),
            None => Class::Host,
        };
        if let (true, Some(row), RowKey::Thread { pid, tid }) =
            (event.class.is_gpu_op(), rows[index], key)
        {
            let moved = &mut stream_rows[index];
            event.row = *moved.get_or_insert_with(|| {
                let stream = row.stream.map_or(tid, i64::from);
                let device = row.device.map(i64::from);
                collect.rows.stream(RowKey::Stream { pid, device, stream }, tid)
            });
        }
    }
}

/// How well a row tells what ran: the best of a device's rows are its streams.
fn level(role: Role) -> Option<u8> {
    match role {
        Role::Kernels => Some(0),
        Role::Ops => Some(1),
        Role::Modules => Some(2),
        Role::Copies | Role::Repeats | Role::Steps | Role::Host => None,
    }
}

fn class(role: Role, best: Option<u8>) -> Class {
    match role {
        Role::Kernels => Class::Kernel,
        Role::Copies => Class::Memcpy,
        Role::Ops | Role::Modules if best == level(role) => Class::Kernel,
        Role::Ops | Role::Modules | Role::Repeats => Class::Repeat,
        Role::Steps => Class::Step,
        Role::Host => Class::Host,
    }
}

/// What each row with untold events is.
fn untold_rows(collect: &Collect, processes: &mut Processes) -> Vec<Option<RowIs>> {
    let mut rows: Vec<Option<RowIs>> = vec![None; collect.rows.keys.len()];
    for event in collect.events.iter().filter(|event| event.class == Class::Untold) {
        let index = event.row as usize;
        if rows[index].is_some() {
            continue;
        }
        let RowKey::Thread { pid, tid } = collect.rows.keys[index] else { continue };
        let thread = collect.thread_names.get(&(pid, tid)).map(String::as_str);
        let thread = thread.or_else(|| collect.rows.text_of_id(tid)).unwrap_or_default();
        rows[index] = Some(processes.row(pid, &collect.names_of_process(pid), thread.trim()));
    }
    rows
}
