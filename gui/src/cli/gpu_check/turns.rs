use weftscope_engine::{
    random::Random,
    spec::{Chooser, SplitChoice, StrategyKind, Transport},
};
use weftscope_profiler::sweep::SweepAxis;

use crate::app::{
    Command,
    live::{GpuRun, Knob, KnobEdit, Launch, LiveCommand, Seen},
};

/// What a user of the live run might do.
pub(super) struct Turns(pub(super) Random);

impl Turns {
    /// Something that suits a machine of `gpus`.
    pub(super) fn next(&mut self, gpus: u32) -> Command {
        let edit = match self.0.below(16) {
            0 | 1 => KnobEdit::Strategy(self.0.one_of(&StrategyKind::ALL)),
            2..=5 => KnobEdit::Split(SplitChoice::Fixed(128 * (1 + self.0.below(24)))),
            6 => KnobEdit::Split(SplitChoice::Auto(self.0.one_of(&Chooser::ALL))),
            7 => KnobEdit::Transport(self.0.one_of(&[Transport::P2p, Transport::Nccl])),
            8 => KnobEdit::AttnCtas(Some(2 << self.0.below(4))),
            9 => KnobEdit::MlpCtas(Some(2 << self.0.below(4))),
            10 => KnobEdit::Tokens(512 * (1 + self.0.below(8))),
            11 => KnobEdit::Layers(Some(1 + self.0.below(3))),
            12 => KnobEdit::Tp(1 << self.0.below(gpus.max(1).ilog2() + 1)),
            13 => KnobEdit::Reset(self.0.one_of(&[Knob::Split, Knob::Strategy, Knob::AttnCtas])),
            14 if self.0.below(3) == 0 => {
                return Command::Live(LiveCommand::RunOnGpus(self.gpu_run()));
            }
            14 => return Command::Live(LiveCommand::RunCurve(self.0.one_of(&SweepAxis::ALL))),
            _ => {
                return Command::Live(
                    self.0.one_of(&[LiveCommand::Step, LiveCommand::TogglePause]),
                );
            }
        };
        Command::Live(LiveCommand::Turn(edit))
    }

    fn gpu_run(&mut self) -> GpuRun {
        let (launch, seen) = (self.0.one_of(&Launch::ALL), self.0.one_of(&Seen::ALL));
        let has_counters = self.0.below(3) == 0;
        let counters_ns = has_counters.then(|| self.0.one_of(&GpuRun::COUNTERS_NS));
        GpuRun { launch, seen, iterations: 1 + self.0.below(4), counters_ns, weights: None }
    }
}
