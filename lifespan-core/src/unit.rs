//! Static descriptors: what an annotated function is, and where it stands in the source.
#![allow(missing_docs, reason = "descriptors are for generated code; what people see of them is documented")]

use std::any::{Any, TypeId, type_name};
use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::hash::{BuildHasherDefault, Hasher};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::config::Binder;
use crate::plan::particulars::Particulars;
use crate::run::blocking::Thread;
use crate::run::ending::Ending;
use crate::run::family::Family;
use crate::run::start::Start;
use crate::schedule::{Schedule, Written};

/// A unit's function under way.
///
/// It keeps the index of its registration beside its future: what supervises it is then so small that tokio's task for
/// it takes 128 bytes in place of 256.
pub trait Body: Future<Output = Ending> + Send {
    fn index(self: Pin<&mut Self>) -> &mut u32;

    /// Its children, which have to go before the unit has ended.
    fn family(self: Pin<&mut Self>) -> Option<Arc<Family>> {
        None
    }

    /// The thread that may go on without this body, once that is dropped.
    fn thread(self: Pin<&mut Self>) -> Option<Thread> {
        None
    }
}

/// A body, boxed, as every unit is run.
pub type BoxBody = Pin<Box<dyn Body>>;

/// What sort of unit an annotated function is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `#[lifespan_task]`: runs while the app is up.
    Task,
    /// `#[lifespan_context]`: sets something up, holds it, tears it down.
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

/// A place in the source, as the compiler saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Location {
    /// The path of the file, as it was handed to the compiler.
    pub file: &'static str,
    /// The line, counted from 1.
    pub line: u32,
    /// The column, counted from 1.
    pub column: u32,
}

impl Location {
    /// The place that called a `#[track_caller]` function.
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

/// A type, by its identity and by its name.
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

    /// Whether this is `()`, of which nothing can be provided.
    pub(crate) fn is_nothing(self) -> bool {
        self.id == TypeId::of::<()>()
    }
}

/// A map by type.
pub(crate) type ByType<V> = HashMap<TypeId, V, BuildHasherDefault<TypeHasher>>;

/// Takes a type's identity for its hash: it is one already, and nobody can choose it.
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

/// The identity of a function: function items have types of their own.
#[must_use]
pub fn id_of<F: 'static>(_: F) -> TypeId {
    TypeId::of::<F>()
}

/// What an injected parameter asks for.
#[derive(Clone, Copy, Debug)]
pub enum Need {
    /// The app itself.
    App,
    /// To be told of shutdown.
    Shutdown,
    /// To say that it is up.
    Ready,
    /// To spawn tasks that end with it.
    Children,
    /// To be told which run of its schedule this is.
    Tick,
    /// To say whether it is healthy.
    Health,
    /// To provide a resource of this type; `None` provides nothing.
    Scope(Option<TypeInfo>),
    /// Whatever resource of this type there is at the time.
    Live(TypeInfo),
    /// A resource of this type.
    Resource { ty: TypeInfo, optional: bool },
}

/// `after(path)` or `before(path)`: another unit, by its function.
pub struct Edge {
    pub id: fn() -> TypeId,
    /// The path as it is written.
    pub path: &'static str,
    pub line: u32,
    pub column: u32,
}

/// A keyword argument.
pub struct Argument {
    /// The name that files, variables and messages use: after `rename`, without `r#`.
    pub name: &'static str,
    /// The type as it is written, for messages.
    pub ty: &'static str,
    pub docs: &'static str,
    pub aliases: &'static [&'static str],
    /// `env = "VAR"`.
    pub env: Option<&'static str>,
    pub has_default: bool,
    pub secret: bool,
    /// `key`: its value names the instance.
    pub key: bool,
    /// `code`: only code can give it.
    pub code: bool,
    /// Whether it can be cloned, as all but `code` ones can: for a start anew.
    pub is_clone: fn() -> bool,
    pub line: u32,
    pub column: u32,
}

impl Argument {
    /// What an argument is when nothing was said about it.
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

/// `on_failure = "…"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFailure {
    Shutdown,
    Ignore,
}

