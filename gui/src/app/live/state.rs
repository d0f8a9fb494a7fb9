//! All that the window knows of the live run, as plain data, and the questions that panels ask of it.

use std::{collections::VecDeque, sync::Arc};

use serde::{Deserialize, Serialize};
use weftscope_engine::{
    batch::{Batch, Request},
    plan::Plan,
    spec::{Chooser, Cutting, RunSpec, SplitChoice, StrategyKind},
};
use weftscope_profiler::sweep::{Setting, SweepAxis};

use super::{
    Backend, Catalog, Curve, Draft, Refusals, ServingTab, SessionId, SplitMarks,
    baseline_spec::compares,
};
use crate::{
    app::{BatchPicture, Document, RequestPicture},
    here::{Gpus, Here},
    timeline::ViewState,
};

/// Whether the session iterates, as asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Running {
    /// KeptIteration after iteration.
    Run,
    /// Waiting.
    Paused,
}

/// How the session does.
#[derive(Clone, Debug, PartialEq)]
pub enum Status {
    /// No iteration has come yet.
    Starting,
    /// Iterations come.
    Ready,
    /// The spec asked for cannot be planned or run; the picture is of an older one.
    Refused(String),
    /// The GPUs failed; the picture is of the last iteration before.
    Broke {
        /// Why.
        cause: String,
        /// UI time of the next try, s; `None`: the session waits to be told.
        retry_at_s: Option<f64>,
    },
    /// The session is over.
    Ended(String),
}

/// One iteration that was run, with its picture.
#[derive(Clone)]
pub struct KeptIteration {
    /// The session that ran it.
    pub session: u32,
    /// Its number, never repeated while the window is open.
    pub number: u64,
    /// What ran.
    pub plan: Arc<Plan>,
    /// Where else its batch could be cut.
    pub marks: SplitMarks,
    /// First op's start to last op's end over all ranks, ns.
    pub duration_ns: i64,
    /// Sum over a rank's computing ops of their isolated durations, ns; 0 when not known.
    pub alone_compute_ns: i64,
    /// Its picture.
    pub document: Arc<Document>,
}

/// A baseline's iteration for the same batch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// Which.
    pub strategy: StrategyKind,
    /// Its iteration time, ns, or why it cannot run.
    pub outcome: Result<i64, String>,
    /// It ran on GPUs; else it was simulated.
    pub measured: bool,
}

/// The live run as the window knows it.
pub struct Live {
    /// What may be chosen.
    pub catalog: Catalog,
    /// What is being edited.
    pub draft: Draft,
    /// The last spec handed to the session.
    pub sent: Option<Arc<RunSpec>>,
    /// Who the session runs on.
    pub backend: Backend,
    /// The session.
    pub session: SessionId,
    /// What would not run there.
    pub refusals: Refusals,
    /// UI time at which it was, s; `None` once its picture has come.
    pub asked_s: Option<f64>,
    /// From the last turn of a knob to its picture, s.
    pub answer_s: Option<f64>,
    /// Whether it iterates, as asked.
    pub running: Running,
    /// What the session was last told: also to wait while something else is in view.
    pub told: Running,
    /// How it does.
    pub status: Status,
    /// The last iterations, oldest first.
    pub history: VecDeque<Arc<KeptIteration>>,
    /// The iteration stayed at; `None`: the newest.
    pub pinned: Option<u64>,
    /// How the run is looked at; kept from iteration to iteration.
    pub view: Option<ViewState>,
    /// UI time at which the ghost of the iteration before appeared, s.
    pub ghost_since_s: Option<f64>,
    /// Baselines so far for [`Live::baselines_of`].
    pub baselines: Vec<Baseline>,
    /// What the baselines are of.
    pub baselines_of: Option<Arc<RunSpec>>,
    /// They have yet to be begun.
    pub baselines_due: bool,
    /// Sum over the ops of `nocomm`, unsplit, of their isolated durations, ns, for [`Live::baselines_of`].
    pub unsplit_alone_ns: Option<i64>,
    /// Where simulation would cut the batch of [`Live::baselines_of`], or why it would not.
    pub simulated: Option<Result<u32, String>>,
    /// The curve.
    pub curve: Curve,
    /// What is served.
    pub serving: ServingTab,
    /// The server on which it runs, where that is another computer.
    #[cfg(not(target_arch = "wasm32"))]
    pub remote: Option<super::Remote>,
    /// GPUs of this computer, whichever are offered.
    pub(super) own_gpus: Option<(Arc<Gpus>, Here)>,
    /// The run is elsewhere than before: it begins anew at the next frame.
    pub(super) has_moved: bool,
}

