//! What an iteration of requests that were served computed. An iteration keeps counts alone, since thousands of steps of
//! hundreds of requests are hundreds of megabytes.

use super::{Limits, Scheduler, Served, ServingRequest, Step};

/// The step of the iteration of this number: the scheduler is asked again, by the times that are known, and nothing is
/// simulated. `limits` are those that it was served by. `None`: there is no such iteration.
///
/// About a millisecond for a thousand iterations.
pub fn step_of(served: &Served, limits: Limits, number: usize) -> Option<Step> {
    let requests: Vec<ServingRequest> =
        served.outcomes.iter().map(|outcome| outcome.request).collect();
    let mut scheduler = Scheduler::new(&requests, limits, served.kv.blocks);
    let mut arrived = 0;
    for (at, iteration) in served.iterations.iter().enumerate() {
        while requests.get(arrived).is_some_and(|request| request.arrival_ns <= iteration.start_ns)
        {
            scheduler.arrive(arrived as u32);
            arrived += 1;
        }
        let step = scheduler.next_step();
        if at == number {
            return Some(step);
        }
        scheduler.complete(&step, |_, _, _| {});
    }
    None
}
