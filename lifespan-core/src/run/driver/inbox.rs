//! Turns the messages in the inbox into inputs of the machine.

use std::task::{Context, Waker};

use super::errors::Errors;
use super::{Driver, ROOM};
use crate::base::{signal_number, unwind};
use crate::facts::{Event, Reason};
use crate::machine::{Ending, Fault, Input, Phase, UnitIndex};
use crate::shared::{Fact, Message, Request, StopSignals, WatchStop};

impl Driver {
    /// Takes the messages that are in the inbox, without waiting.
    pub(super) fn poll_inbox(&mut self) {
        let mut context = Context::from_waker(Waker::noop());
        let _ = self.run.app.inbox().poll(&mut context, &mut self.messages);
    }

    /// Handles the messages that were taken from the inbox, in their order.
    pub(super) fn handle_messages(&mut self) {
        let mut messages = std::mem::take(&mut self.messages);
        let mut left = messages.drain(..);
        while left.len() > 0 {
            let before = left.len();
            self.handle_plain(&mut left);
            if left.len() < before {
                continue;
            }
            match left.next() {
                Some(Message::Fact(index, fact)) => self.handle_fact(index, fact),
                Some(Message::Request(request)) => {
                    // What failed before the request is judged before it.
                    self.report_remaining_errors();
                    self.handle_request(*request);
                }
                None => {}
            }
        }
        drop(left);
        self.report_remaining_errors();
        if messages.capacity() <= ROOM {
            self.messages = messages;
        }
    }

    fn handle_request(&mut self, request: Request) {
        match request {
            Request::Shutdown(reason) => self.shutdown_requested(reason),
            Request::Restart(call) => self.restart_called(call),
            Request::Reload(call) => self.reload_called(call),
            Request::SourcesRead(read) => self.handle_reading(*read),
            Request::ReadingIsLate => self.reading_is_late(),
            // All have ended: there is nothing to force.
            Request::Force(_) if self.is_finished => {}
            Request::Force(signal) => {
                if !self.is_forced() {
                    self.send(|_| Event::Forced { signal });
                }
                self.handle(Input::Force(signal_number(signal)));
            }
        }
    }

    fn is_forced(&self) -> bool {
        self.run.app.hub().read(|facts| facts.forced.is_some())
    }

    fn shutdown_requested(&mut self, reason: Reason) {
        let code = if let Reason::Exit(code) = &reason { *code } else { 0 };
        self.announce_stop(reason);
        self.handle(Input::Shutdown(code));
    }

    pub(super) fn announce_stop(&mut self, reason: Reason) {
        self.watched.stop_began();
        self.run.stop_signals.request.set_reason(reason.clone());
        self.send(|_| Event::ShutdownRequested { reason });
    }

    fn handle_fact(&mut self, index: u32, fact: Fact) {
        let unit = UnitIndex(index);
        let current = self.run.stop_signals.of(unit.at()).incarnation();
        if fact.incarnation().is_some_and(|incarnation| incarnation != current) {
            // It may hold an error, which has a destructor.
            unwind::drop_quietly(fact);
            return;
        }
        match fact {
            // See `plain`.
            Fact::Up(_) => {}
            Fact::Extended(_, until) => self.handle(Input::Extend(unit, self.timers.nanos(*until))),
            Fact::HolderDropped(_) => match (self.phase(unit), self.entry(unit.at()).is_context()) {
                (Phase::Up, true) => self.handle(Input::Unexplained(unit, Fault::GaveUp)),
                (Phase::Starting, false) => self.handle(Input::Unexplained(unit, Fault::NeverReady)),
                _ => {}
            },
            Fact::Lost(_, None) => self.handle(Input::Unexplained(unit, Fault::ResourceLost)),
            Fact::Lost(_, Some(broken)) => {
                self.errors.push(unit, *broken);
                self.handle(Input::Failed(unit, Fault::ResourceLost));
                // The machine has not used it, because the app or the unit is stopping.
                match self.errors.take(unit) {
                    Some(of_child) if self.is_stopping() => self.keep_alone(unit, of_child),
                    Some(of_child) => self.keep_beside(unit, of_child),
                    None => {}
                }
            }
            Fact::RestartedInPlace(restarts) => {
                for restart in *restarts {
                    // Each counts from the moment at which it happened.
                    self.handle(Input::RestartedInPlace(unit, self.timers.nanos(restart)));
                }
            }
            Fact::RawFailure(broken) => self.errors.push(unit, *broken),
            Fact::ChildrenFailed(broken) => self.keep_beside(unit, *broken),
            Fact::Done(Some(value)) if self.errors.of(unit) == 0 => {
                self.run.app.resources().put(*value);
                self.ended(unit, Ending::Value);
            }
            // The unit was dropped, or its thread returned after an error.
            fact @ (Fact::Done(_) | Fact::Dropped) => {
                unwind::drop_quietly(fact);
                while self.errors.of(unit) > 1 {
                    self.handle(Input::Failed(unit, Fault::Own));
                }
                let ending = if self.errors.of(unit) > 0 { Ending::Failed } else { Ending::Dropped };
                self.ended(unit, ending);
                self.errors.forget(unit);
            }
        }
    }

    pub(super) fn ended(&mut self, unit: UnitIndex, ending: Ending) {
        self.handles[unit.at()] = None;
        self.handle(Input::Ended(unit, ending));
    }

    /// Reports the errors of units that have not ended: their threads are still running.
    fn report_remaining_errors(&mut self) {
        while let Some(unit) = self.errors.first() {
            self.handle(Input::Failed(unit, Fault::Own));
            self.errors.forget(unit);
        }
    }
}

/// Returns the input for a message that needs nothing else: a unit is up, or has ended without a value and errors.
#[inline]
pub(super) fn plain(message: &Message, signals: &StopSignals, errors: &Errors) -> Option<Input<'static>> {
    let Message::Fact(index, fact) = message else { return None };
    let unit = UnitIndex(*index);
    let input = match fact {
        Fact::Up(incarnation) if *incarnation == signals.of(unit.at()).incarnation() => Input::Up(unit),
        Fact::Done(None) if errors.of(unit) == 0 => Input::Ended(unit, Ending::Returned),
        Fact::Dropped if errors.of(unit) == 0 => Input::Ended(unit, Ending::Dropped),
        _ => return None,
    };
    Some(input)
}
