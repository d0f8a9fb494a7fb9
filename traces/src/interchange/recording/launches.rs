//! Which call put which work on a GPU.

/// Process and correlation id.
type Key = (i64, i64);

/// Work on GPUs and the calls that it came from, in the order in which they are read.
#[derive(Debug, Default)]
pub(crate) struct Launches {
    works: Vec<Work>,
    calls: Vec<Call>,
}

/// A call of the runtime or the driver.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call {
    key: Key,
    pub(super) start_ns: i64,
    pub(super) row: u32,
}

/// Something on a GPU.
#[derive(Clone, Copy, Debug)]
pub(super) struct Work {
    key: Key,
    pub(super) span: (i64, i64),
    pub(super) row: u32,
}

impl Call {
    /// The process that called.
    pub(super) fn pid(&self) -> i64 {
        self.key.0
    }
}

impl Launches {
    pub(crate) fn work(
        &mut self,
        (pid, correlation): (i64, Option<i64>),
        span: (i64, i64),
        row: u32,
    ) {
        if let Some(correlation) = correlation.filter(|&id| id != 0) {
            self.works.push(Work { key: (pid, correlation), span, row });
        }
    }

    /// Notes a call. The runtime's contains the driver's: the first counts.
    pub(crate) fn call(&mut self, (pid, correlation): (i64, Option<i64>), start_ns: i64, row: u32) {
        if let Some(correlation) = correlation.filter(|&id| id != 0) {
            self.calls.push(Call { key: (pid, correlation), start_ns, row });
        }
    }

    /// Joins work and calls by process and correlation id.
    pub(super) fn join(mut self) -> Joined {
        // Recorders write nearly in this order, so sorting reads what a table of a million ids would have to find.
        self.works.sort_by_key(|work| work.key);
        self.calls.sort_by_key(|call| call.key);
        Joined(self)
    }
}

/// All work with its calls.
#[derive(Debug)]
pub(super) struct Joined(Launches);

impl Joined {
    /// Work of one process and id, with the call that it came from where the file has one.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Option<Call>, &[Work])> {
        let Launches { works, calls } = &self.0;
        let mut calls = calls.iter().copied().peekable();
        works.chunk_by(|a, b| a.key == b.key).map(move |works| {
            let key = works[0].key;
            while calls.next_if(|call| call.key < key).is_some() {}
            (calls.peek().copied().filter(|call| call.key == key), works)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Oracle: a look at every call.
    #[test]
    fn work_finds_the_first_call_of_its_process_and_id_in_whatever_order_they_come() {
        let mut state = 5_u64;
        let mut random = |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) % below
        };
        let (mut found, mut missed) = (0, 0);
        for _ in 0..200 {
            let mut launches = Launches::default();
            for n in 0..random(40) as u32 {
                let key = (random(3) as i64, Some(random(12) as i64).filter(|&id| id != 11));
                match random(2) {
                    0 => launches.work(key, (i64::from(n), i64::from(n) + 1), n),
                    _ => launches.call(key, i64::from(n), n),
                }
            }
            let (works, calls) = (launches.works.clone(), launches.calls.clone());
            let joined = launches.join();
            let mut seen = 0;
            for (call, works) in joined.iter() {
                for work in works {
                    let slow = calls.iter().find(|call| call.key == work.key);
                    assert_eq!(call.map(|call| call.row), slow.map(|call| call.row));
                    *(if slow.is_some() { &mut found } else { &mut missed }) += 1;
                    seen += 1;
                }
            }
            assert_eq!(seen, works.len());
            assert!(works.iter().all(|work| work.key.1 != 0), "0 stands for no id");
        }
        assert!(found > 100 && missed > 100, "{found} found, {missed} missed");
    }
}
