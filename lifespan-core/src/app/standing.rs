//! How the resources of a run stand, for crates that answer for the app to the outside.

#[cfg(feature = "axum")]
use std::any::TypeId;
use std::sync::Arc;

use super::App;
#[cfg(feature = "axum")]
use crate::plan::edges::provides;
use crate::plan::roster::{Entry, short_type};
use crate::state::State;
use crate::unit::Need;

impl App {
    /// Whether a unit of this run provides that, be it there at this moment or not.
    #[cfg(feature = "axum")]
    pub(crate) fn is_planned(&self, ty: TypeId) -> bool {
        let roster = self.hub().read(|facts| Arc::clone(&facts.roster));
        roster.running().any(|entry| provides(entry.unit).is_some_and(|provided| provided.id == ty))
    }

    /// Whether the app can do its work: it is up, and every resource is there that somebody takes as
    /// [`Live`](crate::Live). It is not while the context of such a one is restarted, and from the request of shutdown on.
    ///
    /// ```
    /// let app = lifespan::App::empty();
    /// assert!(!app.is_ready());
    /// ```
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.state() == State::Up && self.away().is_empty()
    }

    /// The resources that somebody takes as `Live`, and that are not there at this moment, by the names of their types.
    #[doc(hidden)]
    #[must_use]
    pub fn away(&self) -> Vec<String> {
        let roster = self.hub().read(|facts| Arc::clone(&facts.roster));
        let mut away = Vec::new();
        for need in roster.running().flat_map(Entry::all_needs) {
            if let Need::Live(ty) = need
                && !self.resources().has(ty.id)
            {
                let name = short_type(ty.name);
                if !away.contains(&name) {
                    away.push(name);
                }
            }
        }
        away
    }
}
