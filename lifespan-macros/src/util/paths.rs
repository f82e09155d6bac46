//! The one path through which generated code names the framework.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Path;

/// Returns the path of the framework's module for generated code.
pub(crate) fn private(framework: Option<&Path>) -> TokenStream {
    framework.map_or_else(|| quote!(::lifespan::__private), |path| quote!(#path::__private))
}
