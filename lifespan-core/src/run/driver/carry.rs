//! Carries out the commands of the machine, in their order.

use std::iter;
use std::sync::Arc;
use std::time::Duration;
use std::vec::Drain;

use super::inbox::plain;
use super::{Driver, ROOM};
use crate::facts::{Event, Reason, RestartReason};
use crate::machine::{
    Cause as StopCause, Command, Ending, Input, Machine, Nanos, PartReason, Phase, UnitIndex, UpWhen,
};
use crate::plan::edges::provides;
use crate::run::guard;
use crate::run::supervise::Supervised;
use crate::shared::Message;

impl Driver {
    /// Hands an input to the machine, and carries out the commands that follow.
    pub(super) fn handle(&mut self, input: Input<'_>) {
        self.decide(&mut iter::once(input));
        self.carry_out_commands();
    }

    fn decide(&mut self, inputs: &mut dyn Iterator<Item = Input<'_>>) {
        let now = (self.nanos, self.moment);
        let ends_concern = self.configs_left != Some(false);
        self.decided = self.run.app.hub().decide(inputs, ends_concern, now, &mut self.commands);
    }

    /// Hands messages to the machine that need no more than its decision, from the front, until one has consequences.
    pub(super) fn handle_plain(&mut self, messages: &mut Drain<'_, Message>) {
        let Self { run, commands, handles, errors, ended, .. } = self;
        let mut inputs = iter::from_fn(|| {
            let input = plain(messages.as_slice().first()?, &run.stop_signals, errors)?;
            messages.next();
            if let Input::Ended(unit, _) = input
                && let Some(handle) = handles[unit.at()].take()
            {
                ended.push(handle);
            }
            Some(input)
        });
        let ends_concern = self.configs_left != Some(false);
        self.decided = run.app.hub().decide(&mut inputs, ends_concern, (self.nanos, self.moment), commands);
        // Outside the lock.
        ended.clear();
        if ended.capacity() > ROOM {
            *ended = Vec::new();
        }
        self.carry_out_commands();
    }

    /// Carries out the commands of the last inputs, and hands on the ends that follow.
    fn carry_out_commands(&mut self) {
        while !(self.commands.is_empty() && self.following.is_empty()) {
            let mut commands = std::mem::take(&mut self.commands);
            for command in commands.drain(..) {
                self.carry(command);
            }
            if commands.capacity() <= ROOM {
                self.commands = commands;
            }
            if let Some((unit, ending)) = self.following.pop_front() {
                self.decide(&mut iter::once(Input::Ended(unit, ending)));
            }
        }
    }

    fn carry(&mut self, command: Command) {
        match command {
            Command::Spawn { unit, up_when, generation, until } => {
                self.timers.set(unit, until);
                self.spawn(unit, up_when, generation);
            }
            Command::Stop(unit, until) => {
                self.timers.set(unit, until);
                self.run.stop_signals.of(unit.at()).request_stop();
            }
            Command::Drop(unit, until) => {
                self.timers.set(unit, until);
                self.abort(unit);
            }
            Command::DropSetup(unit, until) => {
                self.timers.set(unit, until);
                if self.run.stop_signals.of(unit.at()).drop_setup() {
                    self.abort(unit);
                }
            }
            Command::Release(unit, until) => {
                self.timers.set(unit, until);
                self.release(unit);
            }
            Command::GiveTurn(unit) => self.turns.push(unit),
            Command::Deadline(unit, at) => self.timers.set(unit, at),
            Command::Forgive(counted, at) => self.timers.forgive(counted, at),
            Command::ForgetForgiving(counted) => self.timers.forget_forgiving(counted),
            Command::Failure { unit, failure: judged, explains } => {
                let failure = self.failure(unit, &judged);
                let failure = Arc::new(if explains { self.explaining(failure) } else { failure });
                if judged.restarts {
                    self.held = Some(failure);
                } else {
                    self.send(|_| Event::Failed { failure });
                }
            }
            Command::SetSeverity(unit, severity) => self.run.app.hub().set_severity(unit.0, severity),
            Command::Restarting { unit, number, delay } => self.send_restart(unit, number, delay),
            Command::RestartingPart { unit, others, reason } => self.send_part_restart(unit, &others, reason),
            Command::Phase(unit, from, to) => self.phase_changed(unit, from, to),
            Command::AppUp => {
                self.send(|now| Event::AppUp { took: now.since_launch() });
                // An app that is up and has no deadline is not woken.
                self.timers.rearm();
                self.watched.clear_backstop();
                self.begin_reload();
            }
            Command::AppStopping(cause) => self.stop_begins(cause),
            Command::PlanInPlace => self.follow_next_plan(),
            Command::Answer(call, answer) => self.answer(call, answer),
            Command::Finish(_) => self.is_finished = true,
        }
    }

