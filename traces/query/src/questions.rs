//! Questions that are often asked, ready to run.

/// A question: how users call it, one sentence, the query.
#[derive(Clone, Copy, Debug)]
pub struct Question {
    /// What users call it.
    pub name: &'static str,
    /// What it asks.
    pub about: &'static str,
    /// The query.
    pub sql: &'static str,
}

impl Question {
    /// The question of this name.
    pub fn of_name(name: &str) -> Option<&'static Self> {
        QUESTIONS.iter().find(|question| question.name == name)
    }
}

/// All of them.
pub static QUESTIONS: &[Question] = &[
    Question {
        name: "longest-kernels",
        about: "the twenty longest ops on any stream",
        sql: "select ts, dur, rank, stream, name from op order by dur desc, ts limit 20",
    },
    Question {
        name: "kernels-by-time",
        about: "which kernels take most time, all ranks together",
        sql: "select name, kind, count(*) as count, sum(dur) as total_ns, min(dur) as shortest_ns, max(dur) as longest_ns \
              from op group by name order by total_ns desc",
    },
    Question {
        name: "kernels-by-rank",
        about: "the same kernel on every rank, the one whose ranks differ most first",
        sql: "select name, count(*) as ranks, min(total) as least_ns, max(total) as most_ns, max(total) - min(total) as spread_ns \
              from (select name, rank, sum(dur) as total from op group by name, rank) group by name order by spread_ns desc",
    },
    Question {
        name: "busy",
        about: "how busy each rank is in each hundredth of the recording",
        sql: "select ranks.rank, ts, dur, busy as busy_ns, round(100.0 * busy / dur, 1) as busy_pct \
              from (select distinct rank from gpu_track) as ranks \
              join busy('select ts, dur from gpu_slice where rank = ' || ranks.rank, max(1, trace_dur() / 100))",
    },
    Question {
        name: "largest-gaps",
        about: "the longest stretches in which a rank runs nothing",
        sql: "select * from longest_gaps limit 20",
    },
    Question {
        name: "where-time-goes",
        about: "every nanosecond of each rank: computation, exposed communication and copies, idle by cause",
        sql: "select * from accounts where iteration is null order by rank",
    },
    Question {
        name: "exposed-communication",
        about: "communication without computation beside it, by op (of the thousand most exposed)",
        sql: "select name, count(*) as count, sum(duration_ns) as total_ns, sum(exposed_ns) as exposed_ns \
              from exposed group by name order by 4 desc",
    },
    Question {
        name: "collectives",
        about: "time of each collective, by rank",
        sql: "select name, rank, count(*) as count, sum(dur) as total_ns, max(dur) as longest_ns \
              from op where kind = 'comm' group by name, rank order by total_ns desc",
    },
    Question {
        name: "late-launches",
        about: "ops that begin as soon as they are launched: the GPU has waited for the host",
        sql: "select op.ts, op.dur, op.rank, op.name, op.ts - launch.ts as after_launch_ns \
              from flow join slice as launch on launch.id = flow.slice_out join op on op.id = flow.slice_in \
              where flow.kind = 'launch' order by after_launch_ns, op.ts limit 20",
    },
    Question {
        name: "late-ranks",
        about: "how late each rank comes to the collectives",
        sql: "select * from arrivals order by waited_ns desc",
    },
    Question {
        name: "iterations",
        about: "each iteration of each rank: how long, and how much communication is hidden",
        sql: "select * from overlap order by rank, iteration",
    },
];
