//! One op.

use super::{beside, kind_words, listed, name_of, ops_in, place_words, within_ns};
use crate::analysis::{GpuOp, Ops, PhaseInstance, RankOps, Reports, WaitedFor, waited_for};
use crate::model::{Phase, SliceRef, Span, Trace};
use crate::words::{counted, duration, kernel, percent, shortened, times};

/// A few sentences on an op of a stream; `None` for what is none.
pub fn explain_op(ops: &Ops<'_>, reports: &Reports, slice: SliceRef) -> Option<Vec<String>> {
    let mut all = ops.ranks.iter().flat_map(|rank| rank.ops.iter().map(move |op| (rank, op)));
    let (rank, op) = all.find(|(_, op)| op.slice == slice)?;
    let asked = Asked { ops, reports, rank, op };
    let mut sentences = vec![asked.what()];
    sentences.extend(asked.waves());
    sentences.push(if op.kind.is_comm() { asked.hidden() } else { asked.beside() });
    sentences.extend(asked.isolated());
    sentences.push(asked.waited());
    sentences.push(asked.critical());
    sentences.extend(asked.slack());
    Some(sentences)
}

/// What is asked, and of what.
struct Asked<'a> {
    ops: &'a Ops<'a>,
    reports: &'a Reports,
    rank: &'a RankOps<'a>,
    op: &'a GpuOp,
}

