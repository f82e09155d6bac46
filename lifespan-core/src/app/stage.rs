//! Whether an app is still being put together, or was launched.
//!
//! # Invariants
//! - Reading the draft runs user code: default expressions and `Deserialize`. The draft is taken out for it, and no lock is
//!   held. Other threads that want the draft wait until it is back; the thread that reads it is refused.

use std::mem::replace;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::ThreadId;

use super::options::Options;
use crate::plan::draft::Draft;
use crate::plan::roster::Roster;

pub(super) struct Stage {
    now: Mutex<Now>,
    /// Notified when the draft is back.
    back: Condvar,
}

enum Now {
    /// Before launch.
    Drafting(Asked),
    /// Before launch, or within it: this thread reads the draft.
    Reading(ThreadId),
    /// Launched, or refused: from here on, nothing can be registered.
    Launched(Arc<Roster>),
}

/// What code asks for.
pub(super) struct Asked {
    pub(super) draft: Box<Draft>,
    pub(super) options: Options,
}

/// What code asks for, taken out to be read. It is put back when this is dropped.
pub(super) struct Taken<'a> {
    stage: &'a Stage,
    asked: Option<Asked>,
}

impl Stage {
    pub(super) fn new(draft: Draft, options: Options) -> Self {
        let asked = Asked { draft: Box::new(draft), options };
        Self { now: Mutex::new(Now::Drafting(asked)), back: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Now> {
        let own = std::thread::current().id();
        let now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        let is_elsewhere = |now: &mut Now| matches!(now, Now::Reading(reader) if *reader != own);
        self.back.wait_while(now, is_elsewhere).unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, next: Now) {
        let before = replace(&mut *self.lock(), next);
        self.back.notify_all();
        drop(before);
    }

    /// Changes what is asked for. Returns `None` after launch, and to the thread that reads the draft.
    pub(super) fn edit<T>(&self, change: impl FnOnce(&mut Draft, &mut Options) -> T) -> Option<T> {
        match &mut *self.lock() {
            Now::Drafting(Asked { draft, options }) => Some(change(draft, options)),
            Now::Reading(_) | Now::Launched(_) => None,
        }
    }

    /// Takes the draft out. Returns `None` after launch, and to the thread that reads it already.
    pub(super) fn take(&self) -> Option<Taken<'_>> {
        let mut now = self.lock();
        if !matches!(&*now, Now::Drafting(_)) {
            return None;
        }
        match replace(&mut *now, Now::Reading(std::thread::current().id())) {
            Now::Drafting(asked) => Some(Taken { stage: self, asked: Some(asked) }),
            Now::Reading(_) | Now::Launched(_) => None,
        }
    }

    /// Returns what was launched.
    pub(super) fn roster(&self) -> Option<Arc<Roster>> {
        match &*self.lock() {
            Now::Launched(roster) => Some(Arc::clone(roster)),
            Now::Drafting(_) | Now::Reading(_) => None,
        }
    }

    /// The app was launched, or has another plan.
    pub(super) fn launched(&self, roster: Arc<Roster>) {
        self.set(Now::Launched(roster));
    }
}

impl Taken<'_> {
    pub(super) fn asked(&self) -> &Asked {
        self.asked.as_ref().expect("it is there until `launch` consumes this")
    }

    /// The app is launched with what was read: it is not put back.
    pub(super) fn launch(mut self, roster: Arc<Roster>) -> Asked {
        self.stage.launched(roster);
        self.asked.take().expect("only this takes it")
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        if let Some(asked) = self.asked.take() {
            self.stage.set(Now::Drafting(asked));
        }
    }
}
