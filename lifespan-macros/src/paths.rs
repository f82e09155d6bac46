//! Where generated code finds what it names: everything is at one path.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Path;

/// The module of the framework that holds all that generated code may name.
pub(crate) fn private(framework: Option<&Path>) -> TokenStream {
    match framework {
        Some(path) => quote!(#path::__private),
        None => quote!(::lifespan::__private),
    }
}