impl Live {
    /// Iterations kept to go back to. One of two layers on eight ranks holds about 20 MB.
    pub const KEPT: usize = 12;
    /// Of these, iterations kept of a spec that runs over and over.
    pub const REPEATS: usize = 3;

    /// A run that has not begun.
    pub fn new(catalog: Catalog, draft: Draft) -> Self {
        Self {
            catalog,
            draft,
            sent: None,
            asked_s: None,
            answer_s: None,
            backend: Backend::Simulated,
            session: SessionId::default(),
            refusals: Refusals::default(),
            running: Running::Run,
            told: Running::Run,
            status: Status::Starting,
            history: VecDeque::new(),
            pinned: None,
            view: None,
            ghost_since_s: None,
            baselines: Vec::new(),
            baselines_of: None,
            baselines_due: false,
            unsplit_alone_ns: None,
            simulated: None,
            curve: Curve::new(SweepAxis::Split),
            serving: ServingTab::default(),
            #[cfg(not(target_arch = "wasm32"))]
            remote: None,
            own_gpus: None,
            has_moved: false,
        }
    }

    /// The iteration in view.
    pub fn shown(&self) -> Option<&Arc<KeptIteration>> {
        let pinned = self.pinned.and_then(|number| self.kept(number));
        pinned.or_else(|| self.history.back())
    }

    /// Puts another document in the place of a kept iteration's, and stays at that iteration; false where none has it.
    pub(crate) fn replace(&mut self, old: &Arc<Document>, new: &Arc<Document>) -> bool {
        let number = self.put(old, new);
        self.pinned = number.or(self.pinned);
        number.is_some()
    }

    /// Puts another document in the place of a kept iteration's, and gives its number; `None` where none has it.
    pub(super) fn put(&mut self, old: &Arc<Document>, new: &Arc<Document>) -> Option<u64> {
        let at = self.history.iter().position(|kept| Arc::ptr_eq(&kept.document, old))?;
        let kept = &self.history[at];
        let number = kept.number;
        if self.shown().is_some_and(|shown| Arc::ptr_eq(&shown.document, old))
            && let Some(view) = &self.view
        {
            self.view = Some(view.regrown(&old.timeline, &new.timeline));
        }
        let document = Arc::clone(new);
        self.history[at] = Arc::new(KeptIteration { document, ..(**kept).clone() });
        Some(number)
    }

    /// A kept iteration.
    pub fn kept(&self, number: u64) -> Option<&Arc<KeptIteration>> {
        self.history.iter().find(|iteration| iteration.number == number)
    }

    /// The baselines that the iteration in view may be held against: none while they are of another batch or machine,
    /// as they are between the turn of a knob and its picture, and for older iterations gone back to.
    pub fn baselines_in_view(&self) -> &[Baseline] {
        if self.is_compared() { &self.baselines } else { &[] }
    }

    /// Sum over the ops of `nocomm`, unsplit, of their isolated durations, ns, of the batch in view.
    pub fn unsplit_in_view_ns(&self) -> Option<i64> {
        self.unsplit_alone_ns.filter(|_| self.is_compared())
    }

    fn is_compared(&self) -> bool {
        self.shown().zip(self.baselines_of.as_ref()).is_some_and(|(shown, of)| {
            shown.session == self.session.index && compares(of, &shown.plan.spec)
        })
    }

