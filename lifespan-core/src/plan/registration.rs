//! One instance of a unit that an app runs: its name, and how it runs.

use std::any::TypeId;
use std::time::Duration;

use crate::base::FAR;
use crate::config::Policy;
use crate::declare::{Argument, Kind, Line, Need, OnShutdown, Restart, Schedule, When, need_names};
use crate::unit::Descriptor;

/// The moment at which a unit is up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UpWhen {
    /// At its first await: a task.
    Awaiting,
    /// It reports that, with its `Scope` or its `Ready`, or has returned its resource.
    Reported,
    /// It has returned: a `once` task.
    Returned,
}

/// One instance of a unit that the app will run.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) unit: &'static Descriptor,
    /// Rarely used parts, boxed so that 100,000 registrations without them stay small.
    overrides: Option<Box<Overrides>>,
    /// The number among the instances of one unit, from 1.
    pub(crate) number: u32,
    /// Set if a reload has removed it.
    pub(super) is_removed: bool,
    /// The place of the `register` call, if there was one.
    pub(crate) registered_at: Option<&'static std::panic::Location<'static>>,
}

#[derive(Clone, Default)]
struct Overrides {
    /// The name from `.named(…)`, from the `key` argument, or where the unit's own name is not unique.
    name: Option<Box<str>>,
    /// The unit's own name is not unique, and the registration has no other.
    is_distinguished: bool,
    /// The operator's overrides.
    policy: Policy,
    /// The resources that it needs beyond its unit's.
    needs: Box<[Need]>,
    /// The shutdown timeout, if nothing else sets one.
    shutdown_timeout: Option<Duration>,
    /// Set if the sources may complete the config given by code.
    layered: bool,
}

impl Entry {
    pub(crate) fn new(
        unit: &'static Descriptor,
        name: Option<Box<str>>,
        policy: Policy,
        registered_at: Option<&'static std::panic::Location<'static>>,
    ) -> Self {
        let overrides = (name.is_some() || policy != Policy::default())
            .then(|| Box::new(Overrides { name, policy, ..Overrides::default() }));
        Self { unit, overrides, number: 0, is_removed: false, registered_at }
    }

    /// Sets the name that distinguishes it from units with the same short name.
    pub(super) fn distinguish(&mut self, name: Box<str>) {
        let overrides = self.overrides.get_or_insert_default();
        overrides.is_distinguished = true;
        overrides.name = Some(name);
    }

    /// Adds what the registration declares beyond its unit.
    pub(crate) fn specify(&mut self, needs: &[Need], shutdown_timeout: Option<Duration>, layered: bool) {
        let overrides = self.overrides.get_or_insert_default();
        overrides.needs = needs.into();
        overrides.shutdown_timeout = shutdown_timeout;
        overrides.layered = layered;
    }

    /// Returns the resources that it needs beyond its unit's.
    pub(crate) fn own_needs(&self) -> &[Need] {
        self.overrides.as_ref().map_or(&[], |overrides| &overrides.needs)
    }

    pub(crate) fn is_layered(&self) -> bool {
        self.overrides.as_ref().is_some_and(|overrides| overrides.layered)
    }

    /// Returns everything that it needs.
    pub(crate) fn all_needs(&self) -> impl Iterator<Item = Need> {
        self.unit.needs.iter().map(|need| need()).chain(self.own_needs().iter().copied())
    }

    /// Returns the types of the resources that it takes, without their module paths.
    pub(crate) fn need_names(&self) -> Vec<String> {
        need_names(self.all_needs())
    }

    /// Returns its own name, if it has one.
    pub(crate) fn given_name(&self) -> Option<&str> {
        self.overrides.as_ref()?.name.as_deref()
    }

    /// Returns its identity among all registrations, also those of later plans: its unit, and its name or its number
    /// among the instances.
    pub(super) fn identity(&self) -> (TypeId, Result<&str, u32>) {
        let own_name = self.overrides.as_ref().filter(|overrides| !overrides.is_distinguished);
        let name = own_name.and_then(|overrides| overrides.name.as_deref());
        ((self.unit.id)(), name.ok_or(self.number))
    }

    /// Returns whether only its unit's declaration determines how it runs.
    pub(crate) fn is_as_declared(&self) -> bool {
        self.overrides.is_none() && !self.is_removed
    }

