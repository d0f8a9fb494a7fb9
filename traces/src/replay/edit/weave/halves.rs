//! The two parts of each op that is cut, and what each takes.

use super::stretch::Stretch;
use crate::model::Split;
use crate::replay::fixed::MOST;
use crate::replay::{OpIndex, Replay, ReplayOp};

/// Ops cut in two: the first part stands where the op stood, the second is new.
pub(super) struct Halves<'a> {
    replay: &'a mut Replay,
    share: f64,
    /// By op before the cut: its second part.
    pub(super) second: Vec<Option<OpIndex>>,
}

impl<'a> Halves<'a> {
    pub(super) fn of(replay: &'a mut Replay, share: f64) -> Self {
        let second = vec![None; replay.ops.len()];
        Self { replay, share, second }
    }

    /// Cuts all ops of a stretch.
    pub(super) fn cut(&mut self, stretch: &Stretch) {
        for block in &stretch.blocks {
            for &op in block.compute.iter().chain(&block.comm) {
                let whole = &self.replay.ops[op as usize];
                let second = part(whole, 1.0 - self.share, Split::Second);
                self.replay.ops[op as usize] = part(whole, self.share, Split::First);
                self.second[op as usize] = Some(self.replay.ops.len() as OpIndex);
                self.replay.ops.push(second);
            }
        }
    }

    /// A collective that was cut on all of its ranks becomes two.
    pub(super) fn join_groups(&mut self) -> Result<(), String> {
        for group in 0..self.replay.groups.len() {
            let members = &self.replay.groups[group];
            let cut: Vec<OpIndex> =
                members.iter().filter_map(|&op| self.second[op as usize]).collect();
            if cut.is_empty() {
                continue;
            }
            if cut.len() < members.len() {
                return Err("a collective would be cut on some of its ranks only".to_owned());
            }
            let new = self.replay.groups.len() as u32;
            cut.iter().for_each(|&op| self.replay.ops[op as usize].group = Some(new));
            self.replay.groups.push(cut);
        }
        Ok(())
    }
}

/// The part of an op over a share of its tokens. Copies and sets of memory are not cut: both parts have one.
fn part(whole: &ReplayOp, share: f64, part: Split) -> ReplayOp {
    let fixed_ns = whole.fixed_ns.min(MOST * whole.work_ns);
    let work_ns = fixed_ns + share * (whole.work_ns - fixed_ns);
    let delay_ns = if part == Split::First { whole.delay_ns } else { 0 };
    ReplayOp { work_ns, part, delay_ns, ..whole.clone() }
}
