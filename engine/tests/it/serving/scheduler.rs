//! Which tokens a step computes: an example by hand, a twin that counts tokens one by one, and what always holds.

use proptest::prelude::*;
use weftscope_engine::serving::{
    Arrivals, BLOCK_TOKENS, Blocks, Chunk, Limits, Scheduler, ServingRequest, Step, fixed,
};

fn request(prompt_tokens: u32, output_tokens: u32) -> ServingRequest {
    ServingRequest { arrival_ns: 0, prompt_tokens, output_tokens }
}

fn in_blocks(count: u32) -> Blocks {
    Blocks { count, tokens: BLOCK_TOKENS }
}

fn text(step: &Step) -> String {
    let chunk = |chunk: &Chunk| {
        let kind = if chunk.decodes { "d" } else { "p" };
        format!("{}{kind}{}+{}", chunk.request, chunk.cached_tokens, chunk.new_tokens)
    };
    step.chunks.iter().map(chunk).collect::<Vec<_>>().join(" ")
}

/// Steps until nobody waits or runs.
fn steps_of(requests: &[ServingRequest], limits: Limits, blocks: u32) -> Vec<Step> {
    let mut scheduler = Scheduler::new(requests, limits, in_blocks(blocks));
    (0..requests.len() as u32).for_each(|request| scheduler.arrive(request));
    let mut steps = Vec::new();
    while !scheduler.is_idle() {
        let step = scheduler.next_step();
        assert!(!step.chunks.is_empty(), "no progress after {} steps", steps.len());
        scheduler.complete(&step, |_, _, _| {});
        steps.push(step);
    }
    assert_eq!(scheduler.free_blocks(), blocks, "every block comes back");
    steps
}

/// Worked by hand: a budget of 10 tokens, two sequences at a time, prompts of 12, 5 and 3, answers of 3, 2 and 1.
#[test]
fn prompts_are_cut_and_decode_comes_first() {
    let requests = [request(12, 3), request(5, 2), request(3, 1)];
    let limits = Limits { budget_tokens: 10, max_sequences: 2 };
    let steps: Vec<String> = steps_of(&requests, limits, 100).iter().map(text).collect();
    assert_eq!(
        steps,
        [
            "0p0+10",       // the budget cuts the first prompt
            "0p10+2 1p0+5", // its rest, and the second; both have a token
            "0d12+1 1d5+1", // 2 has room in the budget, but two run
            "0d13+1 2p0+3", // 1 is done, so 2 comes in; 0 has its third token, 2 its only one
        ]
    );
}

/// Worked by hand: four blocks of 16 tokens. Two prompts of 31 fill them; when both need a third block, the later one goes, and
/// is computed again with its answer's first tokens when the other has ended.
#[test]
fn the_last_one_in_is_preempted_and_computed_again() {
    let requests = [request(31, 4), request(31, 4)];
    let limits = Limits { budget_tokens: 100, max_sequences: 8 };
    let steps = steps_of(&requests, limits, 4);
    let texts: Vec<String> = steps.iter().map(text).collect();
    assert_eq!(
        texts,
        [
            "0p0+31 1p0+31",
            "0d31+1 1d31+1",
            "0d32+1", // the 33rd token needs a block: 1 loses its two
            "0d33+1", // 1 has 31 + 2 tokens to compute, which needs three blocks; one is free
            "1p0+33",
            "1d33+1",
        ]
    );
    assert_eq!(steps.iter().map(|step| step.preempted).collect::<Vec<_>>(), [0, 0, 1, 0, 0, 0]);
}

/// The published benchmark's workload: every prompt of 1024 tokens is in two or three iterations of 2048 with decode steps.
#[test]
fn a_saturated_engine_fills_its_budget() {
    let requests = fixed(200, 1024, 128, Arrivals::AtOnce);
    let limits = Limits { budget_tokens: 2048, max_sequences: 256 };
    let steps = steps_of(&requests, limits, 1 << 20);
    let full = steps.iter().filter(|step| step.batch().tokens() == 2048).count();
    let computed: u32 = steps.iter().map(|step| step.batch().tokens()).sum();
    assert_eq!(computed, 200 * (1024 + 127));
    // 204 800 tokens of prompts in steps that also decode some fifth as many.
    assert!((100..115).contains(&full), "{full}");
}

/// vLLM's rules again, said as plainly as possible: a queue of tokens a request, blocks counted anew each time.
struct Twin {
    limits: Limits,
    blocks: usize,
    waiting: Vec<Sequence>,
    running: Vec<Sequence>,
}

#[derive(Clone, Debug)]
struct Sequence {
    index: u32,
    output: u32,
    /// True where the token's keys and values are cached.
    cached: Vec<bool>,
    generated: u32,
}

impl Sequence {
    fn held(&self) -> usize {
        self.cached.iter().filter(|&&cached| cached).count().div_ceil(BLOCK_TOKENS as usize)
    }

    fn compute_one(&mut self) -> bool {
        let next = self.cached.iter_mut().find(|cached| !**cached);
        next.map(|cached| *cached = true).is_some()
    }
}

impl Twin {
    fn used(&self) -> usize {
        self.running.iter().map(Sequence::held).sum()
    }

