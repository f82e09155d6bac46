//! Fingerprints of states, and the invariants of each state.

use std::hash::{Hash, Hasher};

use super::super::attempts::Step;
use super::super::phase::{FAILED, LOST, Phase};
use super::super::plan::UnitIndex;
use super::super::{AppPhase, Machine};
use super::plans::Case;
use super::world::World;
use crate::base::Outcome;
use crate::machine::NEVER;
use crate::machine::phase::Goal;

/// Returns the fingerprint of a state. Two machines with the same fingerprint are assumed to behave alike. It leaves
/// out values that are only reported, such as the outcome of a unit, and those that follow from others, such as counts.
pub(super) fn fingerprint(case: &Case, machine: &Machine, world: &World) -> u128 {
    // Only a new plan reads the outcome of a unit.
    let asks_for_outcomes = case.features.plans && world.may_call(case);
    let mut hasher = Mix::default();
    for standing in &machine.units {
        if machine.is_stopping() && matches!(standing.phase, Phase::Waiting | Phase::Ended(_)) {
            Phase::Waiting.hash(&mut hasher);
            continue;
        }
        // A unit that is not alive starts again without these.
        let flags = if standing.phase.is_alive() { standing.flags } else { standing.flags & !(FAILED | LOST) };
        (essence(standing.phase, asks_for_outcomes), standing.goal, flags).hash(&mut hasher);
    }
    (machine.app, machine.forced, machine.was_up, &machine.starved).hash(&mut hasher);
    for (unit, withheld) in &machine.withheld {
        (unit, withheld.essence()).hash(&mut hasher);
    }
    // Once the app stops, the rest has no effect, except whether a restart would have been the last.
    if machine.is_stopping() {
        let is_exhausted = |unit: UnitIndex| {
            let policy = machine.plan.spec(unit).restart?;
            let (count, intensity) = machine.intensity(unit, &policy);
            Some(count >= intensity)
        };
        for unit in machine.plan.all().filter(|&unit| machine.phase(unit).is_alive()) {
            is_exhausted(unit).hash(&mut hasher);
        }
        (machine.verdict.is_some(), world.while_stopping()).hash(&mut hasher);
        return hasher.both();
    }
    machine.turns.hash(&mut hasher);
    for group in &machine.groups {
        group.count.hash(&mut hasher);
    }
    for (unit, attempts) in &machine.attempts {
        // A value that was set for one phase has no effect in another.
        let (phase, delays) = (machine.phase(*unit), machine.plan.spec(*unit).restart.map(|policy| policy.delays));
        let step = if phase == Phase::Up { attempts.step } else { Step::None };
        let is_late = machine.is_late(*unit) && matches!(phase, Phase::BackingOff(_));
        let number = attempts.number.min(if delays.is_some_and(|(first, longest)| first < longest) { 2 } else { 1 });
        (unit, attempts.count, number, attempts.delay.is_some(), is_late, step).hash(&mut hasher);
    }
    machine.pending_failures.hash(&mut hasher);
    for unit in machine.startups.keys().filter(|unit| machine.common_end(**unit).is_some()) {
        unit.hash(&mut hasher);
    }
    for call in &machine.calls {
        call.essence().hash(&mut hasher);
    }
    if let Some(next) = &machine.next {
        (next.call, next.added()).hash(&mut hasher);
    }
    // The next plan is derived from the units that the world keeps; the present plan may differ.
    for unit in machine.plan.all() {
        machine.plan.runs(unit).hash(&mut hasher);
    }
    world.hash(&mut hasher);
    hasher.both()
}

/// Returns the part of a phase that affects later commands.
fn essence(phase: Phase, asks_for_outcomes: bool) -> Phase {
    let ended = |outcome| match outcome {
        _ if !asks_for_outcomes => Outcome::Returned,
        Outcome::NotStarted => Outcome::NotStarted,
        Outcome::Returned | Outcome::Stopped => Outcome::Returned,
        _ => Outcome::Failed,
    };
    match phase {
        Phase::Pending(outcome) => Phase::Pending(ended(outcome)),
        Phase::BackingOff(outcome) => Phase::BackingOff(ended(outcome)),
        Phase::Ended(outcome) => Phase::Ended(ended(outcome)),
        Phase::Releasing(outcome) => Phase::Releasing(ended(outcome)),
        Phase::Stuck(_) => Phase::Stuck(Outcome::Failed),
        phase => phase,
    }
}

/// Two hashes at once, by words.
struct Mix {
    one: u64,
    two: u64,
}

impl Default for Mix {
    fn default() -> Self {
        Self { one: 1, two: 0x1234_5678_9abc_def1 }
    }
}

impl Mix {
    fn both(&self) -> u128 {
        u128::from(self.one) << 64 | u128::from(self.two)
    }
}

impl Hasher for Mix {
    fn finish(&self) -> u64 {
        self.one
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    fn write_u8(&mut self, word: u8) {
        self.write_u64(u64::from(word));
    }

    fn write_u16(&mut self, word: u16) {
        self.write_u64(u64::from(word));
    }

    fn write_u32(&mut self, word: u32) {
        self.write_u64(u64::from(word));
    }

    fn write_u64(&mut self, word: u64) {
        self.one = (self.one.rotate_left(23) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.two = (self.two.rotate_left(29) ^ word).wrapping_mul(0xff51_afd7_ed55_8ccd);
        self.one ^= self.one >> 29;
        self.two ^= self.two >> 31;
    }
}

impl Machine {
    /// Checks that every possible step was taken.
    pub(in super::super) fn check(&self) -> Result<(), String> {
        for unit in self.plan.all() {
            let phase = self.phase(unit);
            let waits_for_turn = !self.is_its_turn();
            let may_start = matches!(phase, Phase::Pending(_)) && self.may_start(unit) && !waits_for_turn;
            let may_stop = matches!(phase, Phase::Starting | Phase::Up | Phase::Held) && self.may_stop(unit);
            if may_start || may_stop {
                return Err(format!("{unit:?} is {phase:?} and may go on"));
            }
        }
        let is_limited = |unit: UnitIndex| self.stops.get(unit.at()).is_some_and(|end| *end != NEVER);
        if self.plan.all().any(|unit| is_limited(unit) != (self.phase(unit) == Phase::Stopping)) {
            return Err("a unit that is stopping has no limit, or another unit has one".into());
        }
        let left = [
            self.attempts.len(),
            self.startups.len(),
            self.starved.len(),
            self.pending_failures.len(),
            self.withheld.len(),
        ];
        if left.iter().any(|&left| left > self.units.len()) || !self.look.is_empty() {
            return Err("something is left over".into());
        }
        Ok(())
    }

    pub(in super::super) fn check_counts(&self) -> Result<(), String> {
        let mut again = self.clone();
        again.recount();
        if again.counts != self.counts
            || again.classes != self.classes
            || again.groups != self.groups
            || !again.needs.is_same(&self.needs)
            || !again.follows.is_same(&self.follows)
        {
            return Err(format!("counts are wrong: {:?} and not {:?}", self.counts, again.counts));
        }
        Ok(())
    }

    /// Returns whether no unit has to start or to stop, and no plan waits.
    pub(super) fn is_at_rest(&self) -> bool {
        let rests = |standing: &super::super::phase::Standing| {
            standing.goal == Goal::Run && !matches!(standing.phase, Phase::Pending(_))
        };
        self.app == AppPhase::Up && self.next.is_none() && self.units.iter().all(rests)
    }
}
