//! Clients that connect repeatedly, and record every answer and every error.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;

use crate::tool::{PATIENCE, ask};

/// A group of clients, each on its own thread.
pub(crate) struct Clients {
    threads: Vec<JoinHandle<()>>,
    enough: Arc<AtomicBool>,
    heard: Arc<(Mutex<Heard>, Condvar)>,
}

/// The count of each answer and of each error text.
type Heard = BTreeMap<Result<String, String>, usize>;

impl Clients {
    pub(crate) fn connect(address: &str, count: usize) -> Self {
        let enough = Arc::new(AtomicBool::new(false));
        let heard = Arc::<(Mutex<Heard>, Condvar)>::default();
        let threads = (0..count).map(|_| {
            let (address, enough, heard) = (address.to_owned(), Arc::clone(&enough), Arc::clone(&heard));
            std::thread::spawn(move || {
                while !enough.load(Ordering::Relaxed) {
                    let answer = ask(&address).map_err(|error| error.to_string());
                    *heard.0.lock().expect("unpoisoned").entry(answer).or_default() += 1;
                    heard.1.notify_all();
                }
            })
        });
        Self { threads: threads.collect(), enough, heard }
    }

    /// Waits until this answer was received so many times.
    #[track_caller]
    pub(crate) fn wait_for(&self, answer: &str, times: usize) {
        let answer = Ok(answer.to_owned());
        let heard = self.heard.0.lock().expect("unpoisoned");
        let too_few = |heard: &mut Heard| heard.get(&answer).is_none_or(|count| *count < times);
        let (heard, waited) = self.heard.1.wait_timeout_while(heard, PATIENCE, too_few).expect("unpoisoned");
        assert!(!waited.timed_out(), "{answer:?} was not heard {times} times: {heard:?}");
    }

    /// Stops the clients, and returns all answers and errors.
    pub(crate) fn heard(self) -> Vec<Result<String, String>> {
        self.enough.store(true, Ordering::Relaxed);
        for thread in self.threads {
            thread.join().expect("no panic");
        }
        self.heard.0.lock().expect("unpoisoned").keys().cloned().collect()
    }
}
