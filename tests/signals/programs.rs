//! The programs under test: a line of words says on which runtime, with which options, and what they run.
//!
//! `multi base serves`: a multi-thread runtime, and the units `base` and `serves`, registered in that order.

use std::future::{Future, pending, poll_fn};
use std::io::{BufRead, stdin};
use std::net::TcpListener;
use std::os::unix::process::ExitStatusExt;
use std::pin::pin;
use std::process::{Command, ExitCode, Termination};
use std::sync::Barrier;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant};

use lifespan::{
    App, Children, Health, Problem, Ready, Reason, Res, Scope, Shutdown, State, lifespan_context, lifespan_task,
};
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Notify, oneshot};

use crate::one_lock::OneLock;
use crate::system::{self, SIGHUP, SIGINT, SIGTERM};

/// Longer than the hard deadline of a `short` app: half a second, and the second that the watch thread adds.
const PAST_THE_DEADLINE: Duration = Duration::from_secs(3);

/// Runs the program that these words describe.
pub(crate) fn main(words: &str) -> ExitCode {
    if let Some(words) = words.strip_prefix("unlogged ") {
        return one_run(words);
    }
    let rest = words.strip_prefix("one-lock ");
    if rest.is_some() {
        OneLock::install("shutting down");
    } else {
        tracing_subscriber::fmt().without_time().with_ansi(false).with_writer(std::io::stdout).init();
    }
    let words = rest.unwrap_or(words);
    match words {
        "dispositions" => dispositions(),
        "two runs" => two_runs(),
        "handlers during runs" => handlers_during_runs(),
        "handler put back" => handler_put_back(),
        "own handler after a signal" => own_handler_after_a_signal(),
        "ignores" => ignores(),
        "child process" => child_process(),
        #[cfg(target_os = "linux")]
        "no thread" => no_thread(),
        #[cfg(target_os = "linux")]
        "few files" => refused_and_then_not(system::Limit::files),
        #[cfg(target_os = "linux")]
        "little memory" => refused_and_then_not(system::Limit::memory),
        "no timers" => no_timers(),
        "late first poll" => late_first_poll(),
        #[cfg(target_os = "linux")]
        "no runtime" => no_runtime(),
        words => match words.strip_prefix("listens ").and_then(|words| words.split_once(' ')) {
            Some((when, signal)) => listens(when, signal.parse().expect("a signal")),
            None => one_run(words),
        },
    }
}

fn one_run(words: &str) -> ExitCode {
    let mut words: Vec<&str> = words.split(' ').collect();
    let mut has = |option: &str| {
        let position = words.iter().position(|word| *word == option);
        position.map(|position| words.remove(position)).is_some()
    };
    let mut app = if has("empty") { App::empty() } else { App::new() };
    app = with_options(app, &mut has);
    let stays = has("stays");
    let raises = has("raises");
    let hangs = has("hangs").then(handlers);
    let stranger = has("stranger");
    if has("never-exit") {
        app = app.never_exit();
    }
    let own_code = has("own-code");
    let awaits = has("awaits");
    let drops = has("drops");
    let owned = has("owned");
    let flood = has("flood");
    let background = has("background");
    let computes = has("computes");
    let other = has("other-runtime").then(|| runtime("multi"));
    let refused_before = has("refused-before");
    let numbered = has("numbered");
    let reaps = has("reaps");
    let mut builder = builder(words.remove(0));
    if numbered {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        builder.thread_name_fn(|| format!("pool-{}", NUMBER.fetch_add(1, Ordering::Relaxed)));
    }
    if reaps {
        builder.thread_keep_alive(Duration::from_millis(10));
    }
    for unit in words {
        register(&app, unit);
    }
    let dropped = listen(&app);
    if flood {
        std::thread::spawn(flood_when_asked);
    }
    if refused_before {
        println!("before launch: {}", app.run_on(&mut Builder::new_multi_thread()).exit_code());
    }
    if owned {
        return app.run_on(&mut builder).report();
    }
    let runtime = builder.build().expect("a runtime");
    let report = runtime.block_on(async {
        if stranger {
            tokio::spawn(blocks_when_up());
        }
        tokio::select! {
            report = app.launch() => Some(report),
            _ = dropped => None,
        }
    });
    let Some(report) = report else {
        println!("launch was dropped");
        runtime.block_on(ended(&app));
        return ExitCode::SUCCESS;
    };
    println!("after launch: {}", report.exit_code());
    go_on(raises, hangs);
    if awaits {
        runtime.block_on(async { tokio::time::sleep(PAST_THE_DEADLINE).await });
        println!("awaited");
    }
    if drops || background {
        if drops {
            drop(runtime);
        } else {
            runtime.shutdown_background();
        }
        let pass = if computes { compute } else { std::thread::sleep };
        pass(PAST_THE_DEADLINE);
        println!("past the deadline");
        drop(other);
        return report.report();
    }
    if stays {
        std::thread::sleep(PAST_THE_DEADLINE);
        println!("past the deadline");
        // Returning would wait for the body that blocks.
        std::process::exit(42);
    }
    if own_code { ExitCode::from(9) } else { report.report() }
}

