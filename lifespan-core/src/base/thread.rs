//! The operating system's view of a thread that polls units.
//!
//! This does not capture the thread's stack. A signal handler, which would run on it, may neither allocate nor take a
//! lock, and an unwinder does both: it would hang a thread that is blocked in either. A debugger reads the stack from
//! outside, so messages show the command for that.

use std::fmt;
use std::sync::Arc;

use crate::base::text::line;

/// A thread that a unit blocks.
///
/// ```
/// # use lifespan::{App, Shutdown, lifespan_task};
/// # #[lifespan_task(manual)] async fn serve(shutdown: Shutdown) { shutdown.requested().await }
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let app = App::empty();
/// # app.register(ServeConfig {})?;
/// # use lifespan::Event;
/// # let mut events = app.events();
/// # app.start().await?.stop().await;
/// while let Some(event) = events.next().await {
///     if let Event::Blocked { unit, thread, .. } = event {
///         println!("{unit} blocks {thread}"); // thread `main` (4711), which computes
///     }
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct PollingThread {
    /// Its name, if it has one.
    pub name: Option<Arc<str>>,
    /// Its number in the system; known only on Linux.
    pub id: Option<u32>,
    /// Set if it was running, and not waiting, when it was looked at; known only on Linux.
    pub computes: Option<bool>,
}

impl PollingThread {
    /// Returns the current thread.
    pub(crate) fn current() -> Self {
        Self { name: std::thread::current().name().map(Into::into), id: system::number(), computes: None }
    }

    /// Returns this process's threads with this name, or with one that differs in the number at its end; `None` if the
    /// system does not report them.
    pub(crate) fn all_named_as(name: &str) -> Option<Vec<Self>> {
        let kept = system::kept(name.as_bytes());
        let thread = |(id, own): (u32, Vec<u8>)| {
            let name = if own == kept { name.into() } else { String::from_utf8_lossy(&own).into() };
            Self { name: Some(name), id: Some(id), computes: system::computes(id) }
        };
        let is_one = |own: &[u8]| without_number(own) == without_number(kept);
        Some(system::threads()?.into_iter().filter(|(_, own)| is_one(own)).map(thread).collect())
    }

    /// Updates whether it is running or waiting.
    pub(crate) fn look(&mut self) {
        self.computes = self.id.and_then(system::computes);
    }

    /// Returns the command that prints its stack without ending it; known only on Linux.
    ///
    /// ```
    /// # use lifespan::PollingThread;
    /// fn show(thread: &PollingThread) {
    ///     if let Some(command) = thread.stack_command() {
    ///         println!("to see its stack: {command}");
    ///     }
    /// }
    /// # show(&PollingThread::default());
    /// ```
    #[must_use]
    pub fn stack_command(&self) -> Option<String> {
        self.id.map(|id| format!("gdb --batch -p {id} -ex bt"))
    }
}

/// Returns whether the main thread waits in a futex, as it does for another thread or a lock; `None` if the system does
/// not report it.
pub(crate) fn main_waits_for_a_futex() -> Option<bool> {
    system::waits_for_a_futex(std::process::id())
}

fn without_number(name: &[u8]) -> &[u8] {
    let digits = name.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    &name[..name.len() - digits]
}

impl fmt::Display for PollingThread {
    /// Shows it as in ``thread `main` (4711), which computes``.
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
    /// Returns the number of this thread.
    pub(crate) fn number() -> Option<u32> {
        // `<process>/task/<thread>`
        let link = std::fs::read_link("/proc/thread-self").ok()?;
        link.file_name()?.to_str()?.parse().ok()
    }

    /// Returns as much of a thread's name as the system keeps.
    pub(crate) fn kept(name: &[u8]) -> &[u8] {
        &name[..name.len().min(15)]
    }

    /// Returns the number and the name of every thread of this process.
    pub(crate) fn threads() -> Option<Vec<(u32, Vec<u8>)>> {
        let tasks = std::fs::read_dir("/proc/self/task").ok()?;
        let thread = |task: std::fs::DirEntry| {
            let number = task.file_name().to_str()?.parse().ok()?;
            // A thread that has ended meanwhile has none.
            let mut name = std::fs::read(task.path().join("comm")).ok()?;
            name.pop_if(|last| *last == b'\n');
            Some((number, name))
        };
        Some(tasks.map_while(Result::ok).filter_map(thread).collect())
    }

    /// Returns whether a thread of this process waits in a futex.
    pub(crate) fn waits_for_a_futex(number: u32) -> Option<bool> {
        // `202 0x7f… …`, or `running`.
        let call = std::fs::read_to_string(format!("/proc/self/task/{number}/syscall")).ok()?;
        let call = call.split_ascii_whitespace().next()?;
        Some(call.parse() == Ok(libc::SYS_futex))
    }

    /// Returns whether a thread of this process is on a processor, or waits for one.
    pub(crate) fn computes(number: u32) -> Option<bool> {
        let stat = std::fs::read_to_string(format!("/proc/self/task/{number}/stat")).ok()?;
        // `4711 (name) S …`, and the name may be anything.
        let state = stat.rsplit_once(") ")?.1.chars().next()?;
        Some(state == 'R')
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    pub(crate) fn kept(name: &[u8]) -> &[u8] {
        name
    }

    pub(crate) fn threads() -> Option<Vec<(u32, Vec<u8>)>> {
        None
    }

    pub(crate) fn waits_for_a_futex(_: u32) -> Option<bool> {
        None
    }

    pub(crate) fn number() -> Option<u32> {
        None
    }

    pub(crate) fn computes(_: u32) -> Option<bool> {
        None
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::{PollingThread, system};
    use std::sync::mpsc::channel;

    /// Runs a thread of this name while this closure runs with its number.
    fn with_thread<T>(name: &str, ask: impl FnOnce(u32) -> T) -> T {
        let ((here, number), (stop, stopped)) = (channel(), channel::<()>());
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            here.send(PollingThread::current().id).unwrap();
            let _ = stopped.recv();
        });
        let answer = ask(number.recv().unwrap().unwrap());
        drop(stop);
        thread.unwrap().join().unwrap();
        answer
    }

    #[test]
    fn rule_91_threads_are_one_kind_by_their_names_without_the_number() {
        for (name, other, are_one) in [
            ("my-pool-1", "my-pool-22", true),
            ("my-pool-1", "my-pool-1", true),
            ("my-poll-1", "my-pole-1", false),
            ("a name longer than 15 bytes 1", "a name longer than 16 bytes", true),
        ] {
            let found = with_thread(other, |number| {
                PollingThread::all_named_as(name).unwrap().into_iter().any(|thread| thread.id == Some(number))
            });
            assert_eq!(found, are_one, "{name} {other}");
        }
    }

    #[test]
    fn rule_91_a_thread_that_waits_for_another_waits_in_a_futex() {
        let this = PollingThread::current().id.unwrap();
        assert_eq!(system::waits_for_a_futex(this), Some(false));
        with_thread("waits", |number| {
            // It is about to wait.
            while system::waits_for_a_futex(number) == Some(false) {
                std::thread::yield_now();
            }
        });
    }

    #[test]
    fn a_thread_that_waits_is_distinguished_from_one_that_computes() {
        let mut this = PollingThread::current();
        this.look();
        assert_eq!(this.computes, Some(true));

        let ((here, other), (stop, stopped)) = (channel(), channel::<()>());
        let waiting = std::thread::Builder::new().name("a) R (b".to_owned()).spawn(move || {
            here.send(PollingThread::current()).unwrap();
            let _ = stopped.recv();
        });
        let mut other = other.recv().unwrap();
        // It is about to wait.
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
