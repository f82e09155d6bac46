//! Every input that the macros refuse, with the message that is shown for it.
//!
//! `TRYBUILD=overwrite cargo test --test compile_fail` renews the messages; read the difference before committing it.

#![cfg(feature = "config")] // Without it an argument need not be `Deserialize`.

#[test]
fn every_refused_input_says_what_where_and_what_to_do() {
    trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
}
