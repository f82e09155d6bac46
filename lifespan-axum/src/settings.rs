//! The settings of a server: one table of their names, types and defaults, which code, the file and the environment set.

use std::time::Duration;

use lifespan_core::private::{Argument, Binder, Location, Value};

use crate::serve::Limits;

macro_rules! settings {
    ($($(#[$doc:meta])* $name:ident: $type:ty = $default:expr,)+) => {
        /// The settings that file and environment may also give; `None` if the code does not set them.
        #[derive(Clone, Debug, Default)]
        pub(crate) struct Settings {
            $($(#[$doc])* pub(crate) $name: Option<$type>,)+
        }

        impl Settings {
            /// The number of arguments of the unit.
            pub(crate) const ARGUMENTS: usize = [ROUTER.name, $(stringify!($name)),+].len();

            /// Returns the arguments of the unit, which is declared here: the router, then the settings.
            pub(crate) const fn arguments(here: Location) -> [Argument; Self::ARGUMENTS] {
                let Location { line, column, .. } = here;
                [
                    Argument { line, column, ..ROUTER },
                    $(Argument { name: stringify!($name), ty: stringify!($type), line, column, ..Argument::PLAIN },)+
                ]
            }

            $($(#[$doc])* pub(crate) fn $name(&self) -> $type {
                self.$name.clone().unwrap_or_else(|| $default)
            })+

            /// Returns all settings: those that are not set come from file and environment, or are the defaults. `None` if
            /// one of them is invalid.
            pub(crate) fn layered(&self, binder: &mut Binder<'_>) -> Option<Self> {
                // The router has the index 0.
                let mut index = 0;
                // All are read before the first `?`, so that every problem is reported.
                $(
                    index += 1;
                    let $name = layered(binder, index, self.$name.as_ref(), || $default);
                )+
                Some(Self { $($name: Some($name?),)+ })
            }
        }
    };
}

settings! {
    /// The address to listen on.
    bind: String = "127.0.0.1:3000".to_owned(),
    /// The limit for concurrent connections. The default is effectively unlimited: memory or file descriptors run out first.
    max_connections: usize = 1 << 28,
    /// The time limit for a client to send the head of a request.
    header_read_timeout: Duration = Duration::from_secs(10),
    /// The time for which the server continues to serve after shutdown is requested.
    drain_delay: Duration = Duration::ZERO,
    /// The time limit for requests in flight during shutdown.
    grace: Duration = Duration::from_secs(8),
}

/// The router: an argument that only code can set.
const ROUTER: Argument = Argument { name: "router", ty: "axum::Router", code: true, ..Argument::PLAIN };

impl Settings {
    pub(crate) fn limits(&self) -> Limits {
        Limits {
            max_connections: self.max_connections(),
            header_read_timeout: self.header_read_timeout(),
            drain_delay: self.drain_delay(),
            grace: self.grace(),
        }
    }
}

/// Reads a setting that code does not set, and reports the sources that have one which code sets.
fn layered<T: Value + Clone>(
    binder: &mut Binder<'_>,
    index: usize,
    given: Option<&T>,
    default: fn() -> T,
) -> Option<T> {
    let Some(given) = given else { return binder.argument_or(index, default) };
    binder.fixed(index);
    Some(given.clone())
}