    /// Iteration time of a baseline of the iteration in view, ns.
    pub fn baseline_ns(&self, strategy: StrategyKind) -> Option<i64> {
        let found =
            self.baselines_in_view().iter().find(|baseline| baseline.strategy == strategy)?;
        found.outcome.as_ref().ok().copied()
    }

    /// Tokens in split 0: as the user says, else as the iteration in view was cut.
    pub fn first_tokens(&self) -> Option<u32> {
        let knobs = &self.draft.spec.knobs;
        match (self.pinned, knobs.split) {
            (None, SplitChoice::Fixed(first)) if knobs.strategy.cutting() != Cutting::AtHalf => {
                Some(first)
            }
            _ => self.shown()?.plan.decision.split.as_ref().map(|split| split.first_tokens),
        }
    }

    /// Where the batch could be cut, as of the iteration in view.
    pub fn marks(&self) -> Option<&SplitMarks> {
        self.shown().map(|iteration| &iteration.marks)
    }

    /// What choosers say of the iteration in view: after how many tokens they would cut, or why not.
    pub fn answers(&self) -> impl Iterator<Item = (Chooser, &Result<u32, String>)> {
        let arithmetic = self.marks().into_iter().flat_map(|marks| &marks.answers);
        let simulated = self.simulated.iter().map(|answer| (Chooser::Simulated, answer));
        arithmetic.map(|(chooser, answer)| (*chooser, answer)).chain(simulated)
    }

    /// The whole-tile cut nearest to `first` tokens that leaves both sides some.
    pub fn snap(&self, first: u32) -> u32 {
        let tokens = self.draft.spec.batch.tokens();
        let tile = self.marks().map_or(128, |marks| marks.tile_rows).max(1);
        let last = tokens.saturating_sub(1).max(1);
        let whole_tiles = (first + tile / 2) / tile * tile;
        // Less than two tiles have no whole-tile cut: any token will do.
        if tokens <= tile {
            first.clamp(1, last)
        } else {
            whole_tiles.clamp(tile, last / tile * tile)
        }
    }

    /// Where the knobs of a curve stand, also when they are left to the chooser.
    pub fn current(&self, axis: SweepAxis) -> Option<Setting> {
        if axis == SweepAxis::Split {
            return self.first_tokens().map(Setting::cut);
        }
        let split = self.shown()?.plan.decision.split.as_ref()?;
        let all = Setting {
            first_tokens: Some(split.first_tokens),
            ..Setting::ctas(split.attn_ctas, split.mlp_ctas)
        };
        Some(axis.of(all))
    }

    /// The batch for the token bar: as edited, or as it was in an iteration gone back to.
    pub fn batch_picture(&self) -> BatchPicture {
        let pinned = self.pinned.and_then(|number| self.kept(number));
        let spec = pinned.map_or(&self.draft.spec, |iteration| &*iteration.plan.spec);
        let decision = self.shown().and_then(|iteration| iteration.plan.decision.split.as_ref());
        let runs_whole = self.shown().is_some() && decision.is_none();
        let first = self
            .first_tokens()
            .filter(|_| spec.knobs.strategy.cutting() != Cutting::Never && !runs_whole);
        picture_of(&spec.batch, decision.map_or(0, |split| split.padded_tokens), first)
    }
}

pub(super) fn picture_of(
    batch: &Batch,
    padded_tokens: u32,
    first_tokens: Option<u32>,
) -> BatchPicture {
    let request = |request: &Request| RequestPicture {
        new_tokens: request.new_tokens,
        cached_tokens: request.cached_tokens,
    };
    let tokens = batch.tokens();
    BatchPicture {
        requests: batch.requests.iter().map(request).collect(),
        padded_tokens: padded_tokens.max(tokens),
        first_tokens: first_tokens.filter(|&first| 0 < first && first < tokens),
    }
}
