//! The end of a run in one line: the outcome and the causes. The report, the log and systemd's status line all show it.

use std::sync::Arc;
use std::time::Duration;

use crate::base::{ExitCode, short};
use crate::facts::failure::Failure;
use crate::facts::reason::Reason;
use crate::plan::Registered;

/// The progress of a run.
#[derive(Clone, Copy, Default)]
pub(crate) struct Progress {
    /// A unit was started.
    pub(crate) started: bool,
    pub(crate) was_up: bool,
    pub(crate) is_batch: bool,
    /// The signal that forced the end.
    pub(crate) forced: Option<u8>,
}

/// The end of a run.
pub(crate) struct End<'a> {
    pub(crate) exit_code: ExitCode,
    pub(crate) requests: &'a [Reason],
    pub(crate) failures: &'a [Arc<Failure>],
    pub(crate) progress: Progress,
}

impl End<'_> {
    /// Returns `stopped by force after 3 s (SIGINT, then SIGTERM), exit code 143`: causes without the texts of errors,
    /// which the report shows below.
    pub(crate) fn headline(&self, took: Duration) -> String {
        let mut text = self.manner().to_owned();
        if !self.started_nothing() {
            text = format!("{text} after {}", short(took));
        }
        let causes = self.causes(Failure::brief);
        if !causes.is_empty() {
            text = format!("{text} ({causes})");
        }
        text + &self.exit_code()
    }

    /// Returns `stopped by force, exit code 143: SIGINT, then SIGTERM`: with the texts of errors, and the part that may
    /// be cut off at the end.
    #[cfg_attr(not(unix), allow(dead_code, reason = "systemd is on Unix"))]
    pub(crate) fn status(&self) -> String {
        let (manner, exit_code, causes) = (self.manner(), self.exit_code(), self.causes(Failure::to_string));
        if causes.is_empty() { format!("{manner}{exit_code}") } else { format!("{manner}{exit_code}: {causes}") }
    }

    fn exit_code(&self) -> String {
        match self.exit_code.number() {
            0 => String::new(),
            code => format!(", exit code {code}"),
        }
    }

    fn started_nothing(&self) -> bool {
        !self.progress.started && self.failures.is_empty()
    }

    /// Returns the outcome without the causes.
    fn manner(&self) -> &'static str {
        let Progress { was_up, is_batch, forced, .. } = self.progress;
        // A request came first, so failures after it are not causes of the stop.
        let was_asked = !matches!(self.requests.first(), None | Some(Reason::Failed(_)));
        if self.started_nothing() {
            return match self.requests.first() {
                Some(Reason::AllFinished) => "nothing was started: no unit is to run",
                _ => "nothing was started: shutdown was requested before launch",
            };
        }
        let is_during_startup = !was_up && !is_batch;
        match self.exit_code {
            ExitCode::NeverUp if !was_asked && forced.is_some() => {
                "startup failed, and everything was stopped by force"
            }
            _ if forced.is_some() => "stopped by force",
            ExitCode::NeverUp if !was_asked => "startup failed and was rolled back",
            ExitCode::NeverUp => "stopped during startup",
            ExitCode::Asked(_) if is_during_startup => "stopped during startup",
            ExitCode::Stopped if is_during_startup => "stopped in order during startup",
            ExitCode::Stopped => "stopped in order",
            ExitCode::Incomplete => "shutdown was incomplete",
            ExitCode::Forced(_) => "stopped by force",
            ExitCode::Failed | ExitCode::Refused | ExitCode::Asked(_) => "stopped",
        }
    }

    /// Returns the cause of the stop, then that of the exit code if it differs, then the signal that forced the end.
    fn causes(&self, describe: impl Fn(&Failure) -> String) -> String {
        let first = self.requests.first();
        let failure_of = |unit: &Registered| self.failures.iter().find(|failure| is_blamed(failure, unit));
        let mut causes: Vec<String> = match first {
            Some(Reason::Failed(unit)) => vec![failure_of(unit).map_or_else(|| first_words(first), |it| describe(it))],
            _ => first.iter().map(ToString::to_string).collect(),
        };
        match self.exit_code {
            ExitCode::Failed | ExitCode::NeverUp | ExitCode::Incomplete
                if !matches!(first, Some(Reason::Failed(_))) =>
            {
                causes.extend(self.failures.iter().find(|failure| failure.counts()).map(|failure| describe(failure)));
            }
            ExitCode::Asked(code) if first != Some(&Reason::Exit(code)) => causes.push(Reason::Exit(code).to_string()),
            _ => {}
        }
        causes.extend(self.progress.forced.map(|signal| Reason::Signal(signal.into()).to_string()));
        causes.join(", then ")
    }
}

fn first_words(reason: Option<&Reason>) -> String {
    reason.map(ToString::to_string).unwrap_or_default()
}

/// Returns whether this failure is the reason why this unit counts as failed.
fn is_blamed(failure: &Failure, unit: &Registered) -> bool {
    failure.counts() && (failure.unit() == unit || failure.has_starved(unit))
}
