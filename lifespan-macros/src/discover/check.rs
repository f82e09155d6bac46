//! Checks the input of `discover!`.

use syn::{ReturnType, Signature};

use super::read::{Discover, Link};
use crate::model::plain;
use crate::util::Errors;

pub(super) fn check(discover: &Discover, errors: &mut Errors) {
    let Signature { constness, asyncness, abi, generics, inputs, output, .. } = &discover.signature;
    if let Some(word) = constness {
        errors.at(word, "this function can't be `const`, since it reads a list that the linker builds; remove `const`");
    }
    if let Some(word) = asyncness {
        errors.at(word, "this function can't be `async`, since it waits for nothing; remove `async`");
    }
    if let Some(word) = abi {
        errors.at(word, "this function can't be `extern`; remove `extern`");
    }
    if !generics.params.is_empty() {
        errors.at(generics, "this function can't be generic; remove the parameters");
    }
    if !inputs.is_empty() {
        errors.at(inputs, "this function takes no parameters; remove them");
    }
    if let ReturnType::Type(..) = output {
        errors.at(output, "this function always returns `Discovered`; remove the return type");
    }
    let mut seen = Vec::new();
    for Link { local, real } in &discover.links {
        if ["self", "crate", "super", "Self"].iter().any(|word| local == word) {
            errors.at(local, "the units of this crate are always included; remove it from the list");
        } else if seen.contains(&plain(real)) {
            errors.at(local, format!("crate `{}` is linked twice; remove one", plain(real)));
        }
        seen.push(plain(real));
    }
}
