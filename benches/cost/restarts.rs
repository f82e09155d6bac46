//! What one restart costs: a task that fails that many times in a row without a delay, and then waits.

use std::error::Error;
use std::fmt;
use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use lifespan::{App, lifespan_task};
use ractor::{Actor, ActorProcessingErr, ActorRef, SupervisionEvent};
use task_supervisor::{CancellationToken, SupervisedTask, SupervisorBuilder, TaskResult};
use taskvisor::{BackoffPolicy, Supervisor, SupervisorConfig, TaskError, TaskFn, TaskRef, TaskSpec};
use tokio::sync::Notify;
use tokio::task::{JoinSet, yield_now};

use crate::arrivals;
use crate::sample::{Numbers, timed};

/// Who restarts, in the order of the table, the floor first.
pub const RESTARTED: [&str; 7] = [IN_PLACE, RESPAWNED, OURS, OURS_RETURNING, TASKVISOR, RACTOR, TASK_SUPERVISOR];
/// The floor: a loop around the function, which yields between two calls.
pub const IN_PLACE: &str = "restarts, in place by hand";
const RESPAWNED: &str = "restarts, respawned by hand";
const OURS: &str = "restarts, lifespan";
const OURS_RETURNING: &str = "restarts, lifespan, after a return";
const TASKVISOR: &str = "restarts, taskvisor";
const RACTOR: &str = "restarts, ractor";
const TASK_SUPERVISOR: &str = "restarts, task-supervisor";
/// How much less often the one is restarted that takes a millisecond each time.
const SLOWER: u32 = 500;
/// Those of them that have a goal.
pub const OURS_RESTARTED: [&str; 2] = [OURS, OURS_RETURNING];

static STARTS: AtomicUsize = AtomicUsize::new(0);
static FAILURES: AtomicUsize = AtomicUsize::new(0);
static BEGIN: Notify = Notify::const_new();
static LAST: Notify = Notify::const_new();

/// What every contestant's task fails with: a type of the user's own, without a heap of its own.
#[derive(Debug)]
struct Broken;

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection broke")
    }
}

impl Error for Broken {}

/// The body that all contestants run: the first start waits until time is taken, the last one for ever.
async fn body() -> Result<(), Broken> {
    let start = STARTS.fetch_add(1, Ordering::Relaxed);
    if start == 0 {
        arrivals::arrive();
        BEGIN.notified().await;
    } else if start == FAILURES.load(Ordering::Relaxed) {
        LAST.notify_one();
        pending::<()>().await;
    }
    Err(Broken)
}

/// Restarts that many times.
pub async fn of(case: &str, number: usize) -> Numbers {
    let times = if case == TASK_SUPERVISOR { SLOWER } else { 1 };
    FAILURES.store(number / times as usize, Ordering::Relaxed);
    arrivals::expect(1);
    match case {
        IN_PLACE => drop(tokio::spawn(in_place())),
        RESPAWNED => drop(tokio::spawn(respawned())),
        OURS => return lifespan(|app| app.register(FailsConfig {}).map(drop)).await,
        OURS_RETURNING => return lifespan(|app| app.register(ReturnsConfig {}).map(drop)).await,
        TASKVISOR => return with_taskvisor().await,
        RACTOR => return with_ractor().await,
        TASK_SUPERVISOR => {
            let numbers = with_task_supervisor().await;
            return Numbers { start: numbers.start * SLOWER, ..numbers };
        }
        _ => panic!("no case {case}"),
    }
    all_restarts().await
}

/// From the first failure to the last start, once the first body is there.
async fn all_restarts() -> Numbers {
    arrivals::all().await;
    let (start, ()) = timed(async {
        BEGIN.notify_one();
        LAST.notified().await;
    })
    .await;
    assert_eq!(STARTS.load(Ordering::Relaxed), FAILURES.load(Ordering::Relaxed) + 1, "every failure was a restart");
    Numbers { start, ..Numbers::default() }
}

async fn in_place() {
    while let Err(broken) = body().await {
        std::hint::black_box(broken);
        yield_now().await;
    }
}

async fn respawned() {
    let mut tasks = JoinSet::new();
    tasks.spawn(body());
    while let Some(ended) = tasks.join_next().await {
        if let Err(broken) = ended.expect("nothing here panics") {
            std::hint::black_box(broken);
            tasks.spawn(body());
        }
    }
}

#[lifespan_task(manual, restart(transient, intensity = 1_000_000_000, backoff = "0s", jitter = 0.0))]
async fn fails() -> Result<(), Broken> {
    body().await
}

#[lifespan_task(manual, restart(permanent, intensity = 1_000_000_000, backoff = "0s", jitter = 0.0))]
async fn returns() {
    std::hint::black_box(body().await.is_err());
}

async fn lifespan<E: fmt::Debug>(register: impl FnOnce(&App) -> Result<(), E>) -> Numbers {
    let app = App::empty();
    register(&app).expect("nothing is launched yet");
    let running = app.start().await.expect("nothing here fails before it is up");
    let numbers = all_restarts().await;
    let restarts = running.stop().await.units()[0].restarts;
    assert_eq!(restarts as usize, FAILURES.load(Ordering::Relaxed), "the report counts every restart");
    numbers
}

async fn with_taskvisor() -> Numbers {
    let supervisor = Supervisor::new(SupervisorConfig::default(), Vec::new());
    let handle = supervisor.serve().expect("a supervisor that is not running yet");
    let task: TaskRef = TaskFn::arc(|_| async { body().await.map_err(TaskError::fail_from) });
    let spec = TaskSpec::restartable("fails", task)
        .with_backoff(BackoffPolicy::constant(Duration::ZERO))
        .with_max_retries(None)
        .with_timeout(None);
    handle.add(spec).await.expect("the supervisor serves");
    all_restarts().await
}

#[derive(Clone)]
struct Fails;

impl SupervisedTask for Fails {
    async fn run(self, _: CancellationToken) -> TaskResult {
        Ok(body().await?)
    }
}

/// Each restart goes through a timer of tokio's, which rounds up to whole milliseconds.
async fn with_task_supervisor() -> Numbers {
    let _handle = SupervisorBuilder::new()
        .with_task("fails", Fails)
        .with_unlimited_restarts()
        .with_base_restart_delay(Duration::ZERO)
        .with_max_restart_delay(Duration::ZERO)
        .with_restart_jitter(0.0)
        .spawn();
    all_restarts().await
}

impl Actor for Fails {
    type Msg = ();
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<()>, (): ()) -> Result<(), ActorProcessingErr> {
        Ok(())
    }

    async fn post_start(&self, _: ActorRef<()>, (): &mut ()) -> Result<(), ActorProcessingErr> {
        Ok(body().await?)
    }
}

/// Restarts by hand, as ractor leaves it to its users: a supervisor that spawns the actor anew when it has failed.
struct Respawns;

impl Actor for Respawns {
    type Msg = ();
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, myself: ActorRef<()>, (): ()) -> Result<(), ActorProcessingErr> {
        Actor::spawn_linked(None, Fails, (), myself.get_cell()).await?;
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        myself: ActorRef<()>,
        event: SupervisionEvent,
        (): &mut (),
    ) -> Result<(), ActorProcessingErr> {
        if let SupervisionEvent::ActorFailed(..) = event {
            Actor::spawn_linked(None, Fails, (), myself.get_cell()).await?;
        }
        Ok(())
    }
}

async fn with_ractor() -> Numbers {
    let supervisor = Actor::spawn(None, Respawns, ()).await.expect("an actor that only spawns another");
    let numbers = all_restarts().await;
    drop(supervisor);
    numbers
}
