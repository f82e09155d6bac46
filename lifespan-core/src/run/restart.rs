//! Restarts in place: a body that starts its unit's function anew, in OTP's words, within one supervised future.
//!
//! # Invariants
//! - At most `intensity` restarts lie within any `period`; the failure after that is the unit's own, and escalates.
//! - A body that ended is dropped before the next is made. Once the unit is told to stop, no other is made.
//! - Each start, the first too, gets a fresh clone of the config and draws its resources anew; a panic in that is how
//!   this body ended, like one in the body itself.
//! - The unit is up when one of its bodies has run to its first await: one that waits for its next start is not.
//! - A restart is told once: to the sequencer, which sends the event, or, where nobody would hear that, to the facts.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::Instant;

use super::Run;
use super::attempts::{Backoff, Intensity};
use super::ending::Ending;
use super::family::Family;
use super::inbox::{Fact, Restarted};
use super::panics;
use super::start;
use crate::failure::{Broken, Cause, Exhausted};
use crate::inject::shutdown::Shutdown;
use crate::plan::roster::UpWhen;
use crate::unit::{self, BoxBody, Restart, When};
use crate::unwind;

/// The body of a unit that restarts. There may be many that never do: what only a restart needs is made then.
pub(super) struct Restarting {
    run: Arc<Run>,
    stage: Stage,
    past: Option<Box<Past>>,
    index: u32,
    /// `Up` is told, or will be by someone else.
    up: bool,
}

enum Stage {
    Running(BoxBody),
    /// About to call the function, after this delay. Boxed twice, to leave room for the tag.
    Between(Option<Box<Delay>>),
}

/// Ends early when the unit is told to stop.
type Delay = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What is remembered from the first restart on.
struct Past {
    intensity: Intensity,
    backoff: Backoff,
    /// When the body at hand was due to start.
    due: Instant,
}

impl Restarting {
    pub(super) fn boxed(run: &Arc<Run>, index: u32) -> BoxBody {
        let entry = &run.plan.roster.entries[index as usize];
        Box::pin(Self {
            stage: Stage::Between(None),
            past: None,
            up: entry.up_when() != UpWhen::Awaiting,
            index,
            run: Arc::clone(run),
        })
    }

    fn policy(&self) -> Restart {
        self.run.plan.roster.entries[self.index as usize].restart_in_place().unwrap_or(Restart::DEFAULT)
    }

    /// In the present life, which no body outlives.
    fn is_told(&self) -> bool {
        let cell = self.run.cells.of(self.index as usize);
        cell.is_told(cell.life())
    }

    /// What to do now that a body has ended: a delay to wait, or the ending, which is the unit's own.
    fn decide(&mut self, ended: Result<Ending, Broken>) -> Result<Duration, Ending> {
        let policy = self.policy();
        let failed = !matches!(ended, Ok(Ending::Done | Ending::Value(_)));
        let anew = match policy.when {
            When::Permanent => true,
            When::Transient => failed,
            When::Temporary => false,
        };
        if !anew || self.is_told() {
            return Err(ending(ended));
        }
        let (now, Restart { intensity, period, .. }) = (Instant::now(), policy);
        // Before the first restart no delay has grown that a healthy run could reset.
        let past = self.past.get_or_insert_with(|| {
            Box::new(Past { intensity: Intensity::default(), backoff: Backoff::default(), due: now })
        });
        if !past.intensity.allows(intensity, period, now) {
            let by = Exhausted { intensity, period, group: None };
            let exhausted = |broken| Ending::Broken(Broken::Exhausted { broken: Box::new(broken), by });
            return Err(match ended {
                Ok(Ending::Done | Ending::Value(_)) => {
                    Ending::Broken(Broken::Other(Cause::RestartedTooOften { intensity, period }))
                }
                Ok(Ending::Failed(error)) => exhausted(Broken::Error(error)),
                Ok(Ending::Broken(broken)) | Err(broken) => exhausted(broken),
            });
        }
        let (delay, attempt) = past.backoff.next(&policy, now.saturating_duration_since(past.due));
        past.due = now + delay;
        // That this body has dropped its `Ready` says nothing about the next.
        self.run.cells.of(self.index as usize).take_let_go();
        self.tell(ended, attempt, delay);
        Ok(delay)
    }

    /// Most restarts are heard by nobody: then the sequencer is not woken, and the error tells nobody its text.
    fn tell(&self, ended: Result<Ending, Broken>, attempt: u32, delay: Duration) {
        if self.run.app.hub().restarted_unheard(self.index as usize) {
            return unwind::drop_quietly(ended);
        }
        let broken = match ended {
            Ok(Ending::Failed(error)) => Some(Broken::Error(error)),
            Ok(Ending::Broken(broken)) | Err(broken) => Some(broken),
            Ok(Ending::Done | Ending::Value(_)) => None,
        };
        self.run.app.inbox().fact(self.index, Fact::Restarting(Box::new(Restarted { broken, attempt, delay })));
    }

    /// Polls the body at hand; when it ends, it is dropped, and a destructor that panics is how it ended.
    fn poll_body(&mut self, context: &mut Context<'_>) -> Poll<Result<Ending, Broken>> {
        let Stage::Running(body) = &mut self.stage else { return Poll::Pending };
        let ended = match panics::catch(|| body.as_mut().poll(context)) {
            Ok(Poll::Ready(ending)) => {
                if let Ending::Done | Ending::Value(_) = ending {
                    // It has run as far as its first await would have been.
                    self.tell_up();
                }
                Ok(ending)
            }
            Ok(Poll::Pending) => {
                self.tell_up();
                return Poll::Pending;
            }
            Err(broken) => Err(broken),
        };
        let body = std::mem::replace(&mut self.stage, Stage::Between(None));
        match (panics::catch(|| drop(body)), ended) {
            (Err(broken), Ok(Ending::Done | Ending::Value(_))) => Poll::Ready(Err(broken)),
            (_, ended) => Poll::Ready(ended),
        }
    }

    fn tell_up(&mut self) {
        if !std::mem::replace(&mut self.up, true) {
            let life = self.run.cells.of(self.index as usize).life();
            self.run.app.inbox().fact(self.index, Fact::Up(life));
        }
    }

    fn delay(&self, delay: Duration) -> Delay {
        let shutdown = Shutdown::of(Arc::clone(&self.run.cells), self.index);
        Box::pin(async move {
            let _ = shutdown.sleep(delay).await;
        })
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
                Stage::Between(delay) => {
                    if let Some(delay) = delay {
                        ready!(Pin::new(delay).poll(context));
                    }
                    if this.past.is_some() && this.is_told() {
                        return Poll::Ready(Ending::Done);
                    }
                    match panics::catch(|| start::body(&this.run, this.index)) {
                        Ok(body) => {
                            this.stage = Stage::Running(body);
                            continue;
                        }
                        Err(broken) => Err(broken),
                    }
                }
            };
            match this.decide(ended) {
                Ok(Duration::ZERO) => {
                    // Others get their turn between two starts. `yield_now` would have the runtime look for what
                    // happened outside as well, each time.
                    this.stage = Stage::Between(None);
                    context.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Ok(delay) => this.stage = Stage::Between(Some(Box::new(this.delay(delay)))),
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
            Stage::Between(_) => None,
        }
    }
}