    /// Returns how a task is stopped: as declared, or else by its kind and parameters.
    pub(crate) fn on_shutdown(&self) -> OnShutdown {
        let options = &self.unit.options;
        options.on_shutdown.unwrap_or_else(|| {
            if self.takes_shutdown() && !options.once {
                OnShutdown::Notify
            } else if options.once || options.blocking || options.schedule.is_some() {
                // A thread can't be dropped.
                OnShutdown::Finish
            } else {
                OnShutdown::Drop
            }
        })
    }

    pub(crate) fn startup_timeout(&self) -> Option<Duration> {
        let policy = self.overrides.as_ref().and_then(|overrides| overrides.policy.startup_timeout);
        policy.or(self.unit.options.startup_timeout).map(|limit| limit.min(FAR))
    }

    /// Returns its startup timeout, or this limit of the app; a `once` task has one only if it declares it.
    pub(crate) fn startup_limit(&self, of_app: Duration) -> Option<Duration> {
        self.startup_timeout().or((!self.unit.options.once).then_some(of_app))
    }

    pub(crate) fn shutdown_timeout(&self) -> Option<Duration> {
        let policy = self.overrides.as_ref().and_then(|overrides| overrides.policy.shutdown_timeout);
        let own = || self.overrides.as_ref().and_then(|overrides| overrides.shutdown_timeout);
        policy.or(self.unit.options.shutdown_timeout).or_else(own).map(|limit| limit.min(FAR))
    }

    /// Returns whether the app is not ready while this unit is not up or is recovering: as declared, or as the operator
    /// set it.
    pub(crate) fn is_required(&self) -> bool {
        self.unit.options.required || self.overrides.as_ref().is_some_and(|overrides| overrides.policy.required)
    }

    /// Returns its schedule: the operator's, or else the declared one; the error says why that can't be parsed.
    pub(crate) fn schedule(&self) -> Option<Result<Schedule<Line>, String>> {
        let policy = self.overrides.as_ref().and_then(|overrides| overrides.policy.schedule.as_deref());
        policy.cloned().map(Ok).or_else(|| self.unit.options.schedule.map(Schedule::read))
    }

    pub(crate) fn takes_shutdown(&self) -> bool {
        self.unit.needs.iter().any(|need| matches!(need(), Need::Shutdown))
    }

    /// Returns whether its return is logged as a warning if it was not asked to stop.
    pub(crate) fn warns_of_return(&self) -> bool {
        let options = &self.unit.options;
        self.takes_shutdown() && !options.once && options.on_return.is_none() && options.schedule.is_none()
    }

    pub(crate) fn takes_ready(&self) -> bool {
        self.unit.needs.iter().any(|need| matches!(need(), Need::Ready))
    }

    pub(crate) fn up_when(&self) -> UpWhen {
        if self.is_context() || self.takes_ready() {
            UpWhen::Reported
        } else if self.unit.options.once {
            UpWhen::Returned
        } else {
            UpWhen::Awaiting
        }
    }

    /// Returns its restart policy.
    pub(crate) fn restart(&self) -> Option<Restart> {
        let options = &self.unit.options;
        let of_group = || options.group.map(|_| Restart { when: When::Transient, ..Restart::DEFAULT });
        let declared = options.restart.or_else(of_group);
        let over = self.overrides.as_ref().and_then(|overrides| overrides.policy.restart.as_deref());
        over.map(|over| over.over(declared)).or(declared)
    }

    /// Returns the same, if it restarts within its own future, so that no other unit must stop for it: a task by
    /// itself.
    pub(crate) fn restart_in_place(&self) -> Option<Restart> {
        if self.is_context() || self.unit.options.group.is_some() { None } else { self.restart() }
    }

    /// Returns whether the operator enables restarts that its declaration does not.
    pub(crate) fn is_overridden_to_restart(&self) -> bool {
        let options = &self.unit.options;
        options.restart.is_none() && options.group.is_none() && self.restart().is_some()
    }

    pub(crate) fn restarts_in_place(&self) -> bool {
        self.restart_in_place().is_some()
    }

    /// Returns the argument because of which it can be started only once.
    pub(crate) fn cannot_be_cloned(&self) -> Option<&'static Argument> {
        self.unit.arguments.iter().find(|argument| !(argument.is_clone)())
    }

    pub(crate) fn is_context(&self) -> bool {
        self.unit.kind == Kind::Context
    }
}
