//! A response body that keeps its request in flight until its last frame is written.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::Error;
use axum::body::{Body, Bytes};
use hyper::body::{Buf, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::progress::InFlight;

pin_project! {
    /// A response body that keeps its request in flight.
    pub(super) struct TrackedBody {
        #[pin]
        body: Body,
        in_flight: Option<InFlight>,
    }
}

impl TrackedBody {
    pub(super) fn new(body: Body, in_flight: Option<InFlight>) -> Self {
        Self { body, in_flight }
    }
}

impl hyper::body::Body for TrackedBody {
    type Data = TrackedFrame;
    type Error = Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<TrackedFrame>, Error>>> {
        let mut this = self.project();
        let polled = this.body.as_mut().poll_frame(context);
        polled.map_ok(|frame| {
            let in_flight = match this.in_flight {
                Some(_) if this.body.is_end_stream() => this.in_flight.take(),
                in_flight => in_flight.as_ref().map(|InFlight(progress)| InFlight::new(progress)),
            };
            frame.map_data(|bytes| TrackedFrame { bytes, _in_flight: in_flight })
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
pub(super) struct TrackedFrame {
    bytes: Bytes,
    _in_flight: Option<InFlight>,
}

impl Buf for TrackedFrame {
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
