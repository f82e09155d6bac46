//! Waits for the answer to a request.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;

use tokio::sync::oneshot;

use super::handle::App;
use crate::facts::State;

impl App {
    /// Waits for the answer to a request to the run. Returns `None` if the run ends without one: the watch thread may
    /// end a run whose driver is blocked, so that it answers no one.
    pub(super) async fn answer<T>(&self, mut answer: oneshot::Receiver<T>) -> Option<T> {
        let mut end = pin!(self.hub().wait_for_state(|state| state == State::Stopped));
        poll_fn(|context| match Pin::new(&mut answer).poll(context) {
            Poll::Ready(answer) => Poll::Ready(answer.ok()),
            Poll::Pending => end.as_mut().poll(context).map(|_| None),
        })
        .await
    }
}
