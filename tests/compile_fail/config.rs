//! What `#[config(…)]` takes.
#![allow(unused)]
use std::time::Duration;

use lifespan::{lifespan_context, lifespan_task};

#[lifespan_task]
async fn unknown(#[config(defualt = 1)] a: u8) {}

#[lifespan_task]
async fn repeated(#[config(default = 1, default = 2)] a: u8) {}

#[lifespan_task]
async fn without_value(#[config(default)] a: u8, #[config(env)] b: u8, #[config(rename())] c: u8) {}

#[lifespan_task]
async fn not_a_text(#[config(env = HOME)] a: u8, #[config(alias = 1)] b: u8) {}

#[lifespan_task]
async fn switches(#[config(secret = true)] a: u8, #[config(key(1))] b: u8) {}

#[lifespan_task]
async fn broken(#[config(default = )] a: u8, #[config(secret code)] b: u8, #[config(default = 1 +, nonsense)] c: u8) {}

#[lifespan_task]
async fn variables(#[config(env = "A B")] a: u8, #[config(env = "")] b: u8, #[config(env = "LIFESPAN__A")] c: u8) {}

#[lifespan_task]
async fn names(#[config(rename = "a.b")] a: u8, #[config(alias = "")] b: u8) {}

#[lifespan_task]
async fn clashes(
    a: u8,
    #[config(rename = "a")] b: u8,
    #[config(alias = "a", alias = "x", alias = "x")] c: u8,
    #[config(env = "V")] d: u8,
    #[config(env = "V")] e: u8,
) {
}

#[lifespan_task]
async fn two_keys(#[config(key)] a: u8, #[config(key)] b: u8) {}

#[lifespan_task]
async fn secret_key(#[config(key, secret)] a: u8) {}

#[lifespan_context]
async fn key_of_a_context(#[config(key)] a: u8) -> u8 {
    a
}

#[lifespan_task]
async fn code(#[config(code, env = "V", alias = "x", key)] a: u8) {}

#[lifespan_task]
async fn durations(
    #[config(default = "5 minutes")] a: std::time::Duration,
    #[config(default = "")] b: Duration,
    #[config(default = "5")] c: Duration,
) {
}

fn main() {}
