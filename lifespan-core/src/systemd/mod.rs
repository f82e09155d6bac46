//! Notifies systemd of the app's state.

mod notify;
mod socket;
mod status_text;

pub(crate) use notify::notify;
