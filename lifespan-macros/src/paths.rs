//! Where generated code finds what it names: everything is at one path.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Path;

/// The module of the framework that holds all that generated code may name.
pub(crate) fn private(framework: Option<&Path>) -> TokenStream {
    framework.map_or_else(|| quote!(::lifespan::__private), |path| quote!(#path::__private))
}
