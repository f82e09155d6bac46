//! `group!`: units that are restarted together when one fails, with the strategies of Erlang's OTP.

mod expand;
mod read;

pub(crate) use expand::expand;
