//! A thread that polls units, as the system sees it from outside.
//!
//! Its stack is not taken here. A handler of a signal, which would run on it, may neither allocate nor take a lock, and
//! an unwinder does both: it would hang a thread that is blocked in either. What reads a stack from outside is a debugger,
//! so there is the command that has it printed.

use std::fmt;
use std::sync::Arc;

use crate::text::line;

/// A thread that a unit blocks.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct PollingThread {
    /// Its name, where it has one.
    pub name: Option<Arc<str>>,
    /// Its number in the system; only known on Linux.
    pub id: Option<u32>,
    /// Whether it was computing, and not waiting, when it was looked at; only known on Linux.
    pub computes: Option<bool>,
}

impl PollingThread {
    /// This one.
    pub(super) fn current() -> Self {
        Self { name: std::thread::current().name().map(Into::into), id: system::number(), computes: None }
    }

    /// Returns this process's threads of this name; `None` where the system does not tell.
    pub(super) fn all_named(name: &Arc<str>) -> Option<Vec<Self>> {
        let numbers = system::numbers_of(name)?;
        let thread = |id| Self { name: Some(Arc::clone(name)), id: Some(id), computes: system::computes(id) };
        Some(numbers.into_iter().map(thread).collect())
    }

    /// Looks at what it does.
    pub(super) fn look(&mut self) {
        self.computes = self.id.and_then(system::computes);
    }

    /// The command that has its stack printed, without ending it; only known on Linux.
    #[must_use]
    pub fn stack_command(&self) -> Option<String> {
        self.id.map(|id| format!("gdb --batch -p {id} -ex bt"))
    }
}

impl fmt::Display for PollingThread {
    /// `thread `main` (4711), which computes`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "thread `{}`", line(name))?,
            None => f.write_str("a thread without a name")?,
        }
        if let Some(id) = self.id {
            write!(f, " ({id})")?;
        }
        match self.computes {
            Some(true) => f.write_str(", which computes"),
            Some(false) => f.write_str(", which waits"),
            None => Ok(()),
        }
    }
}

#[cfg(target_os = "linux")]
mod system {
    /// The number of this thread.
    pub(super) fn number() -> Option<u32> {
        // `<process>/task/<thread>`
        let link = std::fs::read_link("/proc/thread-self").ok()?;
        link.file_name()?.to_str()?.parse().ok()
    }

    /// Returns the numbers of the threads of this name. The system keeps the first 15 bytes of it.
    pub(super) fn numbers_of(name: &str) -> Option<Vec<u32>> {
        let tasks = std::fs::read_dir("/proc/self/task").ok()?;
        let mut numbers = Vec::new();
        for task in tasks.map_while(Result::ok) {
            // A thread that has ended meanwhile has none.
            let Ok(own) = std::fs::read(task.path().join("comm")) else { continue };
            if own.strip_suffix(b"\n") == Some(&name.as_bytes()[..name.len().min(15)]) {
                numbers.extend(task.file_name().to_str().and_then(|number| number.parse::<u32>().ok()));
            }
        }
        Some(numbers)
    }

    /// Whether a thread of this process is on a processor, or waits for one.
    pub(super) fn computes(number: u32) -> Option<bool> {
        let stat = std::fs::read_to_string(format!("/proc/self/task/{number}/stat")).ok()?;
        // `4711 (name) S …`, and the name may be anything.
        let state = stat.rsplit_once(") ")?.1.chars().next()?;
        Some(state == 'R')
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    pub(super) fn numbers_of(_: &str) -> Option<Vec<u32>> {
        None
    }

    pub(super) fn number() -> Option<u32> {
        None
    }

    pub(super) fn computes(_: u32) -> Option<bool> {
        None
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::PollingThread;
    use std::sync::mpsc::channel;

    #[test]
    fn a_thread_that_waits_is_told_from_one_that_computes() {
        let mut this = PollingThread::current();
        this.look();
        assert_eq!(this.computes, Some(true));

        let ((here, other), (stop, stopped)) = (channel(), channel::<()>());
        let waiting = std::thread::Builder::new().name("a) R (b".to_owned()).spawn(move || {
            here.send(PollingThread::current()).unwrap();
            let _ = stopped.recv();
        });
        let mut other = other.recv().unwrap();
        // It is on its way to waiting.
        while other.computes != Some(false) {
            other.look();
            std::thread::yield_now();
        }
        let id = other.id.unwrap();
        assert_eq!(other.to_string(), format!("thread `a) R (b` ({id}), which waits"));
        assert_eq!(other.stack_command().unwrap(), format!("gdb --batch -p {id} -ex bt"));
        drop(stop);
        waiting.unwrap().join().unwrap();
    }
}
