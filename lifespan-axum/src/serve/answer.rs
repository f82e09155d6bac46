//! Answers the requests of one connection: with a health endpoint, or with the router's handler.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::Router;
use axum::body::Body;
use axum::http::uri::PathAndQuery;
use axum::http::{Method, Request, StatusCode, Version};
use axum::response::{IntoResponse, Response};
use hyper::body::Incoming;
use hyper::service::Service;
use lifespan_core::axum::Handles;
use lifespan_core::private::{catch, line, warn};
use pin_project_lite::pin_project;
use tower::ServiceExt as _;
use tower::util::Oneshot;
use tracing::Level;

use super::body::TrackedBody;
use super::health;
use super::progress::{InFlight, Progress};

/// Everything needed to answer requests.
#[derive(Clone)]
pub(crate) struct Answer {
    pub(crate) router: Router,
    pub(crate) handles: Handles,
    /// True if the health endpoints are served in front of the router.
    pub(crate) health: bool,
}

/// Answers the requests of one connection.
pub(super) struct Requests {
    answer: Answer,
    progress: Arc<Progress>,
}

impl Requests {
    pub(super) fn new(answer: Answer, progress: Arc<Progress>) -> Self {
        Self { answer, progress }
    }
}

impl Service<Request<Incoming>> for Requests {
    type Response = Response<TrackedBody>;
    type Error = Infallible;
    type Future = Answering;

    fn call(&self, request: Request<Incoming>) -> Answering {
        let Answer { router, handles, health } = &self.answer;
        let in_flight = Some(InFlight::new(&self.progress));
        let (method, path) = (request.method().clone(), request.uri().path_and_query().cloned());
        let version = request.version();
        let healthy = health.then(|| health::answer(handles.app(), request.uri())).flatten();
        let stage = if healthy.is_some() {
            Stage::Answer { answer: healthy }
        } else {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(handles.clone());
            Stage::Handler { handler: router.clone().oneshot(request) }
        };
        Answering { stage, in_flight, method, path, version }
    }
}

/// Logs the panic and returns a 500 response. The panic hook has already printed the panic message.
fn panicked(in_flight: Option<&InFlight>, method: &Method, path: Option<&PathAndQuery>) -> Response {
    let path = line(path.map_or("", PathAndQuery::path));
    // It is in flight until it is answered.
    if let Some(InFlight(progress)) = in_flight {
        let text = format_args!("the handler of {method} {path} panicked; the response is 500 Internal Server Error");
        warn(progress.handles.app(), "a handler panicked", Level::ERROR, text);
    }
    (StatusCode::INTERNAL_SERVER_ERROR, "internal server error").into_response()
}

pin_project! {
    /// The future of a response.
    pub(super) struct Answering {
        #[pin]
        stage: Stage,
        in_flight: Option<InFlight>,
        method: Method,
        path: Option<PathAndQuery>,
        version: Version,
    }
}

pin_project! {
    #[project = StageProjection]
    enum Stage {
        Handler {
            #[pin]
            handler: Oneshot<Router, Request<Body>>,
        },
        /// A response without a handler; none after it is taken, and none after the handler panicked.
        Answer { answer: Option<Response> },
    }
}

impl Future for Answering {
    type Output = Result<Response<TrackedBody>, Infallible>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let answer = match this.stage.as_mut().project() {
            StageProjection::Handler { handler } => {
                let polled = catch(|| handler.poll(context)).map_or(Poll::Ready(None), |polled| polled.map(Result::ok));
                ready!(polled).unwrap_or_else(|| {
                    // A panic of its destructors is ignored: the request has failed already.
                    let _ = catch(|| this.stage.set(Stage::Answer { answer: None }));
                    panicked(this.in_flight.as_ref(), this.method, this.path.as_ref())
                })
            }
            StageProjection::Answer { answer } => match answer.take() {
                Some(answer) => answer,
                None => return Poll::Pending,
            },
        };
        let in_flight = this.in_flight.take();
        if let Some(InFlight(progress)) = &in_flight
            && (answer.status() == StatusCode::SWITCHING_PROTOCOLS
                || *this.method == Method::CONNECT && answer.status().is_success())
        {
            progress.upgrade(*this.version);
        }
        Poll::Ready(Ok(answer.map(|body| TrackedBody::new(body, in_flight))))
    }
}