/// What a program does right after the run.
fn go_on(raises: bool, hangs: Option<[usize; 3]>) {
    if raises {
        system::raise(SIGTERM);
    }
    if let Some(before) = hangs {
        wait_for_handlers(before);
        println!("handlers are back");
        block();
    }
}

fn with_options(mut app: App, has: &mut impl FnMut(&str) -> bool) -> App {
    if has("short") {
        app = app.shutdown_timeout(Duration::from_millis(500));
    }
    if has("five-seconds") {
        app = app.shutdown_timeout(Duration::from_secs(5));
    }
    if has("impatient") {
        app = app.startup_timeout(Duration::from_millis(200));
    }
    if has("quiet") {
        app = app.without_warnings();
    }
    if has("soon-stable") {
        app = app.stable_after(Duration::from_millis(500));
    }
    if has("without-signals") {
        app = app.without_signals();
    }
    app
}

/// An app that is up twice, and what signals do before, between and after.
fn two_runs() -> ExitCode {
    let before = handlers();
    for run in ["first", "second"] {
        let app = App::new();
        register(&app, "base");
        register(&app, "serves");
        let report = runtime("multi").block_on(app.launch());
        println!("{run} run: {}", report.exit_code());
        wait_for_handlers(before);
    }
    ExitCode::SUCCESS
}

/// A program with a handler of its own for SIGINT and none for SIGTERM, to which it goes back after the run.
fn dispositions() -> ExitCode {
    system::note(SIGINT);
    let before = handlers();
    let app = App::new();
    register(&app, "base");
    register(&app, "batch");
    assert_eq!(handlers(), before, "nothing is installed before launch");
    let report = runtime("multi").block_on(app.launch());
    assert_eq!(report.exit_code(), 0);
    assert_eq!(handlers(), before);
    system::raise(SIGINT);
    assert_eq!(system::noted(), SIGINT, "the program's own handler is back");
    println!("own handler is back");
    system::raise(SIGTERM);
    unreachable!("the default of SIGTERM is back, which ends the process");
}

/// A program that listens for a signal itself, from before a run, from during it, or only after it.
fn listens(when: &str, signal_number: i32) -> ExitCode {
    let new = || signal(SignalKind::from_raw(signal_number)).expect("a listener");
    runtime("multi").block_on(async {
        let mut listener = (when == "before").then(new);
        let app = App::new();
        register(&app, "base");
        register(&app, "serves");
        let running = app.start().await.expect("it comes up");
        if when == "during" {
            listener = Some(new());
        }
        assert!(running.stop().await.is_success());
        let mut listener = listener.unwrap_or_else(new);
        println!("listening after the first run");
        listener.recv().await;
        println!("heard");

        let app = App::new();
        register(&app, "serves");
        println!("second run: {}", app.launch().await.exit_code());
        listener.recv().await;
        println!("heard");
        println!("listening after the second run");
        listener.recv().await;
        println!("heard");
    });
    ExitCode::SUCCESS
}

/// A program that installs another handler during each run, which calls the one before and is never taken away.
fn handlers_during_runs() -> ExitCode {
    for (install, run) in system::CHAIN.iter().zip(1..) {
        let app = App::new();
        register(&app, "serves");
        let report = runtime("current").block_on(async {
            let running = app.start().await.expect("it comes up");
            install(SIGTERM);
            running.stop().await
        });
        assert!(report.is_success());
        let app = App::new();
        register(&app, "raises_in_setup");
        let report = runtime("current").block_on(app.launch());
        assert!(matches!(report.reason(), Some(Reason::Signal(SIGTERM))), "{report}");
        println!("{run} handlers");
    }
    system::raise(SIGTERM);
    println!("none of them ends the process");
    ExitCode::SUCCESS
}