    /// Tokens of each request in the step, in order.
    fn step(&mut self) -> Vec<(u32, u32)> {
        let mut budget = self.limits.budget_tokens;
        let mut taken: Vec<(u32, u32)> = Vec::new();
        let mut lost_one = false;
        let mut place = 0;
        'running: while place < self.running.len() && budget > 0 {
            let wanted = {
                let mut after = self.running[place].clone();
                let tokens = (0..budget).take_while(|_| after.compute_one()).count() as u32;
                (tokens, after)
            };
            while self.used() - self.running[place].held() + wanted.1.held() > self.blocks {
                let mut last = self.running.pop().expect("room for each alone");
                last.cached.fill(false);
                let was_itself = last.index == wanted.1.index;
                self.waiting.insert(0, last);
                lost_one = true;
                if was_itself {
                    break 'running;
                }
            }
            budget -= wanted.0;
            taken.push((wanted.1.index, wanted.0));
            self.running[place] = wanted.1;
            place += 1;
        }
        while !lost_one && budget > 0 && !self.waiting.is_empty() {
            let mut next = self.waiting[0].clone();
            let tokens = (0..budget).take_while(|_| next.compute_one()).count() as u32;
            if self.running.len() as u32 == self.limits.max_sequences
                || self.used() + next.held() > self.blocks
            {
                break;
            }
            self.waiting.remove(0);
            budget -= tokens;
            taken.push((next.index, tokens));
            self.running.push(next);
        }
        for sequence in &mut self.running {
            let was_taken = taken.iter().any(|(index, _)| *index == sequence.index);
            if was_taken && sequence.cached.iter().all(|&cached| cached) {
                sequence.generated += 1;
                sequence.cached.push(false);
            }
        }
        self.running.retain(|sequence| sequence.generated < sequence.output);
        taken
    }
}

proptest! {
    /// Step by step the same as the twin, and: never above the budget, the sequences or the blocks; every token computed once but
    /// for those of preemptions; first come, first let in; all answered.
    #[test]
    fn the_scheduler_is_its_twin(
        lengths in prop::collection::vec((1u32..90, 1u32..40), 1..14),
        budget_tokens in 1u32..70,
        max_sequences in 1u32..8,
        spare_blocks in 0u32..12,
    ) {
        let requests: Vec<_> = lengths.iter().map(|&(p, o)| request(p, o)).collect();
        let longest = requests.iter().map(ServingRequest::context_tokens).max().unwrap();
        let blocks = longest.div_ceil(BLOCK_TOKENS) + spare_blocks;
        let limits = Limits { budget_tokens, max_sequences };
        let sequence = |(index, request): (u32, &ServingRequest)| Sequence {
            index,
            output: request.output_tokens,
            cached: vec![false; request.prompt_tokens as usize],
            generated: 0,
        };
        let waiting = (0..).zip(&requests).map(sequence).collect();
        let mut twin = Twin { limits, blocks: blocks as usize, waiting, running: Vec::new() };
        let mut scheduler = Scheduler::new(&requests, limits, in_blocks(blocks));
        (0..requests.len() as u32).for_each(|index| scheduler.arrive(index));
        let mut computed = vec![0u32; requests.len()];
        let mut lost = vec![0u32; requests.len()];
        let mut firsts = Vec::new();
        let mut answered = Vec::new();
        while !scheduler.is_idle() {
            let step = scheduler.next_step();
            let taken: Vec<_> = step.chunks.iter().map(|chunk| (chunk.request, chunk.new_tokens)).collect();
            prop_assert_eq!(&taken, &twin.step());
            prop_assert!(step.batch().tokens() <= budget_tokens && !taken.is_empty());
            prop_assert!(step.chunks.len() as u32 <= max_sequences);
            prop_assert!(scheduler.free_blocks() <= blocks);
            // Every block is held by one alone, by its number, and there are as many as tokens need.
            let mut held: Vec<u32> = (0..requests.len() as u32)
                .flat_map(|index| scheduler.blocks_of(index).iter().copied())
                .collect();
            prop_assert_eq!(held.len() as u32 + scheduler.free_blocks(), blocks);
            held.sort_unstable();
            held.dedup();
            prop_assert_eq!(held.len() as u32 + scheduler.free_blocks(), blocks);
            prop_assert!(held.last().is_none_or(|&last| last < blocks));
            for chunk in &step.chunks {
                let tokens = chunk.cached_tokens + chunk.new_tokens;
                let needed = tokens.div_ceil(BLOCK_TOKENS) as usize;
                prop_assert_eq!(scheduler.blocks_of(chunk.request).len(), needed);
            }
            for chunk in &step.chunks {
                let index = chunk.request as usize;
                if chunk.cached_tokens == 0 {
                    lost[index] += computed[index];
                    computed[index] = 0;
                    if !firsts.contains(&index) {
                        firsts.push(index);
                    }
                }
                prop_assert_eq!(chunk.cached_tokens, computed[index]);
                computed[index] += chunk.new_tokens;
            }
            scheduler.complete(&step, |index, generated, is_last| {
                assert_eq!(is_last, generated == requests[index as usize].output_tokens);
                if is_last {
                    answered.push(index);
                }
            });
        }
        for (request, &computed) in requests.iter().zip(&computed) {
            prop_assert_eq!(computed, request.context_tokens());
        }
        prop_assert!(firsts.is_sorted(), "{firsts:?}");
        answered.sort_unstable();
        prop_assert_eq!(answered, (0..requests.len() as u32).collect::<Vec<_>>());
        if spare_blocks >= 12 * 9 {
            prop_assert!(lost.iter().all(|&lost| lost == 0));
        }
    }
}
