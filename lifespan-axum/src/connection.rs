//! One connection: from its socket to the answers to its requests.
//!
//! # Invariants
//! - A request is in flight from the arrival of its head until the body of its response is dropped and every frame of it
//!   is written: HTTP/2 keeps frames until the client has room for them.
//! - A panic of a handler affects only its request. A panic while its values are dropped affects only its connection.
//! - Once the server is closing, a connection with no request in flight and nothing left to send ends within [`LINGER`].
//! - A socket that has sent a response is closed in stages: when a client sends to a closed socket, the system discards
//!   the data that the client has not read yet.

use std::convert::Infallible;
use std::future::{self, Future, pending};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::uri::PathAndQuery;
use axum::http::{Method, Request, StatusCode, Version};
use axum::response::{IntoResponse, Response};
use axum::{Error, Router};
use hyper::body::{Buf, Frame, Incoming, SizeHint};
use hyper::rt::Executor;
use hyper::service::Service;
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto::Builder;
use lifespan_core::IsolatedChildren;
use lifespan_core::axum::Handles;
use lifespan_core::private::{catch, line, warn};
use pin_project_lite::pin_project;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::{Instant, Sleep, sleep};
use tower::ServiceExt as _;
use tower::util::Oneshot;
use tracing::Level;

use crate::health;
use crate::listen::Stream;
use crate::serve::{Answer, Limits, Phase};

/// The time that an idle connection stays open once the server is closing: a request head may be half read.
const LINGER: Duration = Duration::from_millis(250);

/// The time that a client may continue to send after every request is answered.
const PARTING: Duration = Duration::from_secs(5);

/// Serves one connection.
pub(crate) async fn connection(
    io: Io,
    answer: Answer,
    limits: Limits,
    mut phases: watch::Receiver<Phase>,
    children: IsolatedChildren,
) {
    let progress = Arc::clone(&io.progress);
    let service = Requests { answer, progress: Arc::clone(&progress) };
    let mut builder = Builder::new(Streams(children));
    builder.http2().enable_connect_protocol();
    let served = builder.serve_connection_with_upgrades(TokioIo::new(io), service);
    tokio::pin!(served);
    let is_closing = async {
        tokio::select! {
            biased;
            // An error means that the server has ended.
            _ = phases.wait_for(|phase| *phase > Phase::Open) => true,
            () = progress.quiet_for(limits.header_read_timeout) => false,
        }
    };
    let is_closing = tokio::select! {
        biased;
        // Errors that a client causes are not reported.
        _ = &mut served => return,
        is_closing = is_closing => is_closing,
    };
    // A client retries a request that fails on a connection that has served it before, but not one on a new connection.
    if is_closing && !progress.has_begun.load(Ordering::Relaxed) {
        tokio::select! {
            biased;
            _ = &mut served => return,
            () = sleep(LINGER) => {}
        }
    }
    served.as_mut().graceful_shutdown();
    loop {
        tokio::select! {
            biased;
            _ = &mut served => return,
            () = sleep(LINGER) => {
                if progress.is_done() {
                    return;
                }
            }
        }
    }
}

/// The state of a connection.
struct Progress {
    handles: Handles,
    has_begun: AtomicBool,
    under_way: AtomicUsize,
    /// The number of requests, and of frames, that have ended.
    ended: AtomicUsize,
    /// The client has not received all that was written: a body may be dropped long before it has arrived.
    is_full: AtomicBool,
    /// The connection has switched to another protocol.
    is_upgraded: AtomicBool,
    /// Some of its HTTP/2 streams have switched to another protocol.
    has_tunnels: AtomicBool,
    /// Everything is sent, and the client has to close.
    is_parting: AtomicBool,
}

impl Progress {
    fn new(handles: Handles) -> Self {
        Self {
            handles,
            has_begun: AtomicBool::new(false),
            under_way: AtomicUsize::new(0),
            ended: AtomicUsize::new(0),
            is_full: AtomicBool::new(false),
            is_upgraded: AtomicBool::new(false),
            has_tunnels: AtomicBool::new(false),
            is_parting: AtomicBool::new(false),
        }
    }

