//! What types must be; each error stands at the function's name, the type or the default that is wrong.
#![allow(unused)]
use std::rc::Rc;

use lifespan::{Scope, lifespan_context, lifespan_task};

#[lifespan_task]
async fn not_send() {
    let shared = Rc::new(5);
    std::future::ready(()).await;
    drop(shared);
}

struct NoError;

#[lifespan_task]
async fn misfit() -> Result<(), NoError> {
    Err(NoError)
}

type Aliased<T> = Result<T, NoError>;

#[lifespan_context]
async fn misfit_behind_an_alias() -> Aliased<u8> {
    Ok(5)
}

#[lifespan_task]
async fn value_of_a_task() -> u32 {
    5
}

#[lifespan_task]
async fn result_of_a_task() -> Result<u32, String> {
    Ok(5)
}

#[lifespan_context]
async fn not_sync() -> std::cell::Cell<u8> {
    std::cell::Cell::new(5)
}

type Nothing = Result<(), String>;

#[lifespan_context]
async fn nothing_behind_an_alias() -> Nothing {
    Ok(())
}

#[lifespan_task]
async fn default_of_another_type(#[config(default = "five".len())] count: u32) {}

#[lifespan_task]
async fn text_default(#[config(default = "five")] count: own::Count) {}

mod own {
    #[derive(Clone, serde::Deserialize)]
    pub struct Count;

    #[derive(Clone, serde::Deserialize)]
    pub struct Duration;
}

#[lifespan_task]
async fn text_default_of_an_own_duration(#[config(default = "5s")] every: own::Duration) {}

struct NotInjected;

#[lifespan_task]
async fn not_injected(#[inject] thing: NotInjected) {}

/// Named as one of the framework's.
struct App;

#[lifespan_task]
async fn own_app(app: App) {}

#[lifespan_context]
async fn value_beside_a_scope(scope: Scope<u8>) -> u8 {
    scope.provide_until_shutdown(5).await;
    5
}

struct NotClone;

#[lifespan_task]
async fn not_clone(thing: NotClone) {}

#[derive(Clone)]
struct NotDeserialize;

#[lifespan_task]
async fn not_deserialize(thing: NotDeserialize, #[config(default = NotDeserialize)] other: NotDeserialize) {}

#[lifespan_task]
async fn not_clone_but_code(#[config(code)] thing: NotClone) {}

#[lifespan_task]
async fn not_send_argument(#[config(code)] shared: Rc<u8>) {}

#[derive(Clone, serde::Deserialize)]
struct NotDisplay;

#[lifespan_task]
async fn key_without_text(#[config(key)] site: NotDisplay) {}

fn main() {}