/// A program whose own handler is there for a while, and goes when the run is over: what is put back is the app's.
fn handler_put_back() -> ExitCode {
    let app = App::new();
    register(&app, "serves");
    let noting = runtime("multi").block_on(async {
        let running = app.start().await.expect("it comes up");
        let noting = system::Noting::begin(SIGTERM);
        system::raise(SIGTERM);
        assert_eq!(system::noted(), SIGTERM);
        println!("noted during the run");
        assert!(running.stop().await.is_success());
        noting
    });
    drop(noting);
    system::raise(SIGTERM);
    unreachable!("no run wants SIGTERM, whose default ends the process");
}

/// A program that installs its own handler right after a signal has stopped its app, and then runs another app.
fn own_handler_after_a_signal() -> ExitCode {
    let stopped_by_signal = || {
        let app = App::new();
        register(&app, "raises_in_setup");
        let report = runtime("current").block_on(app.launch());
        assert!(matches!(report.reason(), Some(Reason::Signal(SIGTERM))), "{report}");
    };
    let hears = || {
        system::forget_noted();
        system::raise(SIGTERM);
        assert_eq!(system::noted(), SIGTERM);
    };
    let before = handlers();
    stopped_by_signal();
    system::note(SIGTERM);
    let own = [before[0], system::handler(SIGTERM), before[2]];
    hears();
    println!("own handler hears");
    stopped_by_signal();
    println!("the second app hears");
    hears();
    wait_for_handlers(own);
    hears();
    println!("own handler is back");
    ExitCode::SUCCESS
}

/// A program that was started with its signals ignored.
fn ignores() -> ExitCode {
    let before = handlers();
    let app = App::new();
    register(&app, "batch");
    let report = runtime("multi").block_on(app.launch());
    assert_eq!(handlers(), before);
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        system::raise(signal);
    }
    println!("still there");
    report.report()
}

/// A program that starts processes before and during a run.
fn child_process() -> ExitCode {
    let child = |script: &str| Command::new("sh").args(["-c", script]).output().expect("a shell");
    // On Linux: its signals, and the descriptors that it has.
    let look = || child("grep -E '^Sig(Blk|Ign|Cgt)' /proc/self/status; ls /proc/self/fd").stdout;
    let app = App::new();
    register(&app, "serves");
    runtime("multi").block_on(async {
        let before = look();
        let running = app.start().await.expect("it comes up");
        assert_eq!(String::from_utf8_lossy(&look()), String::from_utf8_lossy(&before));
        println!("the same");
        let ended = child("kill -TERM $$");
        println!("killed by {}", ended.status.signal().expect("a signal"));
        running.stop().await.report()
    })
}

/// A program without timers, and with a panic hook of its own.
fn no_timers() -> ExitCode {
    std::panic::set_hook(Box::new(|info| {
        let mine = info.payload().downcast_ref::<&str>().is_some_and(|text| *text == "mine");
        println!("own hook: {}", if mine { "mine" } else { "timers" });
    }));
    let app = App::empty();
    register(&app, "base");
    let report = Builder::new_current_thread().build().expect("a runtime").block_on(app.launch());
    println!("{report}");
    assert!(std::panic::catch_unwind(|| panic!("mine")).is_err());
    let app = App::empty();
    register(&app, "batch");
    let runtime = Builder::new_current_thread().enable_time().build().expect("a runtime");
    println!("without I/O: {}", runtime.block_on(app.launch()).exit_code());
    report.report()
}

/// A program that is refused what it takes to watch an app, and tries again when it is not.
#[cfg(target_os = "linux")]
fn refused_and_then_not(limit: fn() -> system::Limit) -> ExitCode {
    let runtime = runtime("current");
    let (first, second) = (App::new(), App::new());
    for app in [&first, &second] {
        register(app, "base");
        register(app, "serves");
    }
    let limit = limit();
    let report = runtime.block_on(first.launch());
    drop(limit);
    let kinds: Vec<_> = report.problems().iter().map(Problem::kind).collect();
    println!("first run: {} {kinds:?} {:?}", report.exit_code(), first.state());
    println!("{report}");
    println!("second run: {}", runtime.block_on(second.launch()).exit_code());
    ExitCode::SUCCESS
}

