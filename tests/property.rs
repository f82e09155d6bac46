//! The property: for any plan of up to 12 units, any edges, and any point of failure, panic, hang, timeout, loss, restart
//! or request, every context that provided is torn down exactly once, after all its dependents have ended; nothing runs
//! after `launch` has returned; the report names every registration once.
//!
//! Each of twelve positions can hold a context or a task, which takes any of the three resources before it: a function
//! for each choice, made by a macro, and a script that says what the function does this time.

use std::sync::{Arc, Mutex, Once};
use std::time::Duration;

use lifespan::{
    App, Children, Event, Failure, Live, Outcome, Ready, Report, Res, Scope, Shutdown, lifespan_context, lifespan_task,
};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use tokio::time::Instant;

const SCRIPTED: &str = "panics as the script says";

/// The resource of one position.
struct Held<const POSITION: usize>;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Step {
    Goes,
    Takes(u64),
    Fails,
    Panics,
    Hangs,
    /// Returns before its time: a setup without providing, a task while it should run.
    Leaves,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Seen {
    Started,
    Provided,
    TeardownBegan,
    Dropped,
}

#[derive(Default)]
struct World {
    seen: Mutex<Vec<(usize, Seen)>>,
}

#[derive(Clone)]
struct Script {
    position: usize,
    setup: Step,
    end: Step,
    /// After how many milliseconds what it provides is lost.
    lost: Option<u64>,
    /// How long a millisecond of this script is.
    milli: Duration,
    world: Arc<World>,
}

impl Script {
    fn saw(&self, seen: Seen) {
        self.world.seen.lock().unwrap().push((self.position, seen));
    }
}

/// Records when the future that holds it is dropped.
struct Alive(Script);

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.saw(Seen::Dropped);
    }
}

/// Takes a step. Returns true if the following steps should be left out.
async fn take(step: Step, script: &Script) -> Result<bool, String> {
    match step {
        Step::Goes => Ok(false),
        Step::Takes(millis) => {
            tokio::time::sleep(millis_of(millis, script.milli)).await;
            Ok(false)
        }
        Step::Fails => Err("fails as the script says".into()),
        Step::Panics => std::panic::panic_any(SCRIPTED),
        Step::Hangs => std::future::pending().await,
        Step::Leaves => Ok(true),
    }
}

fn millis_of(count: u64, milli: Duration) -> Duration {
    milli * u32::try_from(count).expect("scripts are short")
}

async fn context<const POSITION: usize>(script: Script, scope: Scope<Held<POSITION>>) -> Result<(), String> {
    let alive = Alive(script);
    alive.0.saw(Seen::Started);
    if take(alive.0.setup, &alive.0).await? {
        return Ok(());
    }
    alive.0.saw(Seen::Provided);
    scope.provide_until_shutdown(Held).await;
    alive.0.saw(Seen::TeardownBegan);
    take(alive.0.end, &alive.0).await?;
    Ok(())
}

/// Loses what it provides, and is set up again.
async fn frail<const POSITION: usize>(script: Script, scope: Scope<Held<POSITION>>) -> Result<(), String> {
    let alive = Alive(script);
    alive.0.saw(Seen::Started);
    if take(alive.0.setup, &alive.0).await? {
        return Ok(());
    }
    alive.0.saw(Seen::Provided);
    let loss = async {
        match alive.0.lost {
            Some(millis) => tokio::time::sleep(millis_of(millis, alive.0.milli)).await,
            None => std::future::pending().await,
        }
    };
    scope.provide_until_shutdown_or(Held, loss).await;
    alive.0.saw(Seen::TeardownBegan);
    take(alive.0.end, &alive.0).await?;
    Ok(())
}

lifespan::group! { team: rest_for_one, intensity = 4, period = "1h" }
lifespan::group! { crew: one_for_all, intensity = 4, period = "1h" }

async fn notified(script: Script, shutdown: Shutdown) -> Result<(), String> {
    let alive = Alive(script);
    alive.0.saw(Seen::Started);
    if take(alive.0.setup, &alive.0).await? {
        return Ok(());
    }
    shutdown.requested().await;
    take(alive.0.end, &alive.0).await?;
    Ok(())
}

