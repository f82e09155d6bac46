//! Static descriptors: what an annotated function declares, and its place in the source.
#![allow(missing_docs, reason = "descriptors are for generated code; what people see of them is documented")]

use std::any::{Any, TypeId, type_name};
use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::hash::{BuildHasherDefault, Hasher};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

pub use lifespan_text::{OnFailure, OnReturn, OnShutdown, Strategy, When};

use crate::config::Binder;
use crate::plan::particulars::Particulars;
use crate::run::blocking::Thread;
use crate::run::ending::Ending;
use crate::run::family::Family;
use crate::run::start::Start;
use crate::schedule::{Schedule, Written};

/// The running future of a unit's function.
///
/// The index of its registration is stored beside the future: this keeps tokio's task for the supervising future at 128
/// bytes instead of 256.
pub trait Body: Future<Output = Ending> + Send {
    fn index(self: Pin<&mut Self>) -> &mut u32;

    /// Its children, which must be gone before the unit has ended.
    fn family(self: Pin<&mut Self>) -> Option<Arc<Family>> {
        None
    }

    /// The thread that may keep running after this body is dropped.
    fn thread(self: Pin<&mut Self>) -> Option<Thread> {
        None
    }
}

/// A boxed body; every unit is run as one.
pub type BoxBody = Pin<Box<dyn Body>>;

/// The kind of a unit.
///
/// ```
/// # use lifespan::{App, Shutdown, lifespan_task};
/// # #[lifespan_task(manual)] async fn serve(shutdown: Shutdown) { shutdown.requested().await }
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let app = App::empty();
/// # app.register(ServeConfig {})?;
/// # use lifespan::Kind;
/// let unit = &app.registered()[0];
/// assert_eq!((unit.kind(), unit.kind().to_string().as_str()), (Kind::Task, "task"));
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `#[lifespan_task]`: runs while the app is up.
    Task,
    /// `#[lifespan_context]`: sets up something, holds it, tears it down.
    Context,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Kind::Task => "task",
            Kind::Context => "context",
        })
    }
}

/// A place in the source, as the compiler recorded it.
///
/// ```
/// # use lifespan::{App, Shutdown, lifespan_task};
/// # #[lifespan_task(manual)] async fn serve(shutdown: Shutdown) { shutdown.requested().await }
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let app = App::empty();
/// # app.register(ServeConfig {})?;
/// let place = app.registered()[0].location();
/// println!("{}, line {}", place.file, place.line);
/// println!("{place}"); // src/main.rs:3:7
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Location {
    /// The path of the file, as it was passed to the compiler.
    pub file: &'static str,
    /// The line, counted from 1.
    pub line: u32,
    /// The column, counted from 1.
    pub column: u32,
}

impl Location {
    /// Returns the place that called a `#[track_caller]` function.
    #[track_caller]
    pub(crate) fn caller() -> Self {
        std::panic::Location::caller().into()
    }
}

impl From<&'static std::panic::Location<'static>> for Location {
    fn from(place: &'static std::panic::Location<'static>) -> Self {
        Self { file: place.file(), line: place.line(), column: place.column() }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// A type, by its identity and its name.
#[derive(Clone, Copy)]
pub struct TypeInfo {
    pub id: TypeId,
    pub name: &'static str,
}

impl TypeInfo {
    #[must_use]
    pub fn of<T: ?Sized + 'static>() -> Self {
        Self { id: TypeId::of::<T>(), name: type_name::<T>() }
    }

    /// Returns whether this is `()`, which can't be a resource.
    pub(crate) fn is_nothing(self) -> bool {
        self.id == TypeId::of::<()>()
    }
}

/// A map keyed by type.
pub(crate) type ByType<V> = HashMap<TypeId, V, BuildHasherDefault<TypeHasher>>;

/// Uses a type's identity as its hash: it is a good hash already, and no attacker can choose it.
#[derive(Default)]
pub(crate) struct TypeHasher(u64);

impl Hasher for TypeHasher {
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(byte);
        }
    }

    fn write_u64(&mut self, half: u64) {
        self.0 = half;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl fmt::Debug for TypeInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// Returns the identity of a function: each function item has its own type.
#[must_use]
pub fn id_of<F: 'static>(_: F) -> TypeId {
    TypeId::of::<F>()
}