    fn is_done(&self) -> bool {
        let is_busy = [&self.is_full, &self.has_tunnels, &self.is_parting];
        self.under_way.load(Ordering::Acquire) == 0 && !is_busy.iter().any(|busy| busy.load(Ordering::Relaxed))
    }

    /// Waits until no request was in flight for `limit`, or up to a quarter longer; zero waits forever.
    ///
    /// A single timer checks four times per limit. A limit per head would cost each request its own timer, and recording
    /// the end of each request would cost a clock read.
    async fn quiet_for(&self, limit: Duration) {
        if limit.is_zero() {
            return pending().await;
        }
        let (mut seen, mut quiet) = (0, 0);
        while quiet < 4 {
            sleep(limit / 4).await;
            let is_quiet = self.is_done();
            let ended = self.ended.load(Ordering::Relaxed);
            quiet = if is_quiet && ended == seen { quiet + 1 } else { 0 };
            seen = ended;
        }
    }

    /// Records whether a write has to wait.
    fn written(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        self.is_full.store(written.is_pending(), Ordering::Relaxed);
        written
    }
}

/// Marks a request as in flight until it is dropped.
struct UnderWay(Arc<Progress>);

impl UnderWay {
    fn new(progress: &Arc<Progress>) -> Self {
        progress.has_begun.store(true, Ordering::Relaxed);
        progress.under_way.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(progress))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.ended.fetch_add(1, Ordering::Relaxed);
        // A task that reads zero here also sees the increment of `ended`.
        self.0.under_way.fetch_sub(1, Ordering::Release);
    }
}

/// Spawns the streams of HTTP/2 as children of the server's task.
#[derive(Clone)]
struct Streams(IsolatedChildren);

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Streams {
    fn execute(&self, future: F) {
        self.0.spawn("stream", future);
    }
}

/// Answers the requests of one connection.
struct Requests {
    answer: Answer,
    progress: Arc<Progress>,
}

impl Service<Request<Incoming>> for Requests {
    type Response = Response<Whole>;
    type Error = Infallible;
    type Future = Answering;

    fn call(&self, request: Request<Incoming>) -> Answering {
        let Answer { router, handles, health } = &self.answer;
        let under_way = Some(UnderWay::new(&self.progress));
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
        Answering { stage, under_way, method, path, version }
    }
}

/// Logs the panic and returns a 500 response. The panic hook has already printed the panic message.
fn panicked(under_way: Option<&UnderWay>, method: &Method, path: Option<&PathAndQuery>) -> Response {
    let path = line(path.map_or("", PathAndQuery::path));
    // It is in flight until it is answered.
    if let Some(UnderWay(progress)) = under_way {
        let text = format_args!("the handler of {method} {path} panicked; the response is 500 Internal Server Error");
        warn(progress.handles.app(), "a handler panicked", Level::ERROR, text);
    }
    (StatusCode::INTERNAL_SERVER_ERROR, "internal server error").into_response()
}

pin_project! {
    /// The future of a response.
    struct Answering {
        #[pin]
        stage: Stage,
        under_way: Option<UnderWay>,
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
    type Output = Result<Response<Whole>, Infallible>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let answer = match this.stage.as_mut().project() {
            StageProjection::Handler { handler } => {
                let polled = catch(|| handler.poll(context)).map_or(Poll::Ready(None), |polled| polled.map(Result::ok));
                ready!(polled).unwrap_or_else(|| {
                    // A panic of its destructors is ignored: the request has failed already.
                    let _ = catch(|| this.stage.set(Stage::Answer { answer: None }));
                    panicked(this.under_way.as_ref(), this.method, this.path.as_ref())
                })
            }
            StageProjection::Answer { answer } => match answer.take() {
                Some(answer) => answer,
                None => return Poll::Pending,
            },
        };
        let under_way = this.under_way.take();
        if let Some(UnderWay(progress)) = &under_way
            && (answer.status() == StatusCode::SWITCHING_PROTOCOLS
                || *this.method == Method::CONNECT && answer.status().is_success())
        {
            let upgraded = if *this.version == Version::HTTP_2 { &progress.has_tunnels } else { &progress.is_upgraded };
            upgraded.store(true, Ordering::Relaxed);
        }
        Poll::Ready(Ok(answer.map(|body| Whole { body, under_way })))
    }
}

