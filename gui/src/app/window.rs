//! The loop that joins the state to a window.

#[cfg(not(target_arch = "wasm32"))]
use std::sync::Arc;
use std::{path::PathBuf, time::Duration};

use web_time::Instant;

use super::{
    Shown,
    apply::apply,
    command::Command,
    comparison::{align, flush_comparison},
    event::Event,
    flush::{flush_explaining, flush_search, flush_tables},
    glyphs::MissingGlyphs,
    marks,
    notice::Severity,
    runner::{Runner, WindowTask},
    settings::Settings,
    sql::flush_sql,
    state::{PROGRAM, State},
    statistics::flush_statistics,
    ui::frame_ui,
    update::update,
    what_if::{flush_what_if, settling},
};
#[cfg(feature = "live")]
use super::{lessons::LessonCommand, panel::PanelId};
use crate::{
    jobs::{Events, Wake},
    panels::FrameTimes,
    theme::{Mode, Theme},
};

/// What a window starts with.
#[derive(Clone, Debug, Default)]
pub struct Start {
    /// Files to open.
    pub open: Vec<PathBuf>,
    /// Files to hold them against.
    pub against: Vec<PathBuf>,
    /// What kernels are taken for by their names.
    pub classifier: weftscope_traces::Classifier,
    /// A program to start and to watch.
    #[cfg(feature = "gpus")]
    pub watch: Option<crate::jobs::Watched>,
    /// The lesson to begin with; `Some(None)`: the list of them.
    #[cfg(feature = "live")]
    pub lesson: Option<Option<usize>>,
    /// The server to run on.
    #[cfg(all(feature = "live", not(target_arch = "wasm32")))]
    pub server: Option<(crate::remote::Ssh, crate::remote::Target)>,
    /// How servers are reached on which recordings lie; `None`: as the environment says.
    #[cfg(all(feature = "live", not(target_arch = "wasm32")))]
    pub ssh: Option<crate::remote::Ssh>,
    /// What the live run begins with; `None`: the default.
    #[cfg(feature = "live")]
    pub spec: Option<weftscope_engine::spec::RunSpec>,
}

impl Start {
    /// Opens these files; the live run, where there is one, begins with the default.
    pub fn opening(open: Vec<PathBuf>) -> Self {
        Self {
            open,
            against: Vec::new(),
            classifier: weftscope_traces::Classifier::default(),
            #[cfg(feature = "gpus")]
            watch: None,
            #[cfg(feature = "live")]
            lesson: None,
            #[cfg(all(feature = "live", not(target_arch = "wasm32")))]
            server: None,
            #[cfg(all(feature = "live", not(target_arch = "wasm32")))]
            ssh: None,
            #[cfg(feature = "live")]
            spec: None,
        }
    }

    /// True when something else than the live run is to be seen.
    fn brings_something(&self) -> bool {
        #[cfg(feature = "gpus")]
        if self.watch.is_some() {
            return true;
        }
        !self.open.is_empty()
    }
}

/// Shows the window until it is closed.
///
/// # Errors
/// When there is no display or no OpenGL.
#[cfg(not(target_arch = "wasm32"))]
pub fn run_window(start: Start) -> eframe::Result {
    let viewport = egui::ViewportBuilder::default()
        .with_title(PROGRAM)
        .with_app_id("weftscope")
        .with_inner_size([1400.0, 900.0])
        .with_min_inner_size([960.0, 600.0])
        .with_drag_and_drop(true);
    let options = eframe::NativeOptions {
        viewport,
        renderer: eframe::Renderer::Glow,
        ..eframe::NativeOptions::default()
    };
    eframe::run_native(
        "weftscope",
        options,
        Box::new(|context| {
            let stored = context.storage.and_then(|storage| storage.get_string(SETTINGS_KEY));
            let repaint = context.egui_ctx.clone();
            let wake: Wake = Arc::new(move || repaint.request_repaint());
            Ok(Box::new(App::new(start, stored.as_deref(), wake)))
        }),
    )
}

/// Key of the settings in the storage.
pub(crate) const SETTINGS_KEY: &str = "settings";

/// The program behind the window. Holds the state; everything about it is in the modules around.
pub struct App {
    state: State,
    pending: Vec<Command>,
    events: Events,
    runner: Runner,
    themed: Option<Mode>,
    glyphs: MissingGlyphs,
    /// The window's title.
    title: String,
    times: FrameTimes,
    logic_ms: f32,
    /// What the page's address says of what is in view.
    #[cfg(target_arch = "wasm32")]
    address: String,
}

