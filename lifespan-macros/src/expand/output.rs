//! The return type of a unit in generated code.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::ReturnType;
use syn::spanned::Spanned;

use crate::model::{Output, Unit};

pub(super) fn output_span(unit: &Unit) -> Span {
    match &unit.output {
        Output::Never(span) => *span,
        Output::Runs(ReturnType::Type(_, ty)) | Output::Returns(ReturnType::Type(_, ty)) => ty.span(),
        Output::Runs(ReturnType::Default) | Output::Returns(ReturnType::Default) => unit.function.span(),
    }
}

pub(super) fn type_of(output: &ReturnType) -> TokenStream {
    match output {
        ReturnType::Default => quote!(()),
        ReturnType::Type(_, ty) => quote!(#ty),
    }
}
