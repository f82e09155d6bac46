//! Finds names and values in the sources that have no effect: unknown names, and values in the wrong place.

mod check;
mod file;
mod found;
mod set;
mod variables;
