//! A library with its own units, independent of the programs that link it.

use lifespan::prelude::*;

/// The resource that this library provides.
#[derive(Debug)]
pub struct Greeting(
    /// The text.
    pub String,
);

/// Provides the greeting.
#[lifespan_context]
pub async fn greeting(#[config(default = "hello from the library")] text: String, scope: Scope<Greeting>) {
    println!("greeting, of the library: up");
    scope.provide_until_shutdown(Greeting(text)).await;
    println!("greeting, of the library: torn down");
}

/// A task of the library.
#[lifespan_task(once)]
pub async fn tidy_up() {
    println!("tidy_up, of the library: done");
}