/// The request of an injected parameter.
#[derive(Clone, Copy, Debug)]
pub enum Need {
    /// The app itself.
    App,
    /// Notification of shutdown.
    Shutdown,
    /// Reporting that the task is up.
    Ready,
    /// Spawning child tasks.
    Children,
    /// The current run of the schedule.
    Tick,
    /// Reporting health.
    Health,
    /// Providing a resource of this type; `None` provides nothing.
    Scope(Option<TypeInfo>),
    /// The current resource of this type, which may be missing for a while.
    Live(TypeInfo),
    /// A resource of this type.
    Resource { ty: TypeInfo, optional: bool },
}

/// `after(path)` or `before(path)`: another unit, by its function.
pub struct Edge {
    pub id: fn() -> TypeId,
    /// The path as written in the attribute.
    pub path: &'static str,
    pub line: u32,
    pub column: u32,
}

/// A keyword argument.
pub struct Argument {
    /// The name in files, variables and messages: after `rename`, without `r#`.
    pub name: &'static str,
    /// The type as written, for messages.
    pub ty: &'static str,
    pub docs: &'static str,
    pub aliases: &'static [&'static str],
    /// `env = "VAR"`.
    pub env: Option<&'static str>,
    pub has_default: bool,
    pub secret: bool,
    /// `key`: its value names the instance.
    pub key: bool,
    /// `code`: only code can set it.
    pub code: bool,
    /// Returns whether it can be cloned for a restart; only `code` arguments may be not.
    pub is_clone: fn() -> bool,
    pub line: u32,
    pub column: u32,
}

impl Argument {
    /// The defaults of an argument that declares nothing.
    pub const PLAIN: Self = Self {
        name: "",
        ty: "",
        docs: "",
        aliases: &[],
        env: None,
        has_default: false,
        secret: false,
        key: false,
        code: false,
        is_clone: || true,
        line: 0,
        column: 0,
    };
}

/// `restart(…)`.
#[derive(Clone, Copy, Debug)]
pub struct Restart {
    pub when: When,
    /// The number of restarts allowed within the period.
    pub intensity: u32,
    pub period: Duration,
    /// The first delay and the longest.
    pub backoff: (Duration, Duration),
    /// The random share of a delay.
    pub jitter: f64,
    /// After a run of this length, delays start again with the first.
    pub reset_after: Duration,
}

impl Restart {
    pub const DEFAULT: Self = Self {
        when: When::Temporary,
        intensity: 3,
        period: Duration::from_secs(30),
        backoff: (Duration::from_millis(100), Duration::from_secs(30)),
        jitter: 0.2,
        reset_after: Duration::from_secs(60),
    };
}

/// Units that are restarted together, declared with `group!`.
///
/// ```
/// use lifespan::{Shutdown, lifespan_task};
///
/// lifespan::group! {
///     /// Reads and stores.
///     pub ingest: one_for_all, intensity = 5, period = "1m"
/// }
///
/// #[lifespan_task(manual, group = ingest)]
/// async fn read(shutdown: Shutdown) {
///     shutdown.requested().await;
/// }
/// ```
#[derive(Debug)]
pub struct Group {
    #[doc(hidden)]
    pub name: &'static str,
    #[doc(hidden)]
    pub strategy: Strategy,
    #[doc(hidden)]
    pub intensity: u32,
    #[doc(hidden)]
    pub period: Duration,
    #[doc(hidden)]
    pub place: Location,
}

impl Group {
    #[doc(hidden)]
    #[must_use]
    pub const fn new(name: &'static str, strategy: Strategy, place: Location) -> Self {
        let Restart { intensity, period, .. } = Restart::DEFAULT;
        Self { name, strategy, intensity, period, place }
    }

