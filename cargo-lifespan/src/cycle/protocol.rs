//! The inputs and actions of the cycle, and its state as the user sees it.

use std::time::{Duration, Instant};

/// An event. `B` is a binary: a copy of a build.
#[derive(Debug)]
pub(crate) enum Input<B> {
    /// Files have changed.
    Changed(Change),
    /// The build has ended, with a binary if it succeeded.
    Built(Option<B>),
    /// The process uses the readiness protocol, so it will also report that it is up.
    Announces(Generation),
    /// The process has reported that it reloads its configuration on SIGHUP.
    Reloads(Generation),
    /// The process has reported that it is up.
    Ready(Generation),
    /// The process and its child processes have ended.
    Exited(Generation, Ending),
    /// The user asked the tool to quit.
    Interrupted,
    /// Time has passed.
    Tick,
}

/// An action that the session has to carry out.
#[derive(Debug, PartialEq)]
pub(crate) enum Action<B> {
    Build,
    CancelBuild,
    Start(B, Generation),
    /// Ask the process to reload its configuration.
    Reload,
    /// Ask the process to stop.
    Terminate,
    /// Kill the process and its child processes.
    Kill,
    Say(Fact),
    Exit(u8),
}

/// The number of a process, which distinguishes it from earlier ones.
pub(crate) type Generation = u32;

/// A set of files that changed together.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Change {
    /// The time of the first change.
    pub(crate) at: Instant,
    /// The paths, as they are displayed.
    pub(crate) files: Vec<String>,
    /// True if one of them is a config file: the program reloads it or is restarted, even if its binary is unchanged.
    pub(crate) config: bool,
}

/// The end of a process.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ending {
    pub(crate) success: bool,
    /// A description: `exit code 1`.
    pub(crate) how: String,
}

/// A fact to report to the user.
#[derive(Debug, PartialEq)]
pub(crate) enum Fact {
    Changed(Vec<String>),
    /// The program was built, and the running one is the same.
    Unchanged,
    /// The running program is unchanged and reloads its configuration.
    Reloading,
    BuildFailed {
        /// True if the program continues to run.
        running: bool,
    },
    Stopping,
    /// It did not stop in time.
    Overdue,
    Stopped {
        took: Duration,
        how: Ending,
    },
    Starting,
    Up {
        took: Duration,
        reload: Option<Reload>,
    },
    /// The process ended before it was up.
    Died {
        how: Ending,
        /// True if the last good binary is started again.
        falls_back: bool,
    },
    /// The process ended without being asked to stop.
    Ended {
        how: Ending,
        ran: Duration,
    },
    Quitting,
    Forced,
}

/// The duration of a reload, from the saved file to running new code.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Reload {
    pub(crate) took: Duration,
    /// The part of it that cargo took.
    pub(crate) build: Duration,
}

/// The content of the status line.
#[derive(Debug, PartialEq)]
pub(crate) struct Status {
    /// The elapsed time of a running build.
    pub(crate) building: Option<Duration>,
    /// The last build failed.
    pub(crate) failed: bool,
    pub(crate) process: Shown,
    pub(crate) reload: Option<Reload>,
}

/// The process, as the status line shows it.
#[derive(Debug, PartialEq)]
pub(crate) enum Shown {
    None,
    Starting(Duration),
    Up(Duration),
    Stopping(Duration),
}
