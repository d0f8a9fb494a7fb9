//! What follows from calls and the work that they launched: arrows, and iterations.

use super::sheet::Sheet;
use crate::interchange::foreign::{Class, FlowPoint, RowKey};

impl Sheet<'_> {
    /// Draws an arrow from every call to the work that it launched.
    pub(super) fn launch_arrows(&mut self) {
        let flows = &mut self.collect.flows;
        for (arrow, call) in self.launches.calls.iter().enumerate() {
            if let Some(call) = call {
                let (arrow, at_ns, row) = (arrow as u32, call.start_ns, call.row);
                flows.push(FlowPoint { arrow, is_launch: true, phase: b's', at_ns, row });
            }
        }
        let mut without_call = 0;
        for work in &self.launches.works {
            if self.launches.calls[work.arrow as usize].is_none() {
                without_call += 1;
                continue;
            }
            let (arrow, at_ns, row) = (work.arrow, work.span.0, work.row);
            flows.push(FlowPoint { arrow, is_launch: true, phase: b'f', at_ns, row });
        }
        let cause = "GPU work whose launch is not in the file";
        self.tally.diagnostics.remark(cause, without_call);
    }

    /// Marks the iterations of every process.
    pub(super) fn iterations(&mut self) {
        let steps = std::mem::take(&mut self.steps);
        for step in steps.on_gpu(&self.launches) {
            let row = self.collect.rows.id(RowKey::Thread { pid: step.pid, tid: -1 });
            let name = self.collect.names.id(&step.name);
            self.push(step.span, (row, name), Class::Step, &[], None);
        }
    }
}
