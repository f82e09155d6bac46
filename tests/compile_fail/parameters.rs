//! What a parameter must be.
#![allow(unused)]
use std::collections::HashMap;

use lifespan::{lifespan_context, lifespan_task};

struct Live;
struct Lease<T>(T);
struct Shutdown;
struct Scope<T>(T);
struct Res<T>(T);

#[lifespan_task]
async fn impl_trait(make: impl Fn() -> u8) {}

#[lifespan_task]
async fn borrowed_text(text: &str) {}

#[lifespan_task]
async fn borrowed(list: &[u8], map: HashMap<u8, &u8>, cow: std::borrow::Cow<'_, str>) {}

#[lifespan_task]
async fn patterns((a, b): (u8, u8), _: u8, ref c: u8, d @ _: u8) {}

#[lifespan_task]
async fn injected_pattern(Res(inner): Res<u8>) {}

#[lifespan_task]
async fn reserved(live: Live, lease: Option<Lease<u8>>, lease_too: crate::Lease<u8>) {}

#[lifespan_task]
async fn app_of_another_type(app: String) {}

#[lifespan_task]
async fn optional(shutdown: Option<Shutdown>, health: Option<lifespan::Health>) {}

#[lifespan_task]
async fn config_and_inject(#[config] #[inject] a: u8) {}

#[lifespan_task]
async fn twice(#[config] #[config(secret)] a: u8, #[inject] #[inject] b: u8) {}

#[lifespan_task]
async fn inject_with_arguments(#[inject(always)] a: u8, #[config = 5] b: u8) {}

#[lifespan_task]
async fn conditional(#[cfg(unix)] a: u8) {}

#[lifespan_context]
async fn two_scopes(one: Scope<u8>, two: Scope<u16>) {}

#[lifespan_task]
async fn task_with_scope(scope: Scope<u8>) {}

#[lifespan_context]
async fn nothing() {}

#[lifespan_context]
async fn nothing_in_words() -> () {}

// Both errors are shown.
#[lifespan_task]
fn two_errors(text: &str) {}

fn main() {}
