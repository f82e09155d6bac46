//! Formats the lines for facts, and the status line.

use std::time::Duration;

use crate::cycle::{Fact, Reload, Shown, Status};
use crate::screen::Tone;

/// The parts of the status that never change.
pub(crate) struct About {
    /// The program's name.
    pub(crate) name: String,
    /// The watched files: `42 files of 3 packages`.
    pub(crate) watched: String,
    /// The addresses of the sockets; empty if there are none.
    pub(crate) addresses: String,
}

/// Returns the line for a fact: its tone, a keyword such as `Up`, and a text.
pub(crate) fn line(fact: &Fact, about: &About) -> (Tone, &'static str, String) {
    let name = &about.name;
    match fact {
        Fact::Changed(files) => (Tone::Plain, "Changed", list(files)),
        Fact::Unchanged => (Tone::Plain, "Unchanged", format!("{name}, the new build is identical to the running one")),
        Fact::Reloading => (Tone::Busy, "Reloading", format!("the configuration of {name}, which continues to run")),
        Fact::BuildFailed { running: true } => (
            Tone::Bad,
            "Failed",
            format!("to build, see above; the previous {name} continues to run until a build succeeds"),
        ),
        Fact::BuildFailed { running: false } => {
            (Tone::Bad, "Failed", format!("to build, see above; {name} starts when a build succeeds"))
        }
        Fact::Stopping => (Tone::Plain, "Stopping", name.clone()),
        Fact::Overdue => (
            Tone::Bad,
            "Killing",
            format!(
                "{name} and its child processes: it did not stop within {}; check for a task that ignores `Shutdown` or a teardown that hangs",
                short(crate::cycle::GRACE)
            ),
        ),
        Fact::Stopped { took, how } if how.success => (Tone::Plain, "Stopped", format!("{name} in {}", short(*took))),
        Fact::Stopped { took, how } => (Tone::Bad, "Stopped", format!("{name} in {}, {}", short(*took), how.how)),
        Fact::Starting => (Tone::Good, "Starting", name.clone()),
        Fact::Up { took, reload } => {
            let in_time = if took.is_zero() { String::new() } else { format!(" in {}", short(*took)) };
            let reload = reload.map_or_else(String::new, |reload| format!("; reload took {}", took_of(reload)));
            (Tone::Good, "Up", format!("{name}{in_time}{reload}"))
        }
        Fact::Died { how, falls_back: true } => (
            Tone::Bad,
            "Exited",
            format!("{name} before it was up ({}, see above); starting the last good build again", how.how),
        ),
        Fact::Died { how, falls_back: false } => (
            Tone::Bad,
            "Exited",
            format!("{name} before it was up ({}, see above); it is restarted after the next change", how.how),
        ),
        Fact::Ended { how, ran } => {
            let tone = if how.success { Tone::Plain } else { Tone::Bad };
            (
                tone,
                "Exited",
                format!(
                    "{name} after {} without being asked to stop ({}); it is restarted after the next change",
                    short(*ran),
                    how.how
                ),
            )
        }
        Fact::Quitting => (Tone::Plain, "Quitting", "gracefully; press Ctrl-C again to kill everything".to_owned()),
        Fact::Forced => (Tone::Bad, "Killing", "all processes".to_owned()),
    }
}

/// Returns the status line.
pub(crate) fn status(status: &Status, about: &About) -> (Tone, String) {
    let mut parts = Vec::new();
    if let Some(elapsed) = status.building {
        parts.push(format!("building {}", seconds(elapsed)));
    } else if status.failed {
        parts.push("build failed".to_owned());
    }
    parts.push(match status.process {
        Shown::None if parts.is_empty() => format!("{} is not running, waiting for a change", about.name),
        Shown::None => format!("{} is not running", about.name),
        Shown::Starting(elapsed) => format!("{} starting {}", about.name, seconds(elapsed)),
        Shown::Up(elapsed) if status.failed => format!("previous {} up {}", about.name, long(elapsed)),
        Shown::Up(elapsed) => format!("{} up {}", about.name, long(elapsed)),
        Shown::Stopping(elapsed) => format!("{} stopping {}", about.name, seconds(elapsed)),
    });
    if let Some(reload) = status.reload {
        parts.push(format!("last reload {}", short(reload.took)));
    }
    if !about.addresses.is_empty() {
        parts.push(about.addresses.clone());
    }
    parts.push(format!("watching {}", about.watched));
    let tone = match (status.building, status.failed, &status.process) {
        (Some(_), _, _) | (None, false, Shown::Starting(_) | Shown::Stopping(_)) => Tone::Busy,
        (None, true, _) | (None, false, Shown::None) => Tone::Bad,
        (None, false, Shown::Up(_)) => Tone::Good,
    };
    (tone, parts.join(" · "))
}

