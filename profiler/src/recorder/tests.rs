//! What the channel carries, and what it drops.

use std::{sync::Arc, thread};

use weftscope_engine::{
    executor::Executor,
    observer::{BlockRecord, IterationEnd, Observer},
    plan::Plan,
};

use super::*;
use crate::{
    collect::Collector,
    testing::{Toy, toy_plan, toy_spec},
};

fn plan() -> Arc<Plan> {
    Arc::new(toy_plan(&toy_spec()).unwrap())
}

#[test]
fn the_channel_carries_what_the_executor_says() {
    let plan = plan();
    let mut toy = Toy::default();
    let mut direct = Collector::new(toy.provenance());
    toy.run(&plan, 0, &mut direct).unwrap();
    let (mut recorder, inbox) = channel(Overflow::Wait);
    let mut collector = Collector::new(toy.provenance());
    let carried = thread::scope(|scope| {
        let reader = scope.spawn(move || {
            while let Some(message) = inbox.next() {
                collector.take(message, &inbox);
            }
            collector.finish().unwrap()
        });
        toy.run(&plan, 0, &mut recorder).unwrap();
        recorder.seal(toy.provenance());
        drop(recorder);
        reader.join().unwrap()
    });
    let direct = direct.finish().unwrap();
    assert_eq!(carried.lanes, direct.lanes);
    assert_eq!(carried.flows, direct.flows);
    assert_eq!(carried.counters, direct.counters);
}

#[test]
fn a_full_channel_drops_and_counts_or_waits() {
    let plan = plan();
    let record = BlockRecord {
        start_ns: 0,
        end_ns: 1,
        op: weftscope_engine::plan::OpId(0),
        block: 0,
        rank: 0,
        sm: 0,
        slot: 0,
        part: weftscope_engine::observer::BlockPart::Run,
    };
    let too_many = vec![record; BATCH_BLOCKS * (CHANNEL_BATCHES + 3)];
    let (mut recorder, inbox) = channel(Overflow::Drop);
    recorder.begin(&plan, 0, &[]);
    recorder.blocks(&too_many);
    // Begin and 63 full batches fill the channel; 4 batches find no room.
    let end = IterationEnd { iteration: 0, start_ns: 0, end_ns: 1, lost: Vec::new() };
    let (mut received, mut lost) = (0, Vec::new());
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut recorder = recorder;
            recorder.end(&end);
            recorder.seal(Toy::default().provenance());
        });
        while let Some(message) = inbox.next() {
            match message {
                Message::Blocks(blocks) => received += blocks.len(),
                Message::End { end, .. } => lost = end.lost,
                _ => {}
            }
        }
    });
    assert_eq!(received, BATCH_BLOCKS * (CHANNEL_BATCHES - 1));
    let cause = "block records dropped: the collector was behind";
    assert_eq!(lost, [(cause, 4 * BATCH_BLOCKS as u64)]);
}
