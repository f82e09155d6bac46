//! Reads the head of a function. The body stays one raw token, so that large or incomplete bodies cost nothing.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::{ToTokens, TokenStreamExt};
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Attribute, Error, Result, Signature, Token, Visibility};

use crate::model::Kind;

/// A function whose body is not parsed.
pub(crate) struct Function {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) signature: Signature,
    body: TokenTree,
}

impl ToTokens for Function {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.append_all(&self.attributes);
        self.visibility.to_tokens(tokens);
        self.signature.to_tokens(tokens);
        self.body.to_tokens(tokens);
    }
}

/// Reads the annotated item.
pub(crate) fn function(kind: Kind, item: TokenStream) -> Result<Function> {
    let read = |input: ParseStream<'_>| {
        let attributes = input.call(Attribute::parse_outer)?;
        let visibility = input.parse()?;
        let ahead = input.fork();
        if ahead.parse::<Signature>().is_err() && !starts_a_function(input) {
            return Err(input.error(format!("`#[{}]` goes on an `async fn`", kind.attribute())));
        }
        let signature: Signature = input.parse()?;
        if input.peek(Token![;]) {
            return Err(input.error(format!("a {kind} needs a body; write it here, in braces")));
        }
        let body = input.call(body)?;
        Ok(Function { attributes, visibility, signature, body })
    };
    read.parse2(item)
}

fn starts_a_function(input: ParseStream<'_>) -> bool {
    input.peek(Token![fn]) || input.peek(Token![async]) || input.peek(Token![unsafe]) || input.peek(Token![extern])
}

fn body(input: ParseStream<'_>) -> Result<TokenTree> {
    let body = TokenTree::parse(input)?;
    match &body {
        // A body from a `$body:block` has no delimiters.
        TokenTree::Group(group) if matches!(group.delimiter(), Delimiter::Brace | Delimiter::None) => Ok(body),
        _ => Err(Error::new_spanned(body, "expected the body of the function, in braces")),
    }
}
