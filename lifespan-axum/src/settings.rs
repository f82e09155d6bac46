//! The settings of a server that code, the file and the environment may give.

use std::time::Duration;

use lifespan_core::private::{Binder, Value};

use crate::serve::Limits;

/// The settings that file and environment may also give; `None` if the code does not set them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    pub(crate) bind: Option<String>,
    pub(crate) max_connections: Option<usize>,
    pub(crate) header_read_timeout: Option<Duration>,
    pub(crate) drain_delay: Option<Duration>,
    pub(crate) grace: Option<Duration>,
}

impl Settings {
    pub(crate) fn bind() -> String {
        "127.0.0.1:3000".to_owned()
    }

    fn max_connections() -> usize {
        // In effect no limit: memory or file descriptors run out first.
        1 << 28
    }

    fn header_read_timeout() -> Duration {
        Duration::from_secs(10)
    }

    fn drain_delay() -> Duration {
        Duration::ZERO
    }

    fn grace() -> Duration {
        Duration::from_secs(8)
    }

    /// Fills the settings that are not set from file and environment.
    pub(crate) fn layered(&self, is_bound: bool, binder: &mut Binder<'_>) -> Option<Self> {
        fn one<T: Value + Clone>(
            binder: &mut Binder<'_>,
            index: usize,
            given: Option<&T>,
            default: fn() -> T,
        ) -> Option<T> {
            let Some(given) = given else { return binder.argument_or(index, default) };
            binder.fixed(index);
            Some(given.clone())
        }
        // All are read before the first `?`, so that every problem is reported.
        let given = self.bind.clone().or_else(|| is_bound.then(Self::bind));
        let bind = one(binder, 1, given.as_ref(), Self::bind);
        let max_connections = one(binder, 2, self.max_connections.as_ref(), Self::max_connections);
        let header_read_timeout = one(binder, 3, self.header_read_timeout.as_ref(), Self::header_read_timeout);
        let drain_delay = one(binder, 4, self.drain_delay.as_ref(), Self::drain_delay);
        let grace = one(binder, 5, self.grace.as_ref(), Self::grace);
        Some(Self {
            bind: Some(bind?),
            max_connections: Some(max_connections?),
            header_read_timeout: Some(header_read_timeout?),
            drain_delay: Some(drain_delay?),
            grace: Some(grace?),
        })
    }

    pub(crate) fn limits(&self) -> Limits {
        Limits {
            max_connections: self.max_connections.unwrap_or_else(Self::max_connections),
            header_read_timeout: self.header_read_timeout.unwrap_or_else(Self::header_read_timeout),
            drain_delay: self.drain_delay.unwrap_or_else(Self::drain_delay),
            grace: self.grace.unwrap_or_else(Self::grace),
        }
    }
}
