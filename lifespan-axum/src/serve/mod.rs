//! Serves connections: accepts them, answers their requests, and shuts down without losing one.

mod accept;
mod answer;
mod body;
mod close;
mod connection;
mod health;
mod limits;
mod progress;
mod socket;

pub(crate) use accept::serve;
pub(crate) use answer::Answer;
pub(crate) use limits::Limits;