/// Is not restarted with what it looks at.
async fn looks<const POSITION: usize>(
    script: Script,
    live: Option<Live<Held<POSITION>>>,
    shutdown: Shutdown,
) -> Result<(), String> {
    let alive = Alive(script);
    alive.0.saw(Seen::Started);
    if take(alive.0.setup, &alive.0).await? {
        return Ok(());
    }
    if let Some(live) = live {
        for _ in 0..8 {
            let _ = shutdown.or(live.get()).await;
            let _ = shutdown.sleep(alive.0.milli * 500).await;
        }
    }
    shutdown.requested().await;
    take(alive.0.end, &alive.0).await?;
    Ok(())
}

/// A step whose value is a resource.
async fn step_of<const POSITION: usize>(script: Script) -> Result<Held<POSITION>, String> {
    let alive = Alive(script);
    alive.0.saw(Seen::Started);
    take(alive.0.setup, &alive.0).await?;
    alive.0.saw(Seen::Provided);
    Ok(Held)
}

/// Started again whenever it ends, a few times.
async fn restarted(script: Script, ready: Ready, shutdown: Shutdown) -> Result<(), String> {
    let alive = Alive(script);
    alive.0.saw(Seen::Started);
    if take(alive.0.setup, &alive.0).await? {
        return Ok(());
    }
    ready.notify();
    let _ = shutdown.sleep(alive.0.milli * 1000).await;
    take(alive.0.end, &alive.0).await?;
    Ok(())
}

/// Restarted whenever it or a child of it ends, a few times. It has ended when its last child has.
async fn parent(script: Script, children: Children, shutdown: Shutdown) -> Result<(), String> {
    let alive = Arc::new(Alive(script));
    alive.0.saw(Seen::Started);
    for step in [Step::Hangs, alive.0.end] {
        let alive = Arc::clone(&alive);
        children.spawn("child", async move {
            tokio::task::yield_now().await;
            take(step, &alive.0).await?;
            drop(alive);
            Ok::<_, String>(())
        });
    }
    if take(alive.0.setup, &alive.0).await? {
        return Ok(());
    }
    shutdown.requested().await;
    Ok(())
}

async fn dropped(script: Script) -> Result<(), String> {
    let alive = Alive(script);
    alive.0.saw(Seen::Started);
    take(alive.0.setup, &alive.0).await?;
    tokio::time::sleep(alive.0.milli * 50).await;
    take(alive.0.end, &alive.0).await?;
    Ok(())
}

