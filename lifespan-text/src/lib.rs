//! The names and values of settings of [`lifespan`](https://docs.rs/lifespan). Use that crate instead of this one.
//!
//! An attribute, a TOML file and an environment variable accept the same text for the same setting, and refuse a text with
//! the same message: the macros and the core read it here. Messages do not repeat the text, which may be a secret.

mod contradiction;
mod cron;
mod duration;
mod from_text;
mod names;
mod nearest;
mod numbers;
mod path;
mod policy;
mod table;
mod word_list;
mod words;

pub use contradiction::{Contradiction, Scheduled};
pub use cron::{CronLine, NEEDS_CRON, TimeZoneName};
#[cfg(feature = "cron")]
pub use cron::{cron_line, time_zone};
pub use duration::{Backoff, Period};
pub use from_text::FromText;
pub use names::Names;
pub use nearest::{advice, nearest};
pub use numbers::Share;
pub use path::Folder;
pub use policy::{RestartSettings, ScheduleSettings, UnitSettings};
pub use table::{Examples, Setting, SettingName, Source};
pub use word_list::{Words, is_word};
pub use words::{Begin, Missed, OnFailure, OnReturn, OnShutdown, Overlap, Readiness, Strategy, When};