fn took_of(reload: Reload) -> String {
    format!("{} ({} of it building)", short(reload.took), short(reload.build))
}

fn list(files: &[String]) -> String {
    match files {
        [first, second, third, more @ ..] if !more.is_empty() => {
            format!("{first}, {second}, {third} and {} more", more.len())
        }
        few => few.join(", "),
    }
}

/// Formats a completed duration.
fn short(duration: Duration) -> String {
    if duration < Duration::from_secs(1) {
        format!("{} ms", duration.as_millis())
    } else if duration < Duration::from_secs(60) {
        format!("{:.2} s", duration.as_secs_f64())
    } else {
        long(duration)
    }
}

/// Formats the time that an activity has taken so far, in seconds.
fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

/// Formats an uptime, in hours, minutes and seconds.
fn long(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cycle::Ending;

    fn about() -> About {
        About {
            name: "web".to_owned(),
            watched: "42 files of 3 packages".to_owned(),
            addresses: "127.0.0.1:3000".to_owned(),
        }
    }

    fn reload() -> Reload {
        Reload { took: Duration::from_millis(1240), build: Duration::from_millis(1130) }
    }

    #[test]
    fn the_status_line_begins_with_the_current_activity() {
        let mut state = Status {
            building: None,
            failed: false,
            process: Shown::Up(Duration::from_secs(133)),
            reload: Some(reload()),
        };
        let end = "127.0.0.1:3000 · watching 42 files of 3 packages";
        let says = |state: &Status| status(state, &about());
        assert_eq!(says(&state), (Tone::Good, format!("web up 2 min 13 s · last reload 1.24 s · {end}")));
        state.building = Some(Duration::from_millis(3210));
        let building = format!("building 3.2 s · web up 2 min 13 s · last reload 1.24 s · {end}");
        assert_eq!(says(&state), (Tone::Busy, building));
        state = Status { building: None, failed: true, process: Shown::Up(Duration::ZERO), reload: None };
        assert_eq!(says(&state), (Tone::Bad, format!("build failed · previous web up 0 s · {end}")));
        state = Status { building: None, failed: false, process: Shown::None, reload: None };
        assert_eq!(says(&state), (Tone::Bad, format!("web is not running, waiting for a change · {end}")));
    }

    #[test]
    fn a_line_reports_the_fact_and_its_consequence() {
        let says = |fact| {
            let (_, word, text) = line(&fact, &about());
            format!("{word} {text}")
        };
        let up = Fact::Up { took: Duration::from_millis(12), reload: Some(reload()) };
        assert_eq!(says(up), "Up web in 12 ms; reload took 1.24 s (1.13 s of it building)");
        let how = Ending { success: false, how: "exit code 101".to_owned() };
        let died = Fact::Died { how, falls_back: true };
        assert_eq!(
            says(died),
            "Exited web before it was up (exit code 101, see above); starting the last good build again"
        );
        let how = Ending { success: true, how: "exit code 0".to_owned() };
        let ended = Fact::Ended { how, ran: Duration::from_secs(3) };
        assert_eq!(
            says(ended),
            "Exited web after 3.00 s without being asked to stop (exit code 0); it is restarted after the next change"
        );
        let files = ["a", "b", "c", "d", "e"].map(str::to_owned);
        assert_eq!(says(Fact::Changed(files.to_vec())), "Changed a, b, c and 2 more");
    }
}