    /// The name with which it was declared.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }
}

/// Attribute arguments that are switches and limits.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    pub manual: bool,
    pub once: bool,
    /// A plain function that runs on its own thread.
    pub blocking: bool,
    pub first: bool,
    pub last: bool,
    /// A server: the app is ready while everything the server needs is up.
    pub serves: bool,
    /// `readiness = "required"`: the app is not ready while this unit is not up or is recovering.
    pub required: bool,
    pub startup_timeout: Option<Duration>,
    pub shutdown_timeout: Option<Duration>,
    pub on_failure: Option<OnFailure>,
    pub on_return: Option<OnReturn>,
    pub on_shutdown: Option<OnShutdown>,
    pub restart: Option<Restart>,
    pub group: Option<&'static Group>,
    pub schedule: Option<Schedule<Written>>,
}

impl Options {
    /// The defaults: no attribute arguments.
    pub const NONE: Self = Self {
        manual: false,
        once: false,
        blocking: false,
        first: false,
        last: false,
        serves: false,
        required: false,
        startup_timeout: None,
        shutdown_timeout: None,
        on_failure: None,
        on_return: None,
        on_shutdown: None,
        restart: None,
        group: None,
        schedule: None,
    };
}

/// Everything that the macro knows about one annotated function.
pub struct Descriptor {
    pub kind: Kind,
    /// The function's name without `r#`, or `name = "…"`.
    pub name: &'static str,
    /// `module_path!()` at the function; its first segment is the crate.
    pub module: &'static str,
    /// The place of the outermost expansion: `file!()`, `line!()`, `column!()`.
    pub place: Location,
    /// The place of the function's name token: functions made by one macro keep distinct places.
    pub name_place: Location,
    pub docs: &'static str,
    /// The function's identity, `|| id_of(function)`.
    pub id: fn() -> TypeId,
    pub options: Options,
    pub after: &'static [Edge],
    pub before: &'static [Edge],
    /// The injected parameters, in order: `<Type as Inject>::need`.
    pub needs: &'static [fn() -> Need],
    /// The type of the resource that the function returns, if it returns one.
    pub returns: Option<fn() -> TypeInfo>,
    pub arguments: &'static [Argument],
    /// Creates the config struct from the sources, boxed; `None` if the binder has reported why not.
    pub bind: fn(&mut Binder<'_>) -> Option<Box<dyn Any + Send>>,
    /// Returns the text of the config's `key` argument, if there is one: it names the instance.
    pub key: Option<fn(&(dyn Any + Send)) -> Option<String>>,
    /// Calls the function with its config and its injected values.
    pub start: fn(Start<'_>) -> BoxBody,
}

impl Descriptor {
    pub(crate) fn crate_name(&self) -> &'static str {
        self.module.split("::").next().unwrap_or(self.module)
    }

    /// Returns the place that messages show: the function's name, or the macro call that generated the function.
    pub(crate) fn location(&self) -> Location {
        if self.name_place.file == self.place.file { self.name_place } else { self.place }
    }

    pub(crate) fn takes_children(&self) -> bool {
        self.needs.iter().any(|need| matches!(need(), Need::Children))
    }

    pub(crate) fn is(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

/// A config struct of a unit. Implemented by the macros and by the crates of this framework.
pub trait Config: Send + 'static {
    /// Returns the unit.
    #[doc(hidden)]
    fn descriptor() -> &'static Descriptor;

    /// Returns what this registration adds to its unit's descriptor.
    #[doc(hidden)]
    fn particulars(&self) -> Option<Box<Particulars>> {
        None
    }
}

/// The record that `discover!` leaves at link time.
pub struct Discovery {
    /// `module_path!()`; its first segment is the crate.
    pub module: &'static str,
    /// The linked crates in order, by the names that they have for themselves.
    pub links: &'static [&'static str],
    pub place: Location,
}
