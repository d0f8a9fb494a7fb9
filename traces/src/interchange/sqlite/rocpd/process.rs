//! Processes, and the ranks that their environments name.

use hashbrown::HashSet;

use super::set::{Process, Rank, Rocpd};
use crate::interchange::sqlite::sheet::Sheet;
use crate::launchers::RANK_VARIABLES;
use crate::stream::Progress;

impl Sheet<'_, Rocpd> {
    /// Reads machines, processes and threads.
    pub(super) fn processes(&mut self, progress: Progress<'_>) {
        self.rows("rocpd_info_node", &["id", "hostname"], progress, |sheet, cells| {
            if let (Some(id), Some(name)) = (cells.int(0), cells.text(1)) {
                sheet.own.set.hosts.insert(id, name);
            }
        });
        let columns = ["id", "nid", "pid", "command", "environment", "name"];
        self.rows("rocpd_info_process", &columns, progress, |sheet, cells| {
            let Some(id) = cells.int(0) else { return };
            let pid = cells.int(2).unwrap_or(id);
            let host = cells.int(1).and_then(|node| sheet.own.set.hosts.get(&node)).cloned();
            let pid = sheet.recording.process(pid, host.as_deref());
            sheet.own.set.pids.insert(id, pid);
            let command = cells.text(3).unwrap_or_default();
            let program = command.split_whitespace().next().unwrap_or_default();
            let program = program.rsplit('/').next().unwrap_or(program).to_owned();
            let program = cells.text(5).filter(|name| !name.is_empty()).unwrap_or(program);
            let rank = cells.text(4).and_then(|text| rank(&text));
            sheet.own.processes.push(Process { pid, program, rank });
        });
        let columns = ["id", "pid", "tid", "name"];
        self.rows("rocpd_info_thread", &columns, progress, |sheet, cells| {
            let (Some(id), Some(tid)) = (cells.int(0), cells.int(2)) else { return };
            sheet.own.set.tids.insert(id, tid);
            let process = cells.int(1).and_then(|id| sheet.own.set.pids.get(&id)).copied();
            let name = cells.text(3).filter(|name| !name.is_empty());
            if let (Some(pid), Some(name)) = (process, name) {
                let tid = sheet.recording.collect.rows.id_of_int(tid);
                sheet.recording.collect.thread_names.insert((pid, tid), name);
            }
        });
    }

    /// Names processes, with their ranks where no two say the same.
    pub(super) fn name_ranks(&mut self) {
        let processes = std::mem::take(&mut self.own.processes);
        let told: Vec<Rank> = processes.iter().filter_map(|process| process.rank).collect();
        let are_distinct =
            told.iter().map(|rank| rank.number).collect::<HashSet<_>>().len() == told.len();
        if !are_distinct {
            self.recording.tally.diagnostics.note(
                "the environments of several processes name the same rank, so that none of them is believed",
            );
        }
        let all_of_one = told.first().map(|rank| rank.of);
        if are_distinct && told.iter().all(|rank| Some(rank.of) == all_of_one) {
            self.recording.header.world_size = all_of_one;
        }
        for Process { pid, program, rank } in processes {
            let rank = rank.filter(|_| are_distinct).map(|rank| format!("rank {}", rank.number));
            let name = match (program.is_empty(), rank) {
                (true, None) => continue,
                (true, Some(rank)) => rank,
                (false, None) => program,
                (false, Some(rank)) => format!("{program}, {rank}"),
            };
            self.recording.collect.process_names.insert(pid, name);
        }
    }
}

/// The rank by the first pair of variables that makes sense; of one process there is none.
fn rank(environment: &str) -> Option<Rank> {
    let variables: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(environment).ok()?;
    let number = |name: &str| {
        let value = variables.get(name)?;
        value
            .as_u64()
            .or_else(|| value.as_str()?.trim().parse().ok())
            .and_then(|n| u32::try_from(n).ok())
    };
    RANK_VARIABLES.iter().find_map(|&(rank, size)| {
        let found = Rank { number: number(rank)?, of: number(size?)? };
        (found.of > 1 && found.number < found.of && found.of <= MAX_WORLD).then_some(found)
    })
}

/// More ranks than this are none.
const MAX_WORLD: u32 = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_names_a_rank_where_there_are_several() {
        let rank = |text| rank(text).map(|rank| (rank.number, rank.of));
        assert_eq!(rank(r#"{"RANK":"3","WORLD_SIZE":"8"}"#), Some((3, 8)));
        assert_eq!(rank(r#"{"OMPI_COMM_WORLD_RANK":"1","OMPI_COMM_WORLD_SIZE":2}"#), Some((1, 2)));
        for none in [
            r#"{"RANK":"0","WORLD_SIZE":"1"}"#,
            r#"{"RANK":"9","WORLD_SIZE":"8"}"#,
            r#"{"RANK":"3"}"#,
            "{}",
            "",
        ] {
            assert_eq!(rank(none), None, "{none}");
        }
    }
}
