//! axum extractors for what units take: `App`, `Children`, `Live`, `Res`, `Option<Res>` and `Shutdown`.
//!
//! They are in this crate because only the crate that owns a type can make it an extractor. The server puts [`Handles`]
//! into each request, as `lifespan-axum` does.

use std::any::{TypeId, type_name};
use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use axum_core::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderValue, StatusCode, header};
use tracing::Level;

use crate::base::{line, short_type};
use crate::log::Prints;
use crate::{App, Children, ChildrenHandle, Live, Res, Shutdown, State};

/// The values given to the server's unit, for its handlers: an extension of each request.
#[derive(Clone, Debug)]
pub struct Handles(Arc<Given>);

#[derive(Debug)]
struct Given {
    app: App,
    shutdown: Shutdown,
    children: Children,
}

impl Handles {
    /// Creates the handles from the parameters of the server's unit.
    #[must_use]
    pub fn new(app: App, shutdown: Shutdown, children: Children) -> Self {
        Self(Arc::new(Given { app, shutdown, children }))
    }

    /// Creates handles for requests that no server of the app receives: their `Shutdown` is that of the app. The children
    /// end when the returned handle is dropped. It is called within a runtime.
    #[must_use]
    pub fn of_app(app: &App) -> (Self, ChildrenHandle) {
        let ((trigger, shutdown), (end, children)) = (Shutdown::pair(), Children::pair());
        let stopped = app.clone();
        tokio::spawn(async move {
            let is_stopping = |state| matches!(state, State::Draining | State::Stopping | State::Stopped);
            stopped.hub().wait_for_state(is_stopping).await;
            trigger.shutdown();
        });
        (Self::new(app.clone(), shutdown, children), end)
    }

    /// Returns the app.
    #[must_use]
    pub fn app(&self) -> &App {
        &self.0.app
    }

    /// Returns the handles of a request; `asked` names the parameter of its handler in the error.
    fn of<'p>(parts: &'p Parts, asked: &dyn fmt::Display) -> Result<&'p Given, Refused> {
        match parts.extensions.get::<Self>() {
            Some(handles) => Ok(&handles.0),
            None => Err(Refused::NotServed.log(parts, asked)),
        }
    }
}

/// A resource that a handler takes, for messages: a `Res` or `Live` of a type.
struct Asked(&'static str, &'static str);

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(what, ty) = self;
        write!(f, "`{what}<{}>`", short_type(ty))
    }
}

/// The reason why a handler was not called. It is a response too: the client gets a general answer, and the log says what
/// to do.
///
/// ```
/// # use lifespan_core::axum::Refused;
/// assert_eq!(Refused::Restarting.status(), 503);
/// assert_eq!(Refused::Restarting.to_string(), "temporarily unavailable; try again");
/// assert_eq!(Refused::NotProvided.to_string(), "internal server error");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refused {
    /// The handler takes a resource whose context is being restarted. The answer is 503, and says to try again.
    Restarting,
    /// The handler takes a resource that no unit provides. The answer is 500.
    NotProvided,
    /// The request came neither through a [`Server`](https://docs.rs/lifespan-axum) nor through a router that is bound to
    /// an app, so the handler can take nothing of the app. The answer is 500.
    NotServed,
}

impl Refused {
    /// Logs what to do: the client gets only a general answer.
    fn log(self, parts: &Parts, asked: &dyn fmt::Display) -> Self {
        let (method, path) = (&parts.method, line(parts.uri.path()));
        let handles = parts.extensions.get::<Handles>();
        let prints = handles.map_or_else(Prints::of_process, |handles| handles.app().hub().lines_without_event());
        match self {
            Self::Restarting => tracing::debug!(
                target: crate::log::wanted::TARGET,
                "answered {method} {path} with 503: its handler takes {asked}, whose context is restarting"
            ),
            Self::NotProvided => prints.write_often(
                "a handler takes what nothing provides", Level::ERROR, format_args!(
                "answered {method} {path} with 500: its handler takes {asked}, but nothing provides that; write a \
                 `#[lifespan_context]` that does, or call `app.provide(…)` before launch; `Server::needs` has the plan say \
                 so before anything runs"
            )),
            Self::NotServed => prints.write_often(
                "a router is not served by an app", Level::ERROR, format_args!(
                "answered {method} {path} with 500: its handler takes {asked}, but the router is not served by an app; \
                 register it: `app.register(lifespan_axum::Server::new(router))`, or in a test bind it: \
                 `lifespan_axum::with_app(router, &app)`"
            )),
        }
        self
    }

    /// Returns the status of the answer.
    ///
    /// ```
    /// # use lifespan_core::axum::Refused;
    /// assert_eq!(Refused::NotServed.status(), 500);
    /// ```
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Restarting => StatusCode::SERVICE_UNAVAILABLE,
            Self::NotProvided | Self::NotServed => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Restarting => "temporarily unavailable; try again",
            Self::NotProvided | Self::NotServed => "internal server error",
        })
    }
}

impl std::error::Error for Refused {}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let mut response = (self.status(), self.to_string()).into_response();
        if self == Self::Restarting {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

impl<S: Sync> FromRequestParts<S> for App {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refused> {
        Ok(Handles::of(parts, &"`App`")?.app.clone())
    }
}

/// The server's shutdown, for handlers with long-lived streams or sockets.
impl<S: Sync> FromRequestParts<S> for Shutdown {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refused> {
        Ok(Handles::of(parts, &"`Shutdown`")?.shutdown.clone())
    }
}

/// The children of the server's unit: a child may outlive its request, and ends with the server.
impl<S: Sync> FromRequestParts<S> for Children {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refused> {
        Ok(Handles::of(parts, &"`Children`")?.children.clone())
    }
}

impl<S: Sync, T: ?Sized + Send + Sync + 'static> FromRequestParts<S> for Res<T> {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refused> {
        let asked = Asked("Res", type_name::<T>());
        let given = Handles::of(parts, &asked)?;
        given.app.resource::<T>().ok_or_else(|| {
            let is_planned = given.app.is_planned(TypeId::of::<T>());
            if is_planned { Refused::Restarting } else { Refused::NotProvided }.log(parts, &asked)
        })
    }
}

/// `None` if no unit provides the resource, while its context restarts, or if the request came through no app.
impl<S: Sync, T: ?Sized + Send + Sync + 'static> OptionalFromRequestParts<S> for Res<T> {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Infallible> {
        Ok(parts.extensions.get::<Handles>().and_then(|handles| handles.0.app.resource::<T>()))
    }
}

/// For a handler that waits for a missing resource.
impl<S: Sync, T: ?Sized + Send + Sync + 'static> FromRequestParts<S> for Live<T> {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refused> {
        let asked = Asked("Live", type_name::<T>());
        let given = Handles::of(parts, &asked)?;
        let live = Live::of(given.app.shared().resources());
        if live.try_get().is_none() && !given.app.is_planned(TypeId::of::<T>()) {
            return Err(Refused::NotProvided.log(parts, &asked));
        }
        Ok(live)
    }
}
