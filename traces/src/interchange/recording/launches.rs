//! Which call put which work on a GPU.

use hashbrown::HashMap;

/// Work on GPUs and the calls that it came from, joined by process and correlation id.
#[derive(Debug, Default)]
pub(crate) struct Launches {
    /// Arrow by process and correlation id.
    arrows: HashMap<(i64, i64), u32>,
    /// Process and start of the call behind each arrow.
    pub(crate) calls: Vec<Option<Call>>,
    pub(crate) works: Vec<Work>,
}

/// A call of the runtime or the driver.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    pub(crate) pid: i64,
    pub(crate) start_ns: i64,
    pub(crate) row: u32,
}

/// Something on a GPU.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Work {
    pub(crate) arrow: u32,
    pub(crate) span: (i64, i64),
    pub(crate) row: u32,
}

impl Launches {
    pub(crate) fn work(
        &mut self,
        (pid, correlation): (i64, Option<i64>),
        span: (i64, i64),
        row: u32,
    ) {
        let Some(correlation) = correlation.filter(|&id| id != 0) else { return };
        let next = self.arrows.len() as u32;
        let arrow = *self.arrows.entry((pid, correlation)).or_insert(next);
        if arrow == next {
            self.calls.push(None);
        }
        self.works.push(Work { arrow, span, row });
    }

    /// Notes a call, if it put anything on a GPU. The runtime's call contains the driver's: the first counts.
    pub(crate) fn call(&mut self, (pid, correlation): (i64, Option<i64>), start_ns: i64, row: u32) {
        let Some(&arrow) = correlation.and_then(|id| self.arrows.get(&(pid, id))) else { return };
        self.calls[arrow as usize].get_or_insert(Call { pid, start_ns, row });
    }
}
