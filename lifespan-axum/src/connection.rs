//! One connection: from its socket to the answers to its requests.
//!
//! # Invariants
//! - A request is under way from its head's arrival until its answer's body is dropped.
//! - What a handler panics with does not leave its request.
//! - Once the server is closing, a connection with nothing under way and nothing left to send ends within [`LINGER`].

use std::convert::Infallible;
use std::future::{Future, ready};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Error;
use axum::body::{Body, Bytes};
use axum::http::{Method, Request, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::future::RouteFuture;
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::rt::Executor;
use hyper::service::Service;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use lifespan_core::Children;
use pin_project_lite::pin_project;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::sleep;
use tower_service::Service as _;

use crate::health;
use crate::listen::Stream;
use crate::serve::{Answer, Limits, Phase};

/// How long a connection with nothing under way has, once the server is closing: a head may be half read.
const LINGER: Duration = Duration::from_millis(250);

/// Serves one connection.
pub(crate) async fn connection(
    io: Io,
    answer: Answer,
    limits: Limits,
    mut phases: watch::Receiver<Phase>,
    children: Children,
) {
    let progress = Arc::clone(&io.progress);
    let service = Requests { answer, progress: Arc::clone(&progress) };
    let mut builder = Builder::new(Streams(children));
    builder.http1().timer(TokioTimer::new()).header_read_timeout(limits.header_read_timeout);
    builder.http2().timer(TokioTimer::new()).enable_connect_protocol();
    let served = builder.serve_connection_with_upgrades(TokioIo::new(io), service);
    tokio::pin!(served);
    let closing = phases.wait_for(|phase| *phase > Phase::Open);
    tokio::pin!(closing);
    // Which version it speaks is read before the limit for heads begins to count.
    let first = sleep(limits.header_read_timeout);
    tokio::pin!(first);
    let mut waits_for_first = true;
    loop {
        tokio::select! {
            // What a client does wrong is its own business.
            _ = &mut served => return,
            _ = &mut closing => break,
            () = &mut first, if waits_for_first => {
                if !progress.has_begun.load(Ordering::Relaxed) {
                    return;
                }
                waits_for_first = false;
            }
        }
    }
    served.as_mut().graceful_shutdown();
    loop {
        tokio::select! {
            _ = &mut served => return,
            () = sleep(LINGER) => {
                if progress.is_done() {
                    return;
                }
            }
        }
    }
}

/// What has become of a connection so far.
#[derive(Default)]
pub(crate) struct Progress {
    has_begun: AtomicBool,
    under_way: AtomicUsize,
    /// The client has not taken in what was written: a body may have been dropped long before it has arrived.
    is_full: AtomicBool,
    /// It is no longer spoken HTTP on.
    is_upgraded: AtomicBool,
}

impl Progress {
    fn is_done(&self) -> bool {
        self.under_way.load(Ordering::Relaxed) == 0 && !self.is_full.load(Ordering::Relaxed)
    }

    /// Notes whether a write has to wait.
    fn written(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        self.is_full.store(written.is_pending(), Ordering::Relaxed);
        written
    }
}

/// A request under way.
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
        self.0.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Spawns the streams of HTTP/2 as children of the server's task.
#[derive(Clone)]
struct Streams(Children);

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
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let mut answering = Answering { handler: None, answer: None, under_way, method, uri };
        if *health && let Some(answer) = health::answer(handles.app(), request.uri()) {
            answering.answer = Some(answer);
            return answering;
        }
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(handles.clone());
        let mut router = router.clone();
        match catch_unwind(AssertUnwindSafe(|| router.call(request))) {
            Ok(handler) => answering.handler = Some(handler),
            Err(_) => answering.answer = Some(panicked(&answering.method, &answering.uri)),
        }
        answering
    }
}

/// The panic itself was printed by the panic hook.
fn panicked(method: &Method, uri: &Uri) -> Response {
    tracing::error!(target: crate::TARGET, "the handler of {method} {} panicked; it is answered 500", uri.path());
    (StatusCode::INTERNAL_SERVER_ERROR, "internal server error").into_response()
}

pin_project! {
    /// An answer in the making.
    struct Answering {
        #[pin]
        handler: Option<RouteFuture<Infallible>>,
        answer: Option<Response>,
        under_way: Option<UnderWay>,
        method: Method,
        uri: Uri,
    }
}

impl Future for Answering {
    type Output = Result<Response<Whole>, Infallible>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let answer = match (this.answer.take(), this.handler.as_mut().as_pin_mut()) {
            (Some(answer), _) => answer,
            (None, Some(handler)) => match catch_unwind(AssertUnwindSafe(|| handler.poll(context))) {
                Ok(Poll::Pending) => return Poll::Pending,
                Ok(Poll::Ready(Ok(answer))) => answer,
                Ok(Poll::Ready(Err(never))) => match never {},
                Err(_) => {
                    // Its destructors may panic as well.
                    let _ = catch_unwind(AssertUnwindSafe(|| this.handler.set(None)));
                    panicked(this.method, this.uri)
                }
            },
            (None, None) => return Poll::Pending,
        };
        let under_way = this.under_way.take();
        if let Some(UnderWay(progress)) = &under_way
            && (answer.status() == StatusCode::SWITCHING_PROTOCOLS
                || *this.method == Method::CONNECT && answer.status().is_success())
        {
            progress.is_upgraded.store(true, Ordering::Relaxed);
        }
        Poll::Ready(Ok(answer.map(|body| Whole { body, under_way })))
    }
}

pin_project! {
    /// A body that knows its request to be under way.
    struct Whole {
        #[pin]
        body: Body,
        under_way: Option<UnderWay>,
    }
}

impl hyper::body::Body for Whole {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let body = self.project().body;
        // A body is the user's code too. Without its end, the client sees that it is not whole.
        catch_unwind(AssertUnwindSafe(|| body.poll_frame(context)))
            .unwrap_or_else(|_| Poll::Ready(Some(Err(Error::new("the body panicked")))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A socket, which holds its slot until it is closed, and is cut off when its time is over.
pub(crate) struct Io {
    stream: Stream,
    progress: Arc<Progress>,
    phases: watch::Receiver<Phase>,
    /// Made when it is upgraded: before, it goes with its connection.
    cut: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    _slot: OwnedSemaphorePermit,
}

impl Io {
    pub(crate) fn new(stream: Stream, slot: OwnedSemaphorePermit, phases: watch::Receiver<Phase>) -> Self {
        Self { stream, progress: Arc::default(), phases, cut: None, _slot: slot }
    }

    /// Fails what an upgraded connection does after its time: whoever speaks on it is a task of its own.
    fn check(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        if !self.progress.is_upgraded.load(Ordering::Relaxed) {
            return Ok(());
        }
        let cut = self.cut.get_or_insert_with(|| {
            let mut phases = self.phases.clone();
            Box::pin(async move {
                // The server is gone where there is nobody left to say it.
                let _ = phases.wait_for(|phase| *phase == Phase::Cut).await;
            })
        });
        if cut.as_mut().poll(context).is_ready() {
            self.cut = Some(Box::pin(ready(())));
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
        Pin::new(&mut self.stream).poll_shutdown(context)
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