impl Asked<'_> {
    fn trace(&self) -> &Trace {
        self.ops.trace
    }

    fn what(&self) -> String {
        let op = self.op;
        let (name, kind) = (name_of(self.trace(), op), kind_words(op.kind));
        let track = self.trace().track(self.trace().lane(op.slice.lane).track);
        let place = place_words(op).map_or_else(String::new, |place| format!(", {place}"));
        let ns = op.span.len_ns();
        let accounts = self.reports.accounts.ranks.iter();
        let span = accounts.filter(|one| one.rank == self.rank.rank).map(|one| one.total.span);
        let share = span.map(|span| ns as f64 / span.len_ns().max(1) as f64).next();
        let share = share
            .map_or_else(String::new, |share| format!(", {} of the rank's time", percent(share)));
        let rank = self.rank.rank;
        format!(
            "{name}: {kind}{place}, on {} of rank {rank}. It takes {}{share}.",
            track.name,
            duration(ns)
        )
    }

    fn waves(&self) -> Option<String> {
        let facts = self.trace().label(self.op.label).facts.as_ref()?;
        let (waves, fill) = (u64::from(facts.waves), percent(facts.tail_occupancy));
        (waves > 0).then(|| {
            let blocks = counted(facts.grid.into(), "thread block");
            let sms = counted(facts.sms.into(), "SM");
            match waves {
                1 => format!("Its {blocks} run on {sms} in one wave, {fill} full."),
                _ => {
                    format!("Its {blocks} run on {sms} in {waves} waves; the last is {fill} full.")
                }
            }
        })
    }

    /// Of communication: whether something computes meanwhile.
    fn hidden(&self) -> String {
        let (span, rank) = (self.op.span, self.rank);
        let hidden_ns = within_ns(span, &rank.compute);
        let exposed_ns = span.len_ns() - hidden_ns;
        let names = listed(&self.others(|op| op.kind.is_compute()));
        let [hidden, exposed] = [hidden_ns, exposed_ns].map(duration);
        match (hidden_ns, exposed_ns) {
            (0, _) => "No computation of its rank runs meanwhile: all of it is exposed.".to_owned(),
            (_, 0) => format!("All of it is hidden under computation of its rank: {names}."),
            _ => format!(
                "Of it {hidden} are hidden under computation of its rank, {names}; {exposed} are exposed, with nothing that computes."
            ),
        }
    }

    /// Of the rest: what it hides, and what else runs.
    fn beside(&self) -> String {
        let comm = self.others(|op| op.kind.is_comm());
        let rest = self.others(|op| !op.kind.is_comm());
        let hides_ns = within_ns(self.op.span, &self.rank.comm);
        let rest = match rest.is_empty() {
            true => String::new(),
            false => format!(" Beside it {} {}.", runs(rest.len()), listed(&rest)),
        };
        if comm.is_empty() {
            let first = "No communication of its rank runs meanwhile, so it hides none.";
            return format!("{first}{rest}");
        }
        let hides = duration(hides_ns);
        let it = if self.op.kind.is_compute() { "It hides" } else { "It runs beside" };
        format!("{it} {hides} of communication: {}.{rest}", listed(&comm))
    }

    fn others(&self, keep: impl Fn(&GpuOp) -> bool) -> Vec<(String, i64)> {
        let ops = ops_in(self.rank, self.op.span);
        let ops = ops.filter(|other| other.slice != self.op.slice && keep(other));
        beside(self.trace(), ops, self.op.span)
    }

    fn isolated(&self) -> Option<String> {
        let facts = self.trace().label(self.op.label).facts.as_ref()?;
        let alone_ns = facts.alone_ns.filter(|&ns| ns > 0)?;
        let ratio = self.op.span.len_ns() as f64 / alone_ns as f64;
        let alone = duration(alone_ns);
        Some(if ratio < 1.01 {
            format!("That is no longer than isolated, {alone}.")
        } else {
            let times = times(ratio);
            format!(
                "Isolated it takes {alone}; here {times}, since it shares the GPU with what runs beside it, or waits."
            )
        })
    }

    fn waited(&self) -> String {
        let Some(waited) = waited_for(self.ops, self.op.slice) else {
            return "It takes no time, so nothing is known of what it waited for.".to_owned();
        };
        let before = self.before(waited);
        let rank = |ns: i64| match waited.last_rank {
            Some(rank) => {
                format!(" Of it, {} are waiting for rank {rank}, which came last.", duration(ns))
            }
            None => format!(" Of it, {} are waiting for a rank that came later.", duration(ns)),
        };
        match self.op.wait_ns {
            Some(ns) if self.op.kind.is_comm() && ns > 0 => before + &rank(ns),
            None => format!("{before} How long it waits for late ranks is not known."),
            Some(_) => before,
        }
    }

    fn before(&self, waited: WaitedFor) -> String {
        let Some(before) = waited.before else {
            return "Nothing recorded says what it waited for before it began.".to_owned();
        };
        let trace = self.trace();
        let name = shortened(&kernel(&trace.label_of(before).name), 48);
        let span = trace.span_of(before);
        let start_ns = self.op.span.start_ns;
        if waited.is_call {
            let since = duration(start_ns - span.start_ns);
            return format!(
                "Last it waited for its launch: the host called {name} {since} before it began."
            );
        }
        let gap_ns = (start_ns - span.end_ns).max(0);
        let gap =
            if gap_ns == 0 { "when".to_owned() } else { format!("{} after", duration(gap_ns)) };
        let how = if waited.is_recorded { ", on which it depends," } else { "" };
        format!("It began {gap} {name}{how} had ended.")
    }

    fn critical(&self) -> String {
        let path = &self.reports.path;
        let own = path.segments.iter().filter(|one| one.slice == Some(self.op.slice));
        let ns: i64 = own.map(|one| one.span.len_ns()).sum();
        if ns > 0 {
            let (on, of) = (duration(ns), percent(ns as f64 / self.op.span.len_ns().max(1) as f64));
            return format!(
                "It lies on the critical path with {on}, {of} of it: to make that shorter makes the run end earlier, until another chain decides."
            );
        }
        let middle = self.op.span.start_ns + self.op.span.len_ns() / 2;
        let meanwhile = path.segments.iter().find(|one| one.span.contains(middle));
        let what = meanwhile.map(|one| match one.slice {
            Some(slice) => {
                let name = shortened(&kernel(&self.trace().label_of(slice).name), 48);
                format!(": meanwhile that goes through {name} of rank {}", one.rank)
            }
            None => format!(": meanwhile that is {} on rank {}", one.kind.name(), one.rank),
        });
        format!("It does not lie on the critical path{}.", what.unwrap_or_default())
    }

    /// Of an op in a phase that has slack.
    fn slack(&self) -> Option<String> {
        let place = self.op.place;
        let is_own = |one: &&PhaseInstance| {
            one.rank == self.rank.rank
                && (one.phase, one.layer, one.pass) == (place.phase, place.layer, place.pass)
                && covers(one.span, self.op.span)
        };
        let instance = self.reports.phases.instances.iter().find(is_own)?;
        let ns = instance.slack_ns().filter(|_| place.phase != Phase::None)?;
        let (phase, size) = (place.phase.name(), duration(ns.abs()));
        Some(if ns >= 0 {
            format!(
                "Phase {phase} has {size} of slack here: so much later could its communication end without prolonging it."
            )
        } else {
            format!(
                "Phase {phase} has no slack here: its communication ends {size} after its computation."
            )
        })
    }
}

fn covers(outer: Span, inner: Span) -> bool {
    outer.start_ns <= inner.start_ns && inner.end_ns <= outer.end_ns
}

fn runs(count: usize) -> &'static str {
    if count == 1 { "runs" } else { "run" }
}
