//! Settings and parameters that contradict each other or their unit: the macros, a policy and the plan refuse them for the
//! same reasons, in the same words.

use std::fmt;
use std::time::Duration;

/// The reason why a setting or a parameter is refused, and what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contradiction {
    /// The reason.
    pub why: &'static str,
    /// The remedy.
    pub help: &'static str,
}

impl fmt::Display for Contradiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { why, help } = self;
        write!(f, "{why}; {help}")
    }
}

impl Contradiction {
    /// More than one of `every`, `delay` and `cron`.
    pub const SECOND_TIMING: Self =
        Self { why: "a task has one schedule: `every`, `delay` or `cron`", help: "keep one of them" };
    /// `zone` without `cron`.
    pub const ZONE_WITHOUT_CRON: Self =
        Self { why: "`zone` is the time zone of `cron`, but this task has none", help: "remove it, or add `cron`" };
    /// `missed`, `overlap` or `late` with `delay`.
    pub const WITH_DELAY: Self = Self {
        why: "a `delay` starts at the end of a run, so runs are never missed and never overlap",
        help: "remove it, or use `every`",
    };
    /// `timeout` or `overlap` of a `blocking` task.
    pub const RUN_OF_BLOCKING: Self = Self {
        why: "a run of a `blocking` task can't be dropped, since a thread can't be ended from outside, and only one run at a \
              time fits on the task's thread",
        help: "remove it",
    };
    /// `overlap` of a task that takes `Children`.
    pub const PARALLEL_CHILDREN: Self = Self {
        why: "all runs share the children of the task, so runs with `Children` can't overlap",
        help: "set `overlap` to \"skip\" or \"queue\", or remove the parameter",
    };
    /// `jitter` that is not shorter than `every`.
    pub const LONG_JITTER: Self = Self {
        why: "with this much jitter a run could start after the next one",
        help: "make `jitter` shorter than `every`",
    };
    /// Restart settings of a task with a schedule.
    pub const RESTART_WITH_SCHEDULE: Self =
        Self { why: "a schedule continues with its next run after a failed one", help: "remove it" };
    /// `permanent` for a context.
    pub const PERMANENT_CONTEXT: Self = Self {
        why: "a context that ends before shutdown has failed, and `transient` restarts it",
        help: "write `transient` instead of `permanent`",
    };
    /// `permanent` for a `once` task.
    pub const PERMANENT_ONCE: Self = Self {
        why: "a `permanent` task never finishes, but a `once` task does",
        help: "write `transient` instead of `permanent`",
    };
    /// `temporary` for a member of a group.
    pub const TEMPORARY_MEMBER: Self = Self {
        why: "a `temporary` unit is never restarted and causes no restart of its group",
        help: "write `transient` instead of `temporary`",
    };
    /// A restart limit for a member of a group.
    pub const LIMIT_OF_MEMBER: Self = Self {
        why: "the restart limit of a member is that of its group",
        help: "write `intensity` and `period` in its `group!`",
    };
    /// A context that neither takes a `Scope` nor returns a value.
    pub const NO_RESOURCE: Self = Self {
        why: "this context provides no resource",
        help: "return the resource, or take `scope: Scope<T>` and provide it; to run code at startup and shutdown only, take \
               `scope: Scope` and await `scope.until_shutdown()`; to run code once, use `#[lifespan_task(once)]`",
    };
    /// A `Scope` of a task.
    pub const SCOPE_OF_TASK: Self = Self {
        why: "a task provides no resource, so it takes no `Scope`",
        help: "make it a `#[lifespan_context]`, or remove the parameter",
    };
    /// A second `Scope` of a context.
    pub const SECOND_SCOPE: Self =
        Self { why: "a context takes one `Scope`", help: "provide a tuple or a struct, or write a second context" };
    /// A `Ready` of a context.
    pub const READY_OF_CONTEXT: Self = Self {
        why: "a context is up once it provides its resource, so it takes no `Ready`",
        help: "remove the parameter",
    };
    /// A `Ready` of a `once` task.
    pub const READY_OF_ONCE: Self =
        Self { why: "a `once` task is up once it has returned, so it takes no `Ready`", help: "remove the parameter" };
    /// A `Ready` of a task with a schedule.
    pub const READY_OF_SCHEDULE: Self = Self {
        why: "a task with a schedule is up once the schedule has started, so it takes no `Ready`",
        help: "remove the parameter",
    };
    /// A second `Ready`.
    pub const SECOND_READY: Self = Self { why: "a task takes at most one `Ready`", help: "remove the parameter" };
    /// A `Tick` of a unit without a schedule.
    pub const TICK_WITHOUT_SCHEDULE: Self = Self {
        why: "a `Tick` describes a run of a schedule, but this unit has none",
        help: "give the task `every`, `delay` or `cron`, or remove the parameter",
    };
    /// `Children` of a context that returns its resource.
    pub const CHILDREN_OF_RETURN: Self = Self {
        why: "this context ends when it returns its resource, and its children would end with it",
        help: "take `scope: Scope<T>` and provide the resource, or remove the parameter",
    };
}

