//! Restarts in place: a body that starts its unit's function anew, in OTP's words, within one supervised future.
//!
//! # Invariants
//! - At most `intensity` restarts lie within any `period`; the failure after that is the unit's own, and escalates.
//! - A body that ended is dropped before the next is made. Once the unit is told to stop, none is made.
//! - Each start, the first too, gets a fresh clone of the config and draws its resources anew; a panic in that is how
//!   this body ended, like one in the body itself.
//! - The unit is up when one of its bodies has run to its first await: one that waits for its next start is not.

use std::collections::VecDeque;
use std::future::Future;
use std::hash::{BuildHasher, RandomState};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::Instant;

use super::Run;
use super::cells::Life;
use super::ending::Ending;
use super::inbox::{Fact, Restarted};
use super::panics;
use super::start::Start;
use crate::app::options::FAR;
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
    /// The restarts that still count.
    restarts: VecDeque<Instant>,
    /// How many delays there were since the last healthy run.
    delays: u32,
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
            restarts: VecDeque::new(),
            delays: 0,
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
        let now = Instant::now();
        let period = self.policy.period;
        while self.restarts.front().is_some_and(|restart| now.duration_since(*restart) >= period) {
            self.restarts.pop_front();
        }
        if !anew || told {
            return Err(ending(ended));
        }
        if self.restarts.len() >= self.policy.intensity as usize {
            let Restart { intensity, period, .. } = self.policy;
            return Err(match ended {
                Ok(Ending::Done | Ending::Value(_)) => {
                    Ending::Broken(Broken::Other(Cause::RestartedTooOften { intensity, period }))
                }
                ended => ending(ended),
            });
        }
        if now.duration_since(self.started) >= self.policy.reset_after {
            self.delays = 0;
        }
        let delay = delay(&self.policy, self.delays, chance());
        self.delays = self.delays.saturating_add(1);
        self.restarts.push_back(now);
        // That this body has dropped its `Ready` says nothing about the next.
        self.run.cells.of(self.index as usize).take_let_go();
        let broken = match ended {
            Ok(Ending::Failed(error)) => Some(Broken::Error(error)),
            Ok(Ending::Broken(broken)) | Err(broken) => Some(broken),
            Ok(Ending::Done | Ending::Value(_)) => None,
        };
        let attempt = self.delays;
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

fn start(run: &Arc<Run>, index: u32) -> BoxBody {
    let unit = run.plan.roster.entries[index as usize].unit;
    (unit.start)(Start::new(run, index))
}

fn ending(ended: Result<Ending, Broken>) -> Ending {
    ended.unwrap_or_else(Ending::Broken)
}

/// The delay before a restart: doubles from the first to the longest; its jitter's share is left to chance, which is
/// from 0 to 1.
fn delay(policy: &Restart, delays: u32, chance: f64) -> Duration {
    let (first, longest) = policy.backoff;
    // Past 100 years a delay can't be told from for ever, nor counted in every way.
    let whole = first.saturating_mul(2_u32.saturating_pow(delays)).min(longest).min(FAR);
    whole.mul_f64(1.0 - policy.jitter * chance)
}

/// A number from 0 to 1, by the standard library's own random seeds: good enough to keep restarts apart.
fn chance() -> f64 {
    let bits = u32::try_from(RandomState::new().hash_one(()) >> 32).unwrap_or(u32::MAX);
    f64::from(bits) / f64::from(u32::MAX)
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
                    match panics::catch(|| start(&this.run, this.index)) {
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
}

#[cfg(test)]
mod tests {
    use super::{FAR, Restart, chance, delay};
    use std::time::Duration;

    #[test]
    fn case_28_a_delay_doubles_up_to_its_cap_and_jitter_stays_within_its_bounds() {
        let policy = Restart { backoff: (Duration::from_millis(100), Duration::from_secs(1)), ..Restart::DEFAULT };
        let whole: Vec<u128> = (0..6).map(|delays| delay(&policy, delays, 0.0).as_millis()).collect();
        assert_eq!(whole, [100, 200, 400, 800, 1000, 1000]);
        assert_eq!(delay(&policy, 40, 0.0).as_millis(), 1000);
        assert_eq!(delay(&policy, 1, 1.0).as_millis(), 160);
        let endless = Duration::from_secs(u64::MAX);
        assert_eq!(delay(&Restart { backoff: (endless, endless), ..policy }, 1, 0.0), FAR);
        for _ in 0..1000 {
            let delay = delay(&policy, 1, chance());
            assert!((160..=200).contains(&delay.as_millis()), "{delay:?}");
        }
    }
}
