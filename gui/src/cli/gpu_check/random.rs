use weftscope_engine::spec::{Chooser, SplitChoice, StrategyKind, Transport};
use weftscope_profiler::sweep::SweepAxis;

use crate::app::{
    Command,
    live::{GpuRun, Knob, KnobEdit, LiveCommand, Seen},
};

/// Splitmix64 (Steele, Lea, Flood 2014).
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn below(&mut self, bound: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let value = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((value ^ (value >> 31)) % u64::from(bound.max(1))) as u32
    }

    fn one_of<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u32) as usize].clone()
    }

    /// Something that a user of the live run might do on a machine of `gpus`.
    pub(super) fn turn(&mut self, gpus: u32) -> Command {
        let edit = match self.below(16) {
            0 | 1 => KnobEdit::Strategy(self.one_of(&StrategyKind::ALL)),
            2..=5 => KnobEdit::Split(SplitChoice::Fixed(128 * (1 + self.below(24)))),
            6 => KnobEdit::Split(SplitChoice::Auto(self.one_of(&Chooser::ALL))),
            7 => KnobEdit::Transport(self.one_of(&[Transport::P2p, Transport::Nccl])),
            8 => KnobEdit::AttnCtas(Some(2 << self.below(4))),
            9 => KnobEdit::MlpCtas(Some(2 << self.below(4))),
            10 => KnobEdit::Tokens(512 * (1 + self.below(8))),
            11 => KnobEdit::Layers(Some(1 + self.below(3))),
            12 => KnobEdit::Tp(1 << self.below(gpus.max(1).ilog2() + 1)),
            13 => KnobEdit::Reset(self.one_of(&[Knob::Split, Knob::Strategy, Knob::AttnCtas])),
            14 if self.below(3) == 0 => {
                return Command::Live(LiveCommand::RunOnGpus(self.gpu_run()));
            }
            14 => return Command::Live(LiveCommand::RunCurve(self.one_of(&SweepAxis::ALL))),
            _ => return Command::Live(self.one_of(&[LiveCommand::Step, LiveCommand::TogglePause])),
        };
        Command::Live(LiveCommand::Turn(edit))
    }

    fn gpu_run(&mut self) -> GpuRun {
        let seen = self.one_of(&Seen::ALL);
        GpuRun { seen, iterations: 1 + self.below(4), ..GpuRun::default() }
    }
}
