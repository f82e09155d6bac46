//! Restarts in place: a body that starts its unit's function anew, in OTP's words, within one supervised future.
//!
//! # Invariants
//! - At most `intensity` restarts lie within any `period`; the failure after that is the unit's own, and escalates.
//! - A body that ended is dropped before the next is made. Once the unit is told to stop, none is made.
//! - Each start, the first too, gets a fresh clone of the config and draws its resources anew; a panic in that is how
//!   this body ended, like one in the body itself.
//! - The unit is up when one of its bodies has run to its first await: one that waits for its next start is not.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::Instant;

use super::Run;
use super::attempts::{Backoff, Intensity};
use super::cells::Life;
use super::ending::Ending;
use super::family::Family;
use super::inbox::{Fact, Restarted};
use super::panics;
use super::start;
use crate::failure::{Broken, Cause};
use crate::inject::shutdown::Shutdown;
use crate::plan::roster::UpWhen;
use crate::unit::{self, BoxBody, Restart, When};

/// The body of a unit that restarts.
pub(super) struct Restarting {
    run: Arc<Run>,
    policy: Restart,
    stage: Stage,
    /// When the body at hand was started.
    started: Instant,
    intensity: Intensity,
    backoff: Backoff,
    /// `Up` is told, or will be by someone else.
    up: bool,
    index: u32,
    life: Life,
}

enum Stage {
    /// About to call the function.
    Starting,
    Running(BoxBody),
    /// Waits before the next start, but no longer than until it is told to stop.
    Waiting(Pin<Box<dyn Future<Output = ()> + Send>>),
}

impl Restarting {
    pub(super) fn boxed(run: &Arc<Run>, index: u32, policy: Restart) -> BoxBody {
        let entry = &run.plan.roster.entries[index as usize];
        Box::pin(Self {
            policy,
            stage: Stage::Starting,
            started: Instant::now(),
            intensity: Intensity::default(),
            backoff: Backoff::default(),
            up: entry.up_when() != UpWhen::Awaiting,
            index,
            life: run.cells.of(index as usize).life(),
            run: Arc::clone(run),
        })
    }

    /// What to do now that a body has ended: a delay to wait, or the ending, which is the unit's own.
    fn decide(&mut self, ended: Result<Ending, Broken>) -> Result<Duration, Ending> {
        let failed = !matches!(ended, Ok(Ending::Done | Ending::Value(_)));
        let anew = match self.policy.when {
            When::Permanent => true,
            When::Transient => failed,
            When::Temporary => false,
        };
        let told = self.run.cells.of(self.index as usize).is_told(self.life);
        if !anew || told {
            return Err(ending(ended));
        }
        let (now, Restart { intensity, period, .. }) = (Instant::now(), self.policy);
        if !self.intensity.allows(intensity, period, now) {
            return Err(match ended {
                Ok(Ending::Done | Ending::Value(_)) => {
                    Ending::Broken(Broken::Other(Cause::RestartedTooOften { intensity, period }))
                }
                ended => ending(ended),
            });
        }
        let (delay, attempt) = self.backoff.next(&self.policy, now.duration_since(self.started));
        // That this body has dropped its `Ready` says nothing about the next.
        self.run.cells.of(self.index as usize).take_let_go();
        let broken = match ended {
            Ok(Ending::Failed(error)) => Some(Broken::Error(error)),
            Ok(Ending::Broken(broken)) | Err(broken) => Some(broken),
            Ok(Ending::Done | Ending::Value(_)) => None,
        };
        self.run.app.inbox().fact(self.index, Fact::Restarting(Box::new(Restarted { broken, attempt, delay })));
        Ok(delay)
    }

    /// Polls the body at hand; when it ends, it is dropped, and a destructor that panics is how it ended.
    fn poll_body(&mut self, context: &mut Context<'_>) -> Poll<Result<Ending, Broken>> {
        let Stage::Running(body) = &mut self.stage else { return Poll::Pending };
        let ended = match panics::catch(|| body.as_mut().poll(context)) {
            Ok(Poll::Ready(ending)) => Ok(ending),
            Ok(Poll::Pending) => {
                if !std::mem::replace(&mut self.up, true) {
                    self.run.app.inbox().fact(self.index, Fact::Up);
                }
                return Poll::Pending;
            }
            Err(broken) => Err(broken),
        };
        let body = std::mem::replace(&mut self.stage, Stage::Starting);
        match (panics::catch(|| drop(body)), ended) {
            (Err(broken), Ok(Ending::Done | Ending::Value(_))) => Poll::Ready(Err(broken)),
            (_, ended) => Poll::Ready(ended),
        }
    }

    fn wait(&mut self, delay: Duration) {
        let shutdown = Shutdown::of(Arc::clone(&self.run.cells), self.index);
        self.stage = Stage::Waiting(Box::pin(async move {
            if delay.is_zero() {
                // Others get their turn between two starts.
                tokio::task::yield_now().await;
            } else {
                let _ = shutdown.sleep(delay).await;
            }
        }));
    }
}

fn ending(ended: Result<Ending, Broken>) -> Ending {
    ended.unwrap_or_else(Ending::Broken)
}

impl Future for Restarting {
    type Output = Ending;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Ending> {
        let this = &mut *self;
        loop {
            let ended = match &mut this.stage {
                Stage::Running(_) => ready!(this.poll_body(context)),
                Stage::Starting => {
                    this.started = Instant::now();
                    match panics::catch(|| start::body(&this.run, this.index)) {
                        Ok(body) => {
                            this.stage = Stage::Running(body);
                            continue;
                        }
                        Err(broken) => Err(broken),
                    }
                }
                Stage::Waiting(wait) => {
                    ready!(wait.as_mut().poll(context));
                    if this.run.cells.of(this.index as usize).is_told(this.life) {
                        return Poll::Ready(Ending::Done);
                    }
                    this.stage = Stage::Starting;
                    continue;
                }
            };
            match this.decide(ended) {
                Ok(delay) => this.wait(delay),
                Err(ending) => return Poll::Ready(ending),
            }
        }
    }
}

impl unit::Body for Restarting {
    fn index(self: Pin<&mut Self>) -> &mut u32 {
        &mut self.get_mut().index
    }

    fn family(self: Pin<&mut Self>) -> Option<Arc<Family>> {
        match &mut self.get_mut().stage {
            Stage::Running(body) => body.as_mut().family(),
            Stage::Starting | Stage::Waiting(_) => None,
        }
    }
}
