//! What a unit is started with: its config and everything that its parameters may ask for.

use std::any::Any;

use crate::inject::Inject;

/// What generated code draws a unit's parameters from.
pub struct Start {
    config: Box<dyn Any + Send>,
}

impl Start {
    /// Takes the config out, by value.
    ///
    /// # Panics
    /// If generated code asks for another type than its `bind` made.
    pub fn config<C: 'static>(&mut self) -> C {
        let config = std::mem::replace(&mut self.config, Box::new(()));
        *config.downcast().expect("a unit is started with the config that its `bind` made")
    }

    /// What one injected parameter asks for.
    pub fn inject<T: Inject>(&mut self) -> T {
        T::inject(self)
    }
}
