//! What `discover!` takes.
#![allow(unused)]

mod nothing {
    lifespan::discover! {}
}

mod no_semicolon {
    lifespan::discover! { pub fn units() }
}

mod body {
    lifespan::discover! { pub fn units() {} }
}

mod strange_word {
    lifespan::discover! { pub fn units(); include a; }
}

mod no_crates {
    lifespan::discover! { pub fn units(); link; }
}

mod path {
    lifespan::discover! { pub fn units(); link a::b; }
}

mod odd_function {
    lifespan::discover! { pub async fn units<T>(all: bool) -> Vec<u8>; }
}

mod itself_and_twice {
    lifespan::discover! { pub fn units(); link crate, one, two as one; crate = lifespan; crate = lifespan; }
}

fn main() {}