/// A program that has no room for the stack of a thread, but for those that it has.
#[cfg(target_os = "linux")]
fn no_thread() -> ExitCode {
    let app = App::empty();
    register(&app, "batch");
    assert!(runtime("current").block_on(app.launch()).is_success());
    let app = App::empty();
    register(&app, "blocks_its_own_thread");
    let runtime = runtime("current");
    let limit = system::Limit::memory();
    let report = runtime.block_on(app.launch());
    drop(limit);
    println!("{report}");
    println!("as io::Error: {}", report.take_error::<std::io::Error>().is_some());
    report.report()
}

/// An app whose unit is polled for the first time when the watch thread has looked at it already.
fn late_first_poll() -> ExitCode {
    // A limit, which the watch thread keeps as well, and so is rung for.
    let app = App::empty().startup_timeout(Duration::from_secs(60 * 60));
    register(&app, "blocks_when_up");
    runtime("current").block_on(async {
        let mut launch = pin!(app.launch());
        assert!(poll_fn(|context| Poll::Ready(launch.as_mut().poll(context).is_pending())).await);
        // In the queue before the unit. The interval is the subject: the watch thread looks meanwhile.
        tokio::spawn(async { std::thread::sleep(Duration::from_millis(50)) });
        launch.await.report()
    })
}

/// A program that is refused the threads of a runtime: all of them, and all but one.
#[cfg(target_os = "linux")]
fn no_runtime() -> ExitCode {
    for stacks in 0..2 {
        let app = App::new();
        register(&app, "base");
        let limit = system::Limit::memory_for(stacks);
        let report = app.run_on(Builder::new_multi_thread().worker_threads(4).enable_all());
        drop(limit);
        let kinds: Vec<_> = report.problems().iter().map(Problem::kind).collect();
        println!("run: {} {kinds:?}\n{report}", report.exit_code());
    }
    ExitCode::SUCCESS
}

/// Keeps this thread on its processor for so long.
fn compute(time: Duration) {
    let began = Instant::now();
    while began.elapsed() < time {
        std::hint::spin_loop();
    }
}