impl App {
    /// A program that has not drawn yet. `stored` is what was remembered, if anything was.
    pub fn new(start: Start, stored: Option<&str>, wake: Wake) -> Self {
        let (events, brings_something) = (events(wake), start.brings_something());
        let mut state = State::default();
        match stored.map(Settings::from_text) {
            None => {}
            Some(Ok(settings)) => state.settings = settings,
            Some(Err(error)) => state.notices.push(Severity::Warning, error.to_string()),
        }
        let runner = Runner::new(events.sender()).with_classifier(start.classifier);
        #[cfg(all(feature = "live", not(target_arch = "wasm32")))]
        let runner = runner.reaching_by(start.ssh);
        #[cfg(feature = "live")]
        let mut runner = runner;
        #[cfg(feature = "live")]
        super::live::begin(&mut state, &mut runner, events.sender(), start.spec);
        if brings_something {
            // A run that nobody asked for would be taken for what is still to come, and take processors from it.
            state.shown = Shown::Nothing;
        }
        let mut folders: Vec<PathBuf> = vec![PathBuf::from(".")];
        folders.extend(
            state.settings.recent.iter().filter_map(|recent| recent.folder().map(PathBuf::from)),
        );
        runner.tidy_up(folders);
        let mut app = Self::over(state, runner, events);
        #[cfg(feature = "gpus")]
        if let Some(watched) = start.watch {
            app.watch(watched);
        }
        if !start.open.is_empty() {
            app.pending.push(Command::Open(start.open));
        }
        #[cfg(all(feature = "live", not(target_arch = "wasm32")))]
        if let Some((ssh, target)) = start.server {
            app.pending.push(Command::Live(super::live::LiveCommand::Connect(ssh, target)));
        }
        #[cfg(feature = "live")]
        match start.lesson {
            None => {}
            Some(None) => app.state.settings.layout.set_open(PanelId::Lessons, true),
            Some(Some(number)) => app.pending.push(Command::Lesson(LessonCommand::Start(number))),
        }
        if !start.against.is_empty() {
            app.pending.push(Command::OpenReference(start.against));
        }
        app
    }

    /// A program over a state as it is, without a live run of its own.
    pub fn with_state(state: State, wake: Wake) -> Self {
        let events = Events::new(wake);
        let runner = Runner::new(events.sender());
        Self::over(state, runner, events)
    }

    fn over(state: State, runner: Runner, events: Events) -> Self {
        Self {
            state,
            pending: Vec::new(),
            events,
            runner,
            themed: None,
            glyphs: MissingGlyphs::default(),
            title: PROGRAM.to_owned(),
            times: FrameTimes::default(),
            logic_ms: 0.0,
            #[cfg(target_arch = "wasm32")]
            address: String::new(),
        }
    }

    /// Starts a program and shows what it does.
    #[cfg(feature = "gpus")]
    pub fn watch(&mut self, watched: crate::jobs::Watched) {
        let title = format!("Recording {}", watched.title);
        let job = self.state.begin_job(crate::jobs::JobKind::Watch, title);
        self.runner.run(super::Effect::Watch(job, std::sync::Arc::new(watched)));
    }

    /// The state, to look at.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Asks for something, at the next frame.
    pub fn send(&mut self, command: Command) {
        self.pending.push(command);
    }

    /// Commands, then events, then what they ask for.
    pub fn step(&mut self, ctx: &egui::Context) {
        let began = Instant::now();
        self.state.now_s = ctx.input(|input| input.time);
        self.state.desktop_dark = ctx.system_theme().is_none_or(|theme| theme == egui::Theme::Dark);
        // Where nothing is shown there are no panels to find room for.
        let is_empty = self.state.shown == Shown::Nothing;
        let width = if is_empty { f32::INFINITY } else { ctx.content_rect().width() };
        self.state.settings.layout.fit(width);
        let dropped = dropped_paths(ctx, &self.events);
        let mut effects = Vec::new();
        if !dropped.is_empty() {
            effects.extend(apply(&mut self.state, Event::Dropped(dropped)));
        }
        // What was asked for is about what was drawn: it comes before anything new is taken in.
        for command in std::mem::take(&mut self.pending) {
            effects.extend(update(&mut self.state, command));
        }
        for event in self.events.drain() {
            effects.extend(apply(&mut self.state, event));
        }
        #[cfg(feature = "live")]
        effects.extend(super::live::flush(&mut self.state));
        #[cfg(feature = "live")]
        if let Some(live) = &mut self.state.live
            && let Some(wait) = super::live::fade_ghost(live, self.state.now_s)
        {
            ctx.request_repaint_after(wait);
        }
        #[cfg(feature = "live")]
        effects.extend(super::lessons::flush_lessons(&mut self.state));
        effects.extend(flush_tables(&mut self.state));
        effects.extend(flush_explaining(&mut self.state));
        effects.extend(flush_what_if(&mut self.state));
        if let Some(wait) = settling(&self.state) {
            ctx.request_repaint_after(wait);
        }
        effects.extend(flush_comparison(&mut self.state));
        align(&mut self.state);
        effects.extend(flush_search(&mut self.state));
        effects.extend(marks::flush(&mut self.state));
        effects.extend(flush_statistics(&mut self.state));
        effects.extend(flush_sql(&mut self.state));
        for text in self.glyphs.take_in() {
            self.state.notices.push(Severity::Warning, text.as_str());
            self.state.boxes.push(text);
        }
        for effect in effects {
            match self.runner.run(effect) {
                None => {}
                Some(WindowTask::Copy(text)) => ctx.copy_text(text),
                Some(WindowTask::Quit) => ctx.send_viewport_cmd(egui::ViewportCommand::Close),
            }
        }
        self.take_turns(ctx);
        #[cfg(target_arch = "wasm32")]
        self.keep_address();
        let title = self.state.title();
        if title != self.title {
            ctx.send_viewport_cmd(egui::ViewportCommand::Title(title.clone()));
            #[cfg(target_arch = "wasm32")]
            crate::web::set_title(&title);
            self.title = title;
        }
        if !self.state.jobs.is_empty() {
            ctx.request_repaint_after(Duration::from_millis(100));
        }
        self.logic_ms = began.elapsed().as_secs_f32() * 1e3;
    }

