//! How often something may start again, and how long it waits before: for tasks that restart in place, for contexts and
//! for groups alike.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use crate::app::options::FAR;
use crate::chance::chance;
use crate::unit::Restart;

/// The restarts that still count: at most `intensity` lie within any `period`.
#[derive(Default)]
pub(super) struct Intensity {
    restarts: VecDeque<Instant>,
}

impl Intensity {
    /// Counts one more restart, unless that would be one too many.
    pub(super) fn allows(&mut self, intensity: u32, period: Duration, now: Instant) -> bool {
        while self.restarts.front().is_some_and(|restart| now.duration_since(*restart) >= period) {
            self.restarts.pop_front();
        }
        let allowed = self.restarts.len() < intensity as usize;
        if allowed {
            self.restarts.push_back(now);
        }
        allowed
    }
}

/// How many delays there were since the last healthy run.
#[derive(Default)]
pub(super) struct Backoff {
    delays: u32,
}

impl Backoff {
    /// The delay before the next start, after a run of that length, and its number since the last healthy run.
    pub(super) fn next(&mut self, policy: &Restart, ran: Duration) -> (Duration, u32) {
        if ran >= policy.reset_after {
            self.delays = 0;
        }
        let chance = if policy.jitter > 0.0 { chance() } else { 0.0 };
        let delay = delay(policy, self.delays, chance);
        self.delays = self.delays.saturating_add(1);
        (delay, self.delays)
    }
}

/// Doubles from the first to the longest; its jitter's share is left to chance, which is from 0 to 1.
fn delay(policy: &Restart, delays: u32, chance: f64) -> Duration {
    let (first, longest) = policy.backoff;
    // Past 100 years a delay can't be told from for ever, nor counted in every way.
    let whole = first.saturating_mul(2_u32.saturating_pow(delays)).min(longest).min(FAR);
    whole.mul_f64(1.0 - policy.jitter * chance)
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn restarts_count_within_the_period_only() {
        let (mut intensity, begun) = (Intensity::default(), Instant::now());
        let second = Duration::from_secs(1);
        let allowed: Vec<bool> =
            [0, 1, 2, 10, 11, 30].map(|at| intensity.allows(2, 10 * second, begun + at * second)).into();
        assert_eq!(allowed, [true, true, false, true, true, true]);
    }

    #[test]
    fn delays_start_anew_after_a_healthy_while() {
        let policy =
            Restart { backoff: (Duration::from_secs(1), Duration::from_secs(8)), jitter: 0.0, ..Restart::DEFAULT };
        let mut backoff = Backoff::default();
        let numbers: Vec<_> = [1, 1, 59, 60, 1]
            .map(|ran| backoff.next(&policy, Duration::from_secs(ran)))
            .map(|(delay, number)| (delay.as_secs(), number))
            .into();
        assert_eq!(numbers, [(1, 1), (2, 2), (4, 3), (1, 1), (2, 2)]);
    }
}