/// The functions of one position: by kind and by which of the three resources before it they take.
macro_rules! position {
    ($position:literal, $register:ident, [$($one:literal)?], [$($two:literal)?], [$($three:literal)?]) => {
        mod $register {
            use super::*;

            position!(@masks $position; n0; [] [] []);
            position!(@masks $position; n1; [$($one)?] [] []);
            position!(@masks $position; n2; [] [$($two)?] []);
            position!(@masks $position; n3; [$($one)?] [$($two)?] []);
            position!(@masks $position; n4; [] [] [$($three)?]);
            position!(@masks $position; n5; [$($one)?] [$($two)?] [$($three)?]);

            /// Looks at the resource before it, which another unit provides.
            #[lifespan_task(manual, config = LooksArguments)]
            async fn a_looking_task(
                #[config(code)] script: Script,
                $(#[inject] live: Live<Held<$one>>,)?
                shutdown: Shutdown,
            ) -> Result<(), String> {
                position!(@look script shutdown $position $(live $one)?)
            }

            pub(super) fn register(app: &App, unit: &Unit, script: Script) {
                let name = unit.position.to_string();
                if unit.kind == Kind::Looks {
                    app.register(LooksArguments { script }).unwrap().named(name).unwrap();
                    return;
                }
                match unit.mask {
                    0 => n0::register(app, unit.kind, script, name),
                    1 => n1::register(app, unit.kind, script, name),
                    2 => n2::register(app, unit.kind, script, name),
                    3 => n3::register(app, unit.kind, script, name),
                    4 => n4::register(app, unit.kind, script, name),
                    _ => n5::register(app, unit.kind, script, name),
                }
            }
        }
    };
    (@look $script:ident $shutdown:ident $position:literal $live:ident $one:literal) => {
        looks::<$one>($script, Some($live), $shutdown).await
    };
    (@look $script:ident $shutdown:ident $position:literal) => {
        looks::<$position>($script, None, $shutdown).await
    };
    (@masks $position:literal; $mask:ident; [$($one:literal)?] [$($two:literal)?] [$($three:literal)?]) => {
        mod $mask {
            use super::*;

            #[lifespan_context(manual, config = ContextArguments)]
            async fn a_context(
                #[config(code)] script: Script,
                $(#[inject] _one: Option<Res<Held<$one>>>,)?
                $(#[inject] _two: Option<Res<Held<$two>>>,)?
                $(#[inject] _three: Option<Res<Held<$three>>>,)?
                scope: Scope<Held<$position>>,
            ) -> Result<(), String> {
                context(script, scope).await
            }

            #[lifespan_task(manual, config = NotifiedArguments)]
            async fn a_notified_task(
                #[config(code)] script: Script,
                $(#[inject] _one: Option<Res<Held<$one>>>,)?
                $(#[inject] _two: Option<Res<Held<$two>>>,)?
                $(#[inject] _three: Option<Res<Held<$three>>>,)?
                shutdown: Shutdown,
            ) -> Result<(), String> {
                notified(script, shutdown).await
            }

            #[lifespan_task(
                manual,
                config = RestartedArguments,
                restart(permanent, intensity = 3, period = "1h", backoff = "1ms..2s")
            )]
            async fn a_restarted_task(
                #[config(code)] script: Script,
                $(#[inject] _one: Option<Res<Held<$one>>>,)?
                $(#[inject] _two: Option<Res<Held<$two>>>,)?
                $(#[inject] _three: Option<Res<Held<$three>>>,)?
                ready: Ready,
                shutdown: Shutdown,
            ) -> Result<(), String> {
                restarted(script, ready, shutdown).await
            }

            #[lifespan_task(
                manual,
                config = ParentArguments,
                restart(permanent, intensity = 3, period = "1h", backoff = "1ms..2s")
            )]
            async fn a_task_with_children(
                #[config(code)] script: Script,
                $(#[inject] _one: Option<Res<Held<$one>>>,)?
                $(#[inject] _two: Option<Res<Held<$two>>>,)?
                $(#[inject] _three: Option<Res<Held<$three>>>,)?
                children: Children,
                shutdown: Shutdown,
            ) -> Result<(), String> {
                parent(script, children, shutdown).await
            }

            #[lifespan_context(
                manual,
                config = FrailArguments,
                restart(transient, intensity = 3, period = "1h", backoff = "1ms..2s")
            )]
            async fn a_frail_context(
                #[config(code)] script: Script,
                $(#[inject] _one: Option<Res<Held<$one>>>,)?
                $(#[inject] _two: Option<Res<Held<$two>>>,)?
                $(#[inject] _three: Option<Res<Held<$three>>>,)?
                scope: Scope<Held<$position>>,
            ) -> Result<(), String> {
                frail(script, scope).await
            }

            #[lifespan_task(
                manual,
                config = TeamArguments,
                group = team,
                restart(permanent, backoff = "1ms..2s")
            )]
            async fn a_task_in_a_team(
                #[config(code)] script: Script,
                $(#[inject] _one: Option<Res<Held<$one>>>,)?
                $(#[inject] _two: Option<Res<Held<$two>>>,)?
                $(#[inject] _three: Option<Res<Held<$three>>>,)?
                shutdown: Shutdown,
            ) -> Result<(), String> {
                notified(script, shutdown).await
            }

            #[lifespan_context(manual, config = TeamContextArguments, group = team)]
            async fn a_context_in_a_team(
                #[config(code)] script: Script,
                $(#[inject] _one: Option<Res<Held<$one>>>,)?
                $(#[inject] _two: Option<Res<Held<$two>>>,)?
                $(#[inject] _three: Option<Res<Held<$three>>>,)?
                scope: Scope<Held<$position>>,
            ) -> Result<(), String> {
                context(script, scope).await
            }

            #[lifespan_task(
                manual,
                config = CrewArguments,
                group = crew,
                restart(transient, backoff = "1ms..2s")
            )]
            async fn a_task_in_a_crew(
                #[config(code)] script: Script,
                $(#[inject] _one: Option<Res<Held<$one>>>,)?
                $(#[inject] _two: Option<Res<Held<$two>>>,)?
                $(#[inject] _three: Option<Res<Held<$three>>>,)?
                shutdown: Shutdown,
            ) -> Result<(), String> {
                notified(script, shutdown).await
            }

            #[lifespan_task(manual, once, config = StepArguments)]
            async fn a_step(
                #[config(code)] script: Script,
                $(#[inject] _one: Option<Res<Held<$one>>>,)?
                $(#[inject] _two: Option<Res<Held<$two>>>,)?
                $(#[inject] _three: Option<Res<Held<$three>>>,)?
            ) -> Result<Held<$position>, String> {
                step_of(script).await
            }

            #[lifespan_task(manual, config = DroppedArguments)]
            async fn a_dropped_task(
                #[config(code)] script: Script,
                $(#[inject] _one: Option<Res<Held<$one>>>,)?
                $(#[inject] _two: Option<Res<Held<$two>>>,)?
                $(#[inject] _three: Option<Res<Held<$three>>>,)?
            ) -> Result<(), String> {
                dropped(script).await
            }

            pub(super) fn register(app: &App, kind: Kind, script: Script, name: String) {
                let registered = match kind {
                    Kind::Context => app.register(ContextArguments { script }),
                    Kind::Notified => app.register(NotifiedArguments { script }),
                    Kind::Restarted => app.register(RestartedArguments { script }),
                    Kind::Parent => app.register(ParentArguments { script }),
                    Kind::Frail => app.register(FrailArguments { script }),
                    Kind::Team => app.register(TeamArguments { script }),
                    Kind::TeamContext => app.register(TeamContextArguments { script }),
                    Kind::Crew => app.register(CrewArguments { script }),
                    Kind::Step => app.register(StepArguments { script }),
                    Kind::Dropped => app.register(DroppedArguments { script }),
                    Kind::Looks => unreachable!("it takes the one before it"),
                };
                registered.unwrap().named(name).unwrap();
            }
        }
    };
}

position!(0, p0, [], [], []);
position!(1, p1, [0], [], []);
position!(2, p2, [1], [0], []);
position!(3, p3, [2], [1], [0]);
position!(4, p4, [3], [2], [1]);
position!(5, p5, [4], [3], [2]);
position!(6, p6, [5], [4], [3]);
position!(7, p7, [6], [5], [4]);
position!(8, p8, [7], [6], [5]);
position!(9, p9, [8], [7], [6]);
position!(10, p10, [9], [8], [7]);
position!(11, p11, [10], [9], [8]);

const REGISTER: [fn(&App, &Unit, Script); 12] = [
    p0::register,
    p1::register,
    p2::register,
    p3::register,
    p4::register,
    p5::register,
    p6::register,
    p7::register,
    p8::register,
    p9::register,
    p10::register,
    p11::register,
];

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Context,
    Notified,
    Restarted,
    Parent,
    Dropped,
    Frail,
    Team,
    TeamContext,
    Crew,
    Step,
    Looks,
}

impl Kind {
    fn is_context(self) -> bool {
        matches!(self, Kind::Context | Kind::Frail | Kind::TeamContext)
    }

    fn provides(self) -> bool {
        self.is_context() || self == Kind::Step
    }
}

#[derive(Clone, Debug)]
struct Unit {
    position: usize,
    kind: Kind,
    mask: u8,
    setup: Step,
    end: Step,
    lost: Option<u64>,
}

impl Unit {
    /// The positions whose resources it takes, if they are provided.
    fn takes(&self) -> Vec<usize> {
        if self.kind == Kind::Looks {
            return Vec::new();
        }
        let back: &[usize] = match self.mask {
            0 => &[],
            1 => &[1],
            2 => &[2],
            3 => &[1, 2],
            4 => &[3],
            _ => &[1, 2, 3],
        };
        back.iter().filter_map(|back| self.position.checked_sub(*back)).collect()
    }
}

/// What comes from outside, and when.
#[derive(Clone, Copy, Debug)]
enum Outside {
    Nothing,
    Shutdown(u64),
    DropLaunch(u64),
}

#[derive(Clone, Debug)]
struct Case {
    units: Vec<Unit>,
    /// Registration order: a permutation's seed.
    order: Vec<usize>,
    concurrent: bool,
    /// Which of the units are restarted from outside, and when.
    restarts: Vec<(usize, u64)>,
    outside: Outside,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => Just(Step::Goes),
        3 => (1..2000_u64).prop_map(Step::Takes),
        1 => Just(Step::Fails),
        1 => Just(Step::Panics),
        1 => Just(Step::Hangs),
        1 => Just(Step::Leaves),
    ]
}

fn case(concurrent: bool) -> impl Strategy<Value = Case> {
    let kind = prop_oneof![
        3 => Just(Kind::Context),
        2 => Just(Kind::Frail),
        1 => Just(Kind::TeamContext),
        2 => Just(Kind::Team),
        2 => Just(Kind::Notified),
        2 => Just(Kind::Restarted),
        2 => Just(Kind::Parent),
        2 => Just(Kind::Crew),
        2 => Just(Kind::Step),
        1 => Just(Kind::Looks),
        2 => Just(Kind::Dropped)
    ];
    let lost = prop::option::of(1..4000_u64);
    let unit = (any::<bool>(), kind, 0..6_u8, step(), step(), lost);
    let units = prop::collection::vec(unit, 12).prop_filter_map("at least one unit", |all| {
        let chosen = all.into_iter().enumerate().filter(|(_, unit)| unit.0);
        let mut units: Vec<Unit> = chosen
            .map(|(position, (_, kind, mask, setup, end, lost))| Unit { position, kind, mask, setup, end, lost })
            .collect();
        // A unit looks only at a resource that another unit provides.
        let provided: Vec<usize> = units.iter().filter(|unit| unit.kind.provides()).map(|unit| unit.position).collect();
        for unit in units.iter_mut().filter(|unit| unit.kind == Kind::Looks && unit.position > 0) {
            if !provided.contains(&(unit.position - 1)) {
                unit.kind = Kind::Notified;
            }
        }
        (!units.is_empty()).then_some(units)
    });
    let outside = prop_oneof![
        1 => Just(Outside::Nothing),
        3 => (0..8000_u64).prop_map(Outside::Shutdown),
        1 => (0..8000_u64).prop_map(Outside::DropLaunch),
    ];
    let restarts = prop::collection::vec((any::<prop::sample::Index>(), 0..8000_u64), 0..4);
    (units, restarts, outside).prop_flat_map(move |(units, restarts, outside)| {
        let order = Just((0..units.len()).collect::<Vec<_>>()).prop_shuffle();
        let restarts: Vec<_> =
            restarts.into_iter().map(|(which, millis)| (units[which.index(units.len())].position, millis)).collect();
        order.prop_map(move |order| Case {
            units: units.clone(),
            order,
            concurrent,
            restarts: restarts.clone(),
            outside,
        })
    })
}

const HOUR: Duration = Duration::from_secs(3600);
const MILLI: Duration = Duration::from_millis(1);

/// Runs a case; the report, unless the future of `launch` was dropped.
async fn run(case: &Case, world: &Arc<World>, milli: Duration) -> (App, Option<Report>, Option<Duration>) {
    let app = App::empty();
    let app = if case.concurrent { app.concurrent_startup() } else { app };
    for &chosen in &case.order {
        let unit = &case.units[chosen];
        let Unit { position, setup, end, lost, .. } = *unit;
        let script = Script { position, setup, end, lost, milli, world: world.clone() };
        REGISTER[unit.position](&app, unit, script);
    }
    let outside = case.outside;
    let stopper = app.clone();
    let mut events = app.events();
    let recorder = tokio::spawn(async move {
        let (mut requested, mut took) = (None, None);
        while let Some(event) = events.next().await {
            match event {
                Event::ShutdownRequested { .. } => _ = requested.get_or_insert_with(Instant::now),
                Event::Ended { .. } => took = requested.map(|requested: Instant| requested.elapsed()),
                _ => {}
            }
        }
        took
    });
    for &(position, millis) in &case.restarts {
        let app = app.clone();
        tokio::spawn(async move {
            tokio::time::sleep(millis_of(millis, milli)).await;
            // It may be refused; it must not hang.
            let _ = app.restart(position.to_string()).await;
        });
    }
    let stops = async move {
        let after = match outside {
            Outside::Shutdown(millis) => millis_of(millis, milli),
            // Every startup and every task's own end is over by then.
            _ => HOUR,
        };
        tokio::time::sleep(after).await;
        stopper.shutdown();
        std::future::pending::<()>().await;
    };
    let limit = if let Outside::DropLaunch(millis) = outside { millis_of(millis, milli) } else { 3 * HOUR };
    // The launch is polled first: a future that is dropped before its first poll has launched nothing, and sends no events.
    let report = tokio::select! {
        biased;
        report = app.launch() => Some(report),
        () = tokio::time::sleep(limit) => None,
        () = stops => None,
    };
    // The stop goes on when the future of `launch` was dropped.
    let stop = recorder.await.expect("it only listens");
    (app, report, stop)
}

/// `exact` where one thread runs all, in time that is paused.
fn check(
    exact: bool,
    case: &Case,
    world: &World,
    app: &App,
    report: Option<&Report>,
    stop: Option<Duration>,
) -> Result<(), TestCaseError> {
    let seen = world.seen.lock().unwrap().clone();
    let times = |position: usize, what: Seen| seen.iter().filter(|one| **one == (position, what)).count();
    for unit in &case.units {
        let position = unit.position;
        // A body is dropped before the next is started.
        let changes = seen.iter().filter(|one| one.0 == position && matches!(one.1, Seen::Started | Seen::Dropped));
        let turns = [Seen::Started, Seen::Dropped].into_iter().cycle();
        prop_assert!(changes.zip(turns).all(|(one, turn)| one.1 == turn), "{} twice at once: {:?}", position, seen);
        prop_assert_eq!(
            times(position, Seen::Started),
            times(position, Seen::Dropped),
            "{} was not dropped: {:?}",
            position,
            seen
        );
        if unit.kind.is_context() {
            // Every context that provided is torn down exactly once, each time. On another thread, the setup may be
            // dropped between the record and the provide.
            let (provided, torn_down) = (times(position, Seen::Provided), times(position, Seen::TeardownBegan));
            prop_assert!(provided == torn_down || !exact && provided > torn_down, "{} in {:?}", position, seen);
        }
    }
    check_dependents(case, &seen)?;
    if let Some(report) = report {
        let mut named: Vec<String> = report.units().iter().map(|unit| unit.unit.name()).collect();
        let mut expected: Vec<String> = case.units.iter().map(|unit| unit.position.to_string()).collect();
        named.sort();
        expected.sort();
        prop_assert_eq!(named, expected);
        for unit in report.units() {
            let position: usize = unit.unit.name().parse().unwrap();
            let started = times(position, Seen::Started) > 0;
            prop_assert!(!started || unit.outcome != Outcome::NotStarted, "{report}");
            // A busy machine may hold up a thread for long.
            prop_assert!(!exact || !matches!(unit.outcome, Outcome::NotYielding | Outcome::Starved), "{report}");
        }
        let counts = |failure: &Failure| {
            !(failure.is_ignored() || failure.is_recovered() || failure.is_absorbed() || failure.is_unrecovered())
        };
        let failed = report.failures().iter().any(|failure| counts(failure));
        prop_assert_eq!(report.exit_code() != 0, failed, "{}", report);
        if let Some(failure) = report.failures().iter().find(|failure| counts(failure)) {
            prop_assert!(matches!(report.exit_code(), 1 | 3 | 4), "{} {}", failure, report);
        }
    }
    if let Some(stop) = stop {
        prop_assert!(stop <= Duration::from_secs(26), "stopped in {stop:?}: {seen:?}");
    }
    prop_assert_eq!(app.state(), lifespan::State::Stopped);
    Ok(())
}

/// A unit that takes a resource starts while it is provided, and has ended before it is torn down.
fn check_dependents(case: &Case, seen: &[(usize, Seen)]) -> Result<(), TestCaseError> {
    let (mut alive, mut provided) = ([false; 12], [false; 12]);
    for &(position, what) in seen {
        match what {
            Seen::Started => {
                let unit = case.units.iter().find(|unit| unit.position == position).expect("it is one of the case");
                for taken in unit.takes() {
                    let is_planned = case.units.iter().any(|unit| unit.position == taken && unit.kind.provides());
                    prop_assert!(!is_planned || provided[taken], "{} early: {:?}", position, seen);
                }
                // When a context provides again, no unit holds its previous resource.
                provided[position] = false;
                let holders =
                    case.units.iter().filter(|other| unit.kind.provides() && other.takes().contains(&position));
                for holder in holders {
                    prop_assert!(!alive[holder.position], "{} again under {}: {:?}", position, holder.position, seen);
                }
                alive[position] = true;
            }
            Seen::Provided => provided[position] = true,
            Seen::TeardownBegan => {
                provided[position] = false;
                let dependents = case.units.iter().filter(|unit| unit.takes().contains(&position));
                for unit in dependents {
                    prop_assert!(!alive[unit.position], "{} torn down under {}: {:?}", position, unit.position, seen);
                }
            }
            Seen::Dropped => alive[position] = false,
        }
    }
    Ok(())
}

/// Thousands of panics that scripts ask for would hide the one that matters.
fn hide_scripted_panics() {
    static HIDDEN: Once = Once::new();
    HIDDEN.call_once(|| {
        let print = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if info.payload().downcast_ref::<&str>() != Some(&SCRIPTED) {
                print(info);
            }
        }));
    });
}

/// Whether the property holds of a case.
fn hold(case: &Case) -> Result<(), TestCaseError> {
    hide_scripted_panics();
    let world = Arc::new(World::default());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let (app, report, stop) = runtime.block_on(run(case, &world, MILLI));
    check(true, case, &world, &app, report.as_ref(), stop)?;
    // Nothing runs after it has returned.
    let before = world.seen.lock().unwrap().len();
    runtime.block_on(async { tokio::time::sleep(HOUR).await });
    prop_assert_eq!(before, world.seen.lock().unwrap().len());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, max_shrink_iters: 500, ..ProptestConfig::default() })]

    #[test]
    fn every_context_that_provided_is_torn_down_once_after_its_dependents(case in case(false)) {
        hold(&case)?;
    }

    #[test]
    fn so_it_is_after_a_concurrent_startup(case in case(true)) {
        hold(&case)?;
    }
}

/// A case that takes no longer than its script does: in real time no test waits for a step that hangs.
fn in_real_time(mut case: Case) -> Case {
    for unit in &mut case.units {
        for step in [&mut unit.setup, &mut unit.end] {
            if *step == Step::Hangs {
                *step = Step::Takes(1000);
            }
        }
    }
    if let Outside::Nothing = case.outside {
        case.outside = Outside::Shutdown(4000);
    }
    case
}

/// The same on threads that run side by side, each case in real time and many at once.
#[test]
fn so_it_is_on_several_threads() {
    hide_scripted_panics();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_time().build().unwrap();
    let mut runner = TestRunner::default();
    for concurrent in [false, true, false, true] {
        let cases = (0..50)
            .map(|_| in_real_time(case(concurrent).new_tree(&mut runner).expect("cases are not rare").current()));
        let running: Vec<_> = cases
            .map(|case| {
                let world = Arc::new(World::default());
                runtime.spawn(async move {
                    let (app, report, stop) = run(&case, &world, MILLI / 100).await;
                    if let Err(error) = check(false, &case, &world, &app, report.as_ref(), stop) {
                        panic!("{error}\n{case:?}");
                    }
                })
            })
            .collect();
        for case in running {
            runtime.block_on(case).unwrap();
        }
    }
}