/// Waits until these handlers are back: after a signal, that takes a moment.
fn wait_for_handlers(before: [usize; 3]) {
    let until = Instant::now() + Duration::from_secs(30);
    while handlers() != before {
        assert!(Instant::now() < until, "the handlers are not put back");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn handlers() -> [usize; 3] {
    [SIGINT, SIGTERM, SIGHUP].map(system::handler)
}

fn runtime(flavor: &str) -> Runtime {
    builder(flavor).build().expect("a runtime")
}

fn builder(flavor: &str) -> Builder {
    let mut builder = match flavor {
        "current" => Builder::new_current_thread(),
        "multi" | "one-worker" => Builder::new_multi_thread(),
        other => panic!("no runtime {other:?}"),
    };
    if flavor != "current" {
        builder.worker_threads(if flavor == "multi" { 2 } else { 1 });
    }
    builder.enable_all();
    builder
}

/// Fills standard output, once asked to, until the reader stops.
fn flood_when_asked() {
    FLOODS.wait();
    // In one piece, which leaves no room in the pipe for a short line.
    println!("{}", "flood ".repeat(1_000_000));
}

static FLOODS: Barrier = Barrier::new(2);

/// Does what the test writes, one word a line; the receiver hears of `drop`.
fn listen(app: &App) -> oneshot::Receiver<()> {
    let app = app.clone();
    let (sender, dropped) = oneshot::channel();
    let mut sender = Some(sender);
    std::thread::spawn(move || {
        for line in stdin().lock().lines().map_while(Result::ok) {
            match line.as_str() {
                "ping" => println!("pong"),
                "stop" => app.shutdown(),
                "flood" => _ = FLOODS.wait(),
                #[cfg(target_os = "linux")]
                "starve" => starve(0),
                #[cfg(target_os = "linux")]
                "starve but one" => starve(1),
                "heal" => HEALED.notify_one(),
                "storm" => (0..100).for_each(|_| drop(app.reload())),
                "drop" => drop(sender.take().map(|sender| sender.send(()))),
                other => panic!("no command {other:?}"),
            }
        }
        // The test has closed its end; a sender that goes would count as sent.
        std::mem::forget(sender);
    });
    dropped
}

/// Leaves no memory for the stacks of more threads than this.
#[cfg(target_os = "linux")]
fn starve(stacks: u64) {
    std::mem::forget(system::Limit::memory_for(stacks));
    println!("starved");
}

async fn ended(app: &App) {
    let mut events = app.events();
    while events.next().await.is_some() {}
}

macro_rules! registers {
    ($app:expr, $unit:expr, $($name:literal => $config:expr,)*) => {
        match $unit {
            $($name => drop($app.register($config).expect("before launch")),)*
            other => panic!("no unit {other:?}"),
        }
    };
}

fn register(app: &App, unit: &str) {
    if unit == "beats" {
        for number in 0..40 {
            app.register(BeatsConfig {})
                .expect("before launch")
                .named(format!("beats-{number}"))
                .expect("before launch");
        }
        return;
    }
    registers! { app, unit,
        "base" => BaseConfig {},
        "serves" => ServesConfig {},
        "batch" => BatchConfig {},
        "hangs_in_setup" => HangsInSetupConfig {},
        "hangs_in_teardown" => HangsInTeardownConfig {},
        "slow_in_teardown" => SlowInTeardownConfig {},
        "fails" => FailsConfig {},
        "fails_in_setup" => FailsInSetupConfig {},
        "fails_in_teardown" => FailsInTeardownConfig {},
        "needs" => NeedsConfig {},
        "exits" => ExitsConfig {},
        "raises_in_setup" => RaisesInSetupConfig {},
        "blocks_at_once" => BlocksAtOnceConfig {},
        "blocks_when_up" => BlocksWhenUpConfig {},
        "child_blocks" => ChildBlocksConfig {},
        "blocks_at_shutdown" => BlocksAtShutdownConfig {},
        "blocks_its_own_thread" => BlocksItsOwnThreadConfig {},
        "blocks_in_setup" => BlocksInSetupConfig {},
        "blocks_in_teardown" => BlocksInTeardownConfig {},
        "leaves_a_thread" => LeavesAThreadConfig {},
        "leaves_a_slow_thread" => LeavesASlowThreadConfig {},
        "leaves_a_destructor" => LeavesADestructorConfig {},
        "slow_at_shutdown" => SlowAtShutdownConfig {},
        "asks_for_time" => AsksForTimeConfig {},
        "waits_for_ever" => WaitsForEverConfig {},
        "unwell" => UnwellConfig {},
        "fails_for_itself" => FailsForItselfConfig {},
        "fails_in_many_lines" => FailsInManyLinesConfig {},
        "waits_to_restart" => WaitsToRestartConfig {},
        "exits_and_fails" => ExitsAndFailsConfig {},
        "exits_with_3" => ExitsWith3Config {},
        "recovers" => RecoversConfig {},
        "recovers_required" => RecoversRequiredConfig {},
        "binds" => BindsConfig {},
        "fails_when_asked" => FailsWhenAskedConfig {},
        "member_fails_when_asked" => MemberFailsWhenAskedConfig {},
        "task_expires" => TaskExpiresConfig {},
        "context_expires" => ContextExpiresConfig {},
        "schedule_expires" => ScheduleExpiresConfig {},
        "counts" => CountsConfig {},
        "unwell_once_restarted" => UnwellOnceRestartedConfig {},
        "isolates" => IsolatesConfig {},
        "fails_fast" => FailsFastConfig {},
        "fails_as_it_stops" => FailsAsItStopsConfig {},
        "panics_as_it_stops" => PanicsAsItStopsConfig {},
        "patient_fails_as_it_stops" => PatientFailsAsItStopsConfig {},
        "patient_panics_as_it_stops" => PatientPanicsAsItStopsConfig {},
    }
}

/// Says so when it is dropped.
struct Guard(&'static str);

impl Drop for Guard {
    fn drop(&mut self) {
        println!("{}: dropped", self.0);
    }
}

/// What no runtime can get rid of.
fn block() -> ! {
    println!("blocking from here on");
    loop {
        std::thread::park();
    }
}

#[lifespan_task(manual)]
async fn child_blocks(children: Children, shutdown: Shutdown) {
    children.spawn("idle", std::future::pending::<()>());
    children.spawn("stuck", async { block() });
    shutdown.requested().await;
}

/// Is started by its table in the file, which is read once and then never to its end.
#[lifespan_task(configured)]
async fn reads(#[config(default = read_once())] _value: u8, shutdown: Shutdown) {
    shutdown.requested().await;
}

fn read_once() -> u8 {
    static READINGS: AtomicU32 = AtomicU32::new(0);
    if READINGS.fetch_add(1, Ordering::Relaxed) > 0 { block() } else { 1 }
}

#[lifespan_context(manual)]
async fn base(scope: Scope) {
    println!("base: set up");
    scope.until_shutdown().await;
    println!("base: torn down");
}

#[lifespan_task(manual)]
async fn serves(shutdown: Shutdown) {
    println!("serves: up");
    shutdown.requested().await;
    println!("serves: notified");
}

#[lifespan_task(manual, once)]
async fn batch() {
    println!("batch: done");
}

#[lifespan_context(manual)]
async fn hangs_in_setup(scope: Scope) {
    let _guard = Guard("hangs_in_setup");
    println!("hangs_in_setup: waiting");
    pending::<()>().await;
    scope.until_shutdown().await;
}

#[lifespan_context(manual)]
async fn hangs_in_teardown(scope: Scope) {
    let _guard = Guard("hangs_in_teardown");
    scope.until_shutdown().await;
    println!("hangs_in_teardown: waiting");
    pending::<()>().await;
}

#[lifespan_context(manual)]
async fn slow_in_teardown(scope: Scope) {
    scope.until_shutdown().await;
    println!("slow_in_teardown: begins");
    take_steps().await;
    println!("slow_in_teardown: ends");
}

#[lifespan_task(manual)]
async fn slow_at_shutdown(shutdown: Shutdown) {
    shutdown.requested().await;
    println!("slow_at_shutdown: begins");
    take_steps().await;
    println!("slow_at_shutdown: ends");
}

/// Takes its time: a process that is suspended during the first step has the others before it.
async fn take_steps() {
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

#[lifespan_task(manual)]
async fn fails(shutdown: Shutdown) -> Result<(), String> {
    // After its first await, so that it fails while the app is up.
    let _ = shutdown.sleep(Duration::from_millis(10)).await;
    Err("as it should".to_owned())
}

#[lifespan_task(manual, startup_timeout = "5s")]
async fn asks_for_time(ready: Ready, shutdown: Shutdown) {
    ready.extend(Duration::from_secs(600));
    shutdown.requested().await;
    ready.notify();
}

/// Declares no limit.
#[lifespan_task(manual, once)]
async fn waits_for_ever(shutdown: Shutdown) {
    println!("waits_for_ever: waiting");
    shutdown.requested().await;
}

#[lifespan_task(manual, on_failure = "ignore")]
async fn fails_for_itself() -> Result<(), String> {
    HEALED.notified().await;
    Err("as it may".to_owned())
}

static HEALED: Notify = Notify::const_new();

#[lifespan_task(manual)]
async fn unwell(health: Health, shutdown: Shutdown) {
    health.named("line").set_unhealthy("is\ncut");
    shutdown.or(HEALED.notified()).await;
    health.named("line").set_healthy();
    shutdown.requested().await;
}

#[lifespan_context(manual)]
async fn fails_in_many_lines() -> Result<u8, String> {
    Err("one\nREADY=1\nthree".to_owned())
}

#[lifespan_context(manual)]
async fn fails_in_setup() -> Result<u8, String> {
    Err("as it should".to_owned())
}

#[lifespan_context(manual)]
async fn fails_in_teardown(scope: Scope) -> Result<(), String> {
    scope.until_shutdown().await;
    Err("as it should".to_owned())
}

#[lifespan_task(manual)]
async fn needs(text: Res<String>) {
    println!("needs: {}", *text);
}

#[lifespan_task(manual, restart(transient, backoff = "1h"))]
async fn waits_to_restart(app: App) -> Result<(), String> {
    app.when_up().await;
    Err("as it should".to_owned())
}

#[lifespan_task(manual)]
async fn exits_with_3(app: App) {
    app.when_up().await;
    app.exit(3);
}

/// Fails once, when the test asks for it.
async fn fail_when_asked(shutdown: &Shutdown) -> Result<(), String> {
    static FAILED: AtomicU32 = AtomicU32::new(0);
    if FAILED.load(Ordering::Relaxed) == 0 {
        HEALED.notified().await;
        FAILED.store(1, Ordering::Relaxed);
        return Err("as it should".to_owned());
    }
    shutdown.requested().await;
    Ok(())
}

#[lifespan_task(manual, restart(transient, backoff = "10ms"))]
async fn recovers(shutdown: Shutdown) -> Result<(), String> {
    fail_when_asked(&shutdown).await
}

#[lifespan_task(manual, readiness = "required", restart(transient, backoff = "10ms"))]
async fn recovers_required(shutdown: Shutdown) -> Result<(), String> {
    fail_when_asked(&shutdown).await
}

#[lifespan_task(manual, restart(transient))]
async fn exits_and_fails(app: App) -> Result<(), String> {
    app.when_up().await;
    app.exit(75);
    Err("as it should".to_owned())
}

/// Finds its port taken.
#[lifespan_task(manual)]
async fn binds() -> std::io::Result<()> {
    let taken = TcpListener::bind("127.0.0.1:0")?;
    tokio::net::TcpListener::bind(taken.local_addr()?).await?;
    Ok(())
}

lifespan::group! { crew: one_for_one }

#[lifespan_task(manual, restart(transient))]
async fn fails_when_asked(shutdown: Shutdown) -> Result<(), String> {
    shutdown.requested().await;
    Err("as it should".to_owned())
}

#[lifespan_task(manual, group = crew, restart(transient))]
async fn member_fails_when_asked(shutdown: Shutdown) -> Result<(), String> {
    shutdown.requested().await;
    Err("as it should".to_owned())
}

/// Fails 22 times, one after the other, and then says so.
async fn expire() -> Result<(), String> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    tokio::task::yield_now().await;
    match COUNT.fetch_add(1, Ordering::Relaxed) + 1 {
        count @ 1..=22 => Err(format!("password expired {count}")),
        23 => {
            println!("settled");
            pending().await
        }
        _ => pending().await,
    }
}

#[lifespan_task(manual, restart(transient, intensity = 100, backoff = "0s"))]
async fn task_expires() -> Result<(), String> {
    expire().await
}

#[lifespan_context(manual, restart(transient, intensity = 100, backoff = "0s"))]
async fn context_expires(scope: Scope<u8>) -> Result<(), String> {
    scope.provide_until_shutdown_or(1, expire()).await.1.unwrap_or(Ok(()))
}

#[lifespan_task(manual, every = "1ms", on_shutdown = "drop")]
async fn schedule_expires() -> Result<(), String> {
    expire().await
}

/// Fails again and again, with an error of 4 KB.
#[lifespan_task(manual, restart(transient, backoff = "10ms..50ms", intensity = 100_000))]
async fn beats() -> Result<(), String> {
    println!("beat");
    tokio::time::sleep(Duration::from_millis(50)).await;
    Err("z".repeat(4000))
}

/// Fails as often as it may, and once more.
#[lifespan_task(manual, restart(transient, backoff = "0s", intensity = 150, period = "1h"))]
async fn counts() -> Result<(), String> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    tokio::time::sleep(Duration::from_millis(10)).await;
    Err(format!("failure {}", COUNT.fetch_add(1, Ordering::Relaxed) + 1))
}

/// Fails once, and is unhealthy 100 ms after it has started again.
#[lifespan_task(manual, restart(transient, backoff = "0s"))]
async fn unwell_once_restarted(app: App, health: Health, shutdown: Shutdown) -> Result<(), String> {
    static STARTS: AtomicU32 = AtomicU32::new(0);
    if STARTS.fetch_add(1, Ordering::Relaxed) == 0 {
        app.when_up().await;
        return Err("as it should".to_owned());
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    health.set_unhealthy("cannot reach the database");
    println!("unwell");
    shutdown.requested().await;
    Ok(())
}

/// A child of it fails, and another one panics 100 ms later.
#[lifespan_task(manual)]
async fn isolates(children: Children, shutdown: Shutdown) {
    let children = children.isolated();
    children.spawn("first", async { Err::<(), _>("as it may".to_owned()) });
    tokio::time::sleep(Duration::from_millis(100)).await;
    children.spawn("second", async { panic!("as it may") });
    shutdown.requested().await;
}

/// Fails again and again, and has children that fail and panic.
#[lifespan_task(manual, restart(transient, backoff = "10ms..20ms", intensity = 100_000))]
async fn fails_fast(children: Children, health: Health) -> Result<(), String> {
    let isolated = children.isolated();
    isolated.spawn("fails", async { Err::<(), _>("as it may".to_owned()) });
    isolated.spawn("panics", async { panic!("as it may") });
    tokio::time::sleep(Duration::from_millis(10)).await;
    health.set_unhealthy("it is about to fail");
    Err("as it should".to_owned())
}

/// Raises a signal, and goes on once it was taken.
fn raise_and_wait(app: &App) {
    system::raise(SIGTERM);
    while app.state() == State::Starting {
        // This thread is to hold on to the setup: it has no await at which it could be dropped.
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn fail_as_it_stops(app: &App) -> Result<u8, String> {
    raise_and_wait(app);
    Err("as it should".to_owned())
}

fn panic_as_it_stops(app: &App) -> u8 {
    raise_and_wait(app);
    panic!("as it should")
}

#[lifespan_context(manual)]
async fn fails_as_it_stops(app: App) -> Result<u8, String> {
    fail_as_it_stops(&app)
}

#[lifespan_context(manual)]
async fn panics_as_it_stops(app: App) -> u8 {
    panic_as_it_stops(&app)
}

#[lifespan_context(manual, restart(transient))]
async fn patient_fails_as_it_stops(app: App) -> Result<u8, String> {
    fail_as_it_stops(&app)
}

#[lifespan_context(manual, restart(transient))]
async fn patient_panics_as_it_stops(app: App) -> u8 {
    panic_as_it_stops(&app)
}

#[lifespan_task(manual)]
async fn exits(app: App, shutdown: Shutdown) {
    app.exit(7);
    shutdown.requested().await;
}

#[lifespan_context(manual)]
async fn raises_in_setup(scope: Scope) {
    system::raise(SIGTERM);
    println!("raises_in_setup: survived");
    pending::<()>().await;
    scope.until_shutdown().await;
}

#[lifespan_task(manual)]
async fn blocks_at_once() {
    block()
}

#[lifespan_task(manual)]
async fn blocks_when_up() {
    tokio::time::sleep(Duration::from_millis(10)).await;
    block()
}

#[lifespan_task(manual)]
async fn blocks_at_shutdown(shutdown: Shutdown) {
    shutdown.requested().await;
    block()
}

/// What it has given to a blocking thread of the runtime never returns.
#[lifespan_task(manual)]
async fn leaves_a_thread(shutdown: Shutdown) {
    let endless = tokio::task::spawn_blocking(|| block());
    shutdown.or(endless).await;
}

/// What it gives to a blocking thread of the runtime returns two seconds later.
#[lifespan_task(manual)]
async fn leaves_a_slow_thread(shutdown: Shutdown) {
    shutdown.requested().await;
    drop(tokio::task::spawn_blocking(|| {
        println!("leaves_a_slow_thread: begins");
        for _ in 0..4 {
            std::thread::sleep(Duration::from_millis(500));
        }
        println!("leaves_a_slow_thread: ends");
    }));
}

/// The destructor of a task that it spawns never returns.
#[lifespan_task(manual)]
async fn leaves_a_destructor(shutdown: Shutdown) {
    struct Blocks;
    impl Drop for Blocks {
        fn drop(&mut self) {
            block();
        }
    }
    let blocks = Blocks;
    tokio::spawn(async move {
        let _blocks = blocks;
        pending::<()>().await;
    });
    shutdown.requested().await;
}

#[lifespan_task(manual, blocking)]
fn blocks_its_own_thread(_shutdown: Shutdown) {
    block();
}

#[lifespan_context(manual)]
async fn blocks_in_setup(scope: Scope) {
    drop(scope);
    block()
}

#[lifespan_context(manual)]
async fn blocks_in_teardown(scope: Scope) {
    scope.until_shutdown().await;
    block()
}
