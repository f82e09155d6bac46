//! The declaration of an annotated function, and its place in the source.

use std::any::TypeId;
use std::fmt;

use super::need::{Need, need_names};
use super::options::Options;
use crate::base::{Location, TypeInfo};

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
    pub aliases: &'static [&'static str],
    /// `env = "VAR"`.
    pub env: Option<&'static str>,
    pub secret: bool,
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
        aliases: &[],
        env: None,
        secret: false,
        code: false,
        is_clone: || true,
        line: 0,
        column: 0,
    };
}

/// The declaration of an annotated function.
pub struct UnitInfo {
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
}

impl UnitInfo {
    pub(crate) fn crate_name(&self) -> &'static str {
        self.module.split("::").next().unwrap_or(self.module)
    }

    /// Returns the place that messages show: the function's name, or the macro call that generated the function.
    pub(crate) fn location(&self) -> Location {
        if self.name_place.file == self.place.file { self.name_place } else { self.place }
    }

    /// Returns the types of the resources that it takes, without their module paths.
    pub(crate) fn need_names(&self) -> Vec<String> {
        need_names(self.needs.iter().map(|need| need()))
    }

    pub(crate) fn takes_children(&self) -> bool {
        self.needs.iter().any(|need| matches!(need(), Need::Children))
    }

    pub(crate) fn is(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}