/// The facts of a task with a schedule, to find what contradicts its settings.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact on its own")]
pub struct Scheduled {
    /// The period of `every`.
    pub every: Option<Duration>,
    /// True for `delay`.
    pub is_delay: bool,
    /// True for `cron`.
    pub is_cron: bool,
    /// The longest random delay of a run.
    pub jitter: Duration,
    /// True if several runs may overlap.
    pub is_parallel: bool,
    /// True for a `blocking` task.
    pub is_blocking: bool,
    /// True for a task that takes `Children`.
    pub takes_children: bool,
}

impl Scheduled {
    /// Returns the contradictions, each with the settings at which it is reported: at the first of them that is set, and
    /// nowhere if none is.
    pub fn contradictions(self) -> impl Iterator<Item = (&'static [&'static str], Contradiction)> {
        let is_late = self.every.is_some_and(|every| self.jitter >= every);
        let all: [(bool, &'static [&'static str], Contradiction); 8] = [
            (!self.is_cron, &["zone"], Contradiction::ZONE_WITHOUT_CRON),
            (self.is_delay, &["missed"], Contradiction::WITH_DELAY),
            (self.is_delay, &["overlap"], Contradiction::WITH_DELAY),
            (self.is_delay, &["late"], Contradiction::WITH_DELAY),
            (self.is_blocking, &["timeout"], Contradiction::RUN_OF_BLOCKING),
            (self.is_blocking && self.is_parallel, &["overlap"], Contradiction::RUN_OF_BLOCKING),
            (self.takes_children && self.is_parallel, &["overlap"], Contradiction::PARALLEL_CHILDREN),
            (is_late, &["jitter", "every"], Contradiction::LONG_JITTER),
        ];
        all.into_iter().filter(|(is_wrong, ..)| *is_wrong).map(|(_, settings, contradiction)| (settings, contradiction))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERY: Scheduled = Scheduled {
        every: Some(Duration::from_secs(5)),
        is_delay: false,
        is_cron: false,
        jitter: Duration::ZERO,
        is_parallel: false,
        is_blocking: false,
        takes_children: false,
    };

    fn settings(scheduled: Scheduled) -> Vec<&'static str> {
        scheduled.contradictions().map(|(settings, _)| settings[0]).collect()
    }

    #[test]
    fn each_contradiction_has_its_setting() {
        assert_eq!(settings(EVERY), ["zone"]);
        assert!(settings(Scheduled { every: None, is_cron: true, ..EVERY }).is_empty());
        assert_eq!(settings(Scheduled { every: None, is_delay: true, ..EVERY }), ["zone", "missed", "overlap", "late"]);
        assert_eq!(settings(Scheduled { is_blocking: true, ..EVERY }), ["zone", "timeout"]);
        assert_eq!(settings(Scheduled { is_parallel: true, ..EVERY }), ["zone"]);
        let parallel = Scheduled { is_parallel: true, is_blocking: true, takes_children: true, ..EVERY };
        assert_eq!(settings(parallel), ["zone", "timeout", "overlap", "overlap"]);
        assert_eq!(settings(Scheduled { jitter: Duration::from_secs(5), ..EVERY }), ["zone", "jitter"]);
        assert_eq!(settings(Scheduled { jitter: Duration::from_secs(4), ..EVERY }), ["zone"]);
    }
}