pin_project! {
    /// A response body that keeps its request in flight.
    struct Whole {
        #[pin]
        body: Body,
        under_way: Option<UnderWay>,
    }
}

impl hyper::body::Body for Whole {
    type Data = Piece;
    type Error = Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Piece>, Error>>> {
        let mut this = self.project();
        let polled = this.body.as_mut().poll_frame(context);
        polled.map_ok(|frame| {
            let under_way = match this.under_way {
                Some(_) if this.body.is_end_stream() => this.under_way.take(),
                under_way => under_way.as_ref().map(|UnderWay(progress)| UnderWay::new(progress)),
            };
            frame.map_data(|bytes| Piece { bytes, _under_way: under_way })
        })
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A frame of a body, which keeps its request in flight until it is written.
struct Piece {
    bytes: Bytes,
    _under_way: Option<UnderWay>,
}

impl Buf for Piece {
    fn remaining(&self) -> usize {
        self.bytes.remaining()
    }

    fn chunk(&self) -> &[u8] {
        self.bytes.chunk()
    }

    fn advance(&mut self, count: usize) {
        self.bytes.advance(count);
    }
}

/// A lingering close: our side has closed its half of the connection, and the client may still be sending.
struct Parting {
    /// Completes when the client has sent nothing for [`LINGER`].
    quiet: Pin<Box<Sleep>>,
    until: Instant,
}

impl Parting {
    fn new() -> Self {
        Self { quiet: Box::pin(sleep(LINGER)), until: Instant::now() + PARTING }
    }

    /// Is ready when the client has closed too, or its time is over.
    fn poll(&mut self, stream: &mut Stream, context: &mut Context<'_>) -> Poll<()> {
        let mut thrown_away = [0; 1024];
        loop {
            let mut buffer = ReadBuf::new(&mut thrown_away);
            match Pin::new(&mut *stream).poll_read(context, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                    self.quiet.as_mut().reset(self.until.min(Instant::now() + LINGER));
                }
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => return self.quiet.as_mut().poll(context),
            }
        }
    }
}

/// A socket, which holds its slot until it is closed, and is closed by force after the grace period.
pub(crate) struct Io {
    stream: Stream,
    progress: Arc<Progress>,
    phases: watch::Receiver<Phase>,
    /// Set once the connection is upgraded; before that, the socket is dropped with its connection.
    cut: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    parting: Option<Parting>,
    _slot: OwnedSemaphorePermit,
}

impl Io {
    pub(crate) fn new(
        stream: Stream,
        slot: OwnedSemaphorePermit,
        phases: watch::Receiver<Phase>,
        handles: Handles,
    ) -> Self {
        let progress = Arc::new(Progress::new(handles));
        Self { stream, progress, phases, cut: None, parting: None, _slot: slot }
    }

    /// Fails every operation on an upgraded connection after the grace period: a task outside the server uses it.
    fn check(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        if !self.progress.is_upgraded.load(Ordering::Relaxed) {
            return Ok(());
        }
        let cut = self.cut.get_or_insert_with(|| {
            let mut phases = self.phases.clone();
            Box::pin(async move {
                // An error means that the server has ended.
                let _ = phases.wait_for(|phase| *phase == Phase::Cut).await;
            })
        });
        if cut.as_mut().poll(context).is_ready() {
            self.cut = Some(Box::pin(future::ready(())));
            return Err(io::Error::new(io::ErrorKind::ConnectionAborted, "the server has stopped"));
        }
        Ok(())
    }
}

impl AsyncRead for Io {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check(context)?;
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Io {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
        self.check(context)?;
        let written = Pin::new(&mut self.stream).poll_write(context, buffer);
        self.progress.written(written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { stream, progress, parting, .. } = &mut *self;
        if parting.is_none() {
            ready!(Pin::new(&mut *stream).poll_shutdown(context))?;
            // An upgraded connection may continue to read.
            if progress.is_upgraded.load(Ordering::Relaxed) || !progress.has_begun.load(Ordering::Relaxed) {
                return Poll::Ready(Ok(()));
            }
            progress.is_parting.store(true, Ordering::Relaxed);
        }
        parting.get_or_insert_with(Parting::new).poll(stream, context).map(Ok)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.check(context)?;
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, buffers);
        self.progress.written(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
