//! `discover!` naming a crate that does not exist.
#![allow(unused)]

lifespan::discover! {
    pub fn units();
    link no_such_crate;
}

fn main() {}