    fn spawn(&mut self, unit: UnitIndex, up_when: UpWhen, generation: u32) {
        if generation > 0 {
            self.run.stop_signals.of(unit.at()).begin(generation);
        }
        let supervised = Supervised::new(Arc::clone(&self.run), unit.0, up_when == UpWhen::FirstAwait);
        self.handles[unit.at()] = Some(tokio::spawn(supervised));
    }

    pub(super) fn abort(&self, unit: UnitIndex) {
        if let Some(handle) = &self.handles[unit.at()] {
            handle.abort();
        }
    }

    /// Drops the resource that a unit has provided.
    fn release(&mut self, unit: UnitIndex) {
        let resource = provides(self.entry(unit.at()).unit).and_then(|ty| self.run.app.resources().remove(ty.id));
        let dropped = guard::guard(self.run.stop_signals.of(unit.at()), || drop(resource));
        // The destructor may have taken long.
        self.read_clock();
        let ending = match dropped {
            Ok(()) => Ending::Dropped,
            Err(broken) => {
                self.errors.push(unit, broken);
                Ending::Failed
            }
        };
        self.following.push_back((unit, ending));
    }

    fn phase_changed(&mut self, unit: UnitIndex, from: Phase, to: Phase) {
        if self.decided.reports(to) {
            self.run.app.hub().unit_changed(self.moment, unit, from, to);
        }
        if let Phase::Stuck(_) | Phase::Ended(_) = to {
            if self.entry(unit.at()).unit.options.schedule.is_some() {
                self.run.app.hub().schedule_ends(unit.0);
            }
            self.forget_config(unit);
        }
    }

    fn send_restart(&mut self, unit: UnitIndex, attempt: u32, delay: Nanos) {
        let failure = self.held.take();
        let (unit, delay) = (self.run.plan.registrations.get(unit.at()), Duration::from_nanos(delay));
        self.send(|_| Event::Restarting { unit, failure, attempt, delay });
    }

    fn send_part_restart(&self, unit: UnitIndex, others: &[UnitIndex], reason: PartReason) {
        let others = others.iter().map(|other| self.run.plan.registrations.get(other.at())).collect();
        let reason = match reason {
            PartReason::Asked => RestartReason::Asked,
            PartReason::Failed => RestartReason::Failed,
            PartReason::Reload => RestartReason::Reload,
            PartReason::Group => {
                RestartReason::Group(self.entry(unit.at()).unit.options.group.map_or("", |group| group.name))
            }
        };
        let unit = self.run.plan.registrations.get(unit.at());
        self.send(|_| Event::RestartingPart { unit, others, reason });
    }

    fn stop_begins(&mut self, cause: StopCause) {
        let reason = match cause {
            StopCause::Requested | StopCause::Forced => None,
            StopCause::AllFinished => Some(Reason::AllFinished),
            StopCause::Failed(unit) => Some(Reason::Failed(self.run.plan.registrations.get(unit.at()))),
            StopCause::Returned(unit) => Some(Reason::Returned(self.run.plan.registrations.get(unit.at()))),
        };
        if let Some(reason) = reason {
            self.announce_stop(reason);
        }
        let ends = self.machine(Machine::stop_ends);
        self.watched.stop_takes(Duration::from_nanos(ends.saturating_sub(self.nanos)));
        let is_kept: Vec<bool> =
            self.machine(|machine| machine.all().map(|unit| self.may_call_its_function(unit, machine)).collect());
        let configs_are_left = self.run.configs.forget_but(|unit| is_kept.get(unit) == Some(&true));
        self.configs_left = Some(configs_are_left);
        self.give_up_reload();
    }

    /// Drops the config of a unit that has ended and is not started again. It may hold one end of a channel, and the
    /// holder of the other end must not wait for this unit.
    fn forget_config(&self, unit: UnitIndex) {
        let given_by_code = || self.entry(unit.at()).unit.arguments.iter().any(|argument| argument.code);
        let is_done_with = || given_by_code() && !self.may_restart_with_dependency(unit.at());
        if self.configs_left.unwrap_or_else(is_done_with) {
            self.run.configs.forget(unit.at());
        }
    }

    /// Returns whether a unit's function may be called again while the app stops.
    fn may_call_its_function(&self, unit: UnitIndex, machine: &Machine) -> bool {
        match machine.phase(unit) {
            Phase::Waiting | Phase::Pending(_) | Phase::BackingOff(_) | Phase::Held | Phase::Ended(_) => false,
            // A schedule calls it for each run, until it is asked to stop.
            Phase::Up => self.entry(unit.at()).unit.options.schedule.is_some(),
            // It may be spawned, but not polled yet, unless it was up.
            _ => machine.record(unit).up.nanos().is_none(),
        }
    }

    /// Returns whether a unit that has ended may be started again because a unit that it depends on restarts.
    fn may_restart_with_dependency(&self, unit: usize) -> bool {
        let graph = &self.run.plan.graph;
        let provides_a_value = !self.entry(unit).is_context() && provides(self.entry(unit).unit).is_some();
        provides_a_value && graph.dependencies.of(unit).any(|dependency| !graph.is_order_only(unit, dependency))
    }
}