    /// Does what has no thread of its own: one job, or one iteration of the run.
    fn take_turns(&mut self, ctx: &egui::Context) {
        let more = if self.events.work() { Some(Duration::ZERO) } else { self.runner.turn() };
        if let Some(wait) = more {
            ctx.request_repaint_after(wait);
        }
    }

    /// What a link to what is in view says behind its `#`.
    #[cfg(feature = "live")]
    pub fn address(&self) -> String {
        super::address::address_of(&self.state)
    }

    /// Goes where a link leads.
    #[cfg(feature = "live")]
    pub fn visit(&mut self, address: &str) {
        self.pending.extend(super::address::visit(address));
    }

    /// Goes where the address leads when the user has changed it, and has it lead to what is in view.
    #[cfg(target_arch = "wasm32")]
    fn keep_address(&mut self) {
        let found = crate::web::fragment();
        if found != self.address {
            self.visit(&found);
            self.address = found;
            return;
        }
        let now = self.address();
        if now != self.address && self.pending.is_empty() {
            crate::web::set_fragment(&now);
            self.address = now;
        }
    }

    /// Draws a frame; what was asked for is applied at the next [`step`](Self::step).
    pub fn draw(&mut self, ui: &mut egui::Ui) {
        let began = Instant::now();
        let mode = if self.state.dark() { Mode::Dark } else { Mode::Light };
        let theme = Theme::of(mode);
        if self.themed != Some(mode) {
            #[cfg(not(target_arch = "wasm32"))]
            if self.themed.is_none() {
                ui.ctx().set_fonts(crate::theme::fonts());
            }
            theme.apply(ui.ctx());
            // This frame began in the colours of before.
            ui.reset_style();
            self.themed = Some(mode);
            // Only now: whoever runs the window has added the system's fonts, which are asked before.
            self.glyphs.watch(ui.ctx());
        }
        let commands = frame_ui(ui, &self.state, &theme, &self.times);
        if !commands.is_empty() {
            ui.ctx().request_repaint();
        }
        self.pending.extend(commands);
        self.times.push(self.logic_ms + began.elapsed().as_secs_f32() * 1e3);
    }
}

impl eframe::App for App {
    fn logic(&mut self, ctx: &egui::Context, _frame: &mut eframe::Frame) {
        self.step(ctx);
    }

    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        self.draw(ui);
    }

    fn on_exit(&mut self, _gl: Option<&eframe::glow::Context>) {
        for effect in marks::flush_all(&mut self.state) {
            self.runner.run(effect);
        }
        self.runner.close();
    }

    fn save(&mut self, storage: &mut dyn eframe::Storage) {
        #[cfg(feature = "live")]
        if let Some(live) = &self.state.live {
            self.state.settings.serving = live.serving.asked.kept();
        }
        #[cfg(feature = "live")]
        let settings = super::lessons::settings_to_keep(&self.state);
        #[cfg(not(feature = "live"))]
        let settings = &self.state.settings;
        storage.set_string(SETTINGS_KEY, settings.to_text());
    }
}

/// Where what happens outside arrives, with threads where there are any.
fn events(wake: Wake) -> Events {
    if cfg!(target_arch = "wasm32") { Events::without_threads(wake) } else { Events::new(wake) }
}

/// Files that were dropped on the window just now.
#[cfg(not(target_arch = "wasm32"))]
fn dropped_paths(ctx: &egui::Context, _events: &Events) -> Vec<PathBuf> {
    ctx.input(|input| input.raw.dropped_files.iter().map(|file| file.path().to_owned()).collect())
}

/// None: a page is given bytes, later, when the browser has read them.
#[cfg(target_arch = "wasm32")]
fn dropped_paths(ctx: &egui::Context, events: &Events) -> Vec<PathBuf> {
    let dropped = ctx.input(|input| input.raw.dropped_files.clone());
    if !dropped.is_empty() {
        crate::web::take_in(dropped, events.sender());
    }
    Vec::new()
}
