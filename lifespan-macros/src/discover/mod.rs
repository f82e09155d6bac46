//! `discover!`: the function that lists all units, and the crates that are linked for it.

mod check;
mod expand;
mod read;

pub(crate) use expand::expand;
