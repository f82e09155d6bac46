//! Only there because `links` in Cargo.toml asks for a build script; see the comment there.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
}
