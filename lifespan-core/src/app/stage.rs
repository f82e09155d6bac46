//! The stage of an app: being configured, or launched.
//!
//! # Invariants
//! - Reading the draft runs user code: default expressions and `Deserialize`. So the draft is taken out, and no lock is
//!   held. Other threads that need the draft wait until it is back; the reading thread itself is refused.

use std::mem::replace;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::ThreadId;

use crate::plan::{Draft, Options};

pub(super) struct Stage {
    now: Mutex<Now>,
    /// Notified when the draft is back.
    back: Condvar,
}

enum Now {
    /// Before launch.
    Drafting(Box<Asked>),
    /// Before or during the launch: this thread is reading the draft.
    Reading(ThreadId),
    /// Launched, or refused: from here on, nothing can be registered.
    Launched,
}

/// The requests made by code.
pub(super) struct Asked {
    pub(super) draft: Box<Draft>,
    pub(super) options: Options,
}

/// The draft, taken out for reading. Dropping this puts it back.
pub(super) struct Taken<'a> {
    stage: &'a Stage,
    asked: Option<Box<Asked>>,
}

impl Stage {
    pub(super) fn new(draft: Draft, options: Options) -> Self {
        let asked = Box::new(Asked { draft: Box::new(draft), options });
        Self { now: Mutex::new(Now::Drafting(asked)), back: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Now> {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        while matches!(&*now, Now::Reading(reader) if *reader != std::thread::current().id()) {
            now = self.back.wait(now).unwrap_or_else(PoisonError::into_inner);
        }
        now
    }

    fn set(&self, next: Now) {
        let before = replace(&mut *self.lock(), next);
        self.back.notify_all();
        drop(before);
    }

    /// Changes the draft. Returns `None` after the launch, and to the thread that is reading it.
    pub(super) fn edit<T>(&self, change: impl FnOnce(&mut Draft, &mut Options) -> T) -> Option<T> {
        match &mut *self.lock() {
            Now::Drafting(asked) => Some(change(&mut asked.draft, &mut asked.options)),
            Now::Reading(_) | Now::Launched => None,
        }
    }

    /// Takes the draft out. Returns `None` after the launch, and to the thread that is already reading it.
    pub(super) fn take(&self) -> Option<Taken<'_>> {
        let mut now = self.lock();
        if !matches!(&*now, Now::Drafting(_)) {
            return None;
        }
        match replace(&mut *now, Now::Reading(std::thread::current().id())) {
            Now::Drafting(asked) => Some(Taken { stage: self, asked: Some(asked) }),
            Now::Reading(_) | Now::Launched => None,
        }
    }

    /// Returns whether the app was launched.
    pub(super) fn is_launched(&self) -> bool {
        matches!(&*self.lock(), Now::Launched)
    }
}

impl Taken<'_> {
    pub(super) fn asked(&self) -> &Asked {
        self.asked.as_deref().expect("it is there until `launch` consumes this")
    }

    /// Launches the app with the draft, which is not put back.
    pub(super) fn launch(mut self) -> Asked {
        self.stage.set(Now::Launched);
        *self.asked.take().expect("only this takes it")
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        if let Some(asked) = self.asked.take() {
            self.stage.set(Now::Drafting(asked));
        }
    }
}
