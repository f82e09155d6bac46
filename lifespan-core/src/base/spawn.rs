//! Starts threads. The work is boxed, so that what begins and ends a thread is compiled once, not for each kind of work.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Builder;

/// Starts a thread of this name, without a handle to join it.
pub(crate) fn spawn(name: impl Into<String>, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    spawn_boxed(name.into(), Box::new(work))
}

fn spawn_boxed(name: String, work: Box<dyn FnOnce() + Send>) -> io::Result<()> {
    Builder::new().name(name).spawn(work).map(drop)
}

/// Starts a thread of this name that works on a value. Without a thread the value is given back.
pub(crate) fn spawn_with<T: Send + 'static>(
    name: impl Into<String>,
    value: T,
    work: impl FnOnce(T) + Send + 'static,
) -> Result<(), Box<(io::Error, T)>> {
    let slot = Arc::new(Mutex::new(Some(value)));
    let take = |slot: &Mutex<Option<T>>| slot.lock().unwrap_or_else(PoisonError::into_inner).take();
    let taken = Arc::clone(&slot);
    let begun = spawn(name, move || {
        if let Some(value) = take(&taken) {
            work(value);
        }
    });
    // Only a thread takes it.
    begun.map_err(|error| Box::new((error, take(&slot).expect("there is no thread"))))
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn a_thread_has_its_name_and_works_on_its_value() {
        let (give, take) = channel();
        let name = || std::thread::current().name().map(str::to_owned);
        spawn_with("worker", 7, move |value| give.send((name(), value)).expect("the test waits")).expect("it starts");
        assert_eq!(take.recv().expect("it works"), (Some("worker".to_owned()), 7));
    }
}