/// `on_return = "…"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnReturn {
    Shutdown,
    Ignore,
}

/// `on_shutdown = "…"`: how a task is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnShutdown {
    /// Told, and given its grace period to end by itself.
    Tell,
    /// Runs on within its grace period.
    Finish,
    /// Dropped at its next await point.
    Drop,
}

/// When a task starts again, in OTP's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Whenever it ends.
    Permanent,
    /// When it fails or panics.
    Transient,
    /// Never.
    Temporary,
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            When::Permanent => "permanent",
            When::Transient => "transient",
            When::Temporary => "temporary",
        })
    }
}

/// `restart(…)`.
#[derive(Clone, Copy, Debug)]
pub struct Restart {
    pub when: When,
    /// How many restarts within the period are allowed.
    pub intensity: u32,
    pub period: Duration,
    /// The first delay, and the longest.
    pub backoff: (Duration, Duration),
    /// The share of a delay that is left to chance.
    pub jitter: f64,
    /// After so long a run, delays start anew.
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

/// Whom a failure in a group concerns beside the one that failed, in OTP's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// Nobody.
    OneForOne,
    /// Those that start after it.
    RestForOne,
    /// All.
    OneForAll,
}

/// Units that are restarted together: what `group!` makes.
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

    /// The name under which it was declared.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }
}

/// Attribute arguments that are plain switches and limits.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    pub manual: bool,
    pub once: bool,
    /// A plain function, which runs on a thread of its own.
    pub blocking: bool,
    pub first: bool,
    pub last: bool,
    /// A server: the app is ready while all that it needs is up.
    pub serves: bool,
    /// `readiness = "required"`: the app is not ready while this unit is not up, or recovers.
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
    /// No attribute arguments.
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

/// Everything the macro knows of one annotated function.
pub struct Descriptor {
    pub kind: Kind,
    /// The function's name without `r#`, or `name = "…"`.
    pub name: &'static str,
    /// `module_path!()` at the function; its first segment is the crate.
    pub module: &'static str,
    /// Where the outermost expansion stands: `file!()`, `line!()`, `column!()`.
    pub place: Location,
    /// Where the function's name token stands: functions made by one macro keep distinct places.
    pub name_place: Location,
    pub docs: &'static str,
    /// The function's identity, `|| id_of(function)`.
    pub id: fn() -> TypeId,
    pub options: Options,
    pub after: &'static [Edge],
    pub before: &'static [Edge],
    /// The injected parameters, in order: `<Type as Inject>::need`.
    pub needs: &'static [fn() -> Need],
    /// The type of the value that the function returns, where that is a resource.
    pub returns: Option<fn() -> TypeInfo>,
    pub arguments: &'static [Argument],
    /// Makes the config struct from the sources, boxed; `None` when the binder has noted why not.
    pub bind: fn(&mut Binder<'_>) -> Option<Box<dyn Any + Send>>,
    /// The text of the `key` argument of a config, where there is one: it names the instance.
    pub key: Option<fn(&(dyn Any + Send)) -> Option<String>>,
    /// Calls the function with its config and what it asks for.
    pub start: fn(Start<'_>) -> BoxBody,
}

impl Descriptor {
    pub(crate) fn crate_name(&self) -> &'static str {
        self.module.split("::").next().unwrap_or(self.module)
    }

    /// The place that messages show: the function's name where it is written, else the macro call that made it.
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

/// A config struct: it knows the unit that it is for. Implemented by the macros, and by the crates of this framework.
pub trait Config: Send + 'static {
    /// The unit.
    #[doc(hidden)]
    fn descriptor() -> &'static Descriptor;

    /// What this registration says beyond that.
    #[doc(hidden)]
    fn particulars(&self) -> Option<Box<Particulars>> {
        None
    }
}

/// What `discover!` leaves at link time.
pub struct Discovery {
    /// `module_path!()`; its first segment is the crate.
    pub module: &'static str,
    /// The names, as the crates call themselves, of the linked crates in order.
    pub links: &'static [&'static str],
    pub place: Location,
}
