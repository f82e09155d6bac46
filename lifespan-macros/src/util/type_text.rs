//! Prints tokens with the usual spacing: `Vec<u8>` instead of `Vec < u8 >`.

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};
use quote::ToTokens;

/// Returns the text of a type or a path.
pub(crate) fn type_text(tokens: impl ToTokens) -> String {
    let mut text = String::new();
    write(tokens.into_token_stream(), &mut text);
    text
}

fn write(tokens: TokenStream, text: &mut String) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
                };
                text.push_str(open);
                write(group.stream(), text);
                text.push_str(close);
            }
            TokenTree::Punct(punct) => match punct.as_char() {
                ',' | ';' => {
                    text.push(punct.as_char());
                    text.push(' ');
                }
                '+' | '=' => {
                    text.push(' ');
                    text.push(punct.as_char());
                    text.push(' ');
                }
                '-' if punct.spacing() == Spacing::Joint => text.push_str(" -"),
                '>' if text.ends_with(" -") => text.push_str("> "),
                other => text.push(other),
            },
            word @ (TokenTree::Ident(_) | TokenTree::Literal(_)) => {
                let in_word = |c: char| c.is_alphanumeric() || c == '_' || c == ')';
                // After a lifetime, `'a str`, and between two words, `dyn Error`.
                if text.ends_with(in_word) {
                    text.push(' ');
                }
                text.push_str(&word.to_string());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_written_as_people_write_them() {
        for text in [
            "u32",
            "HashMap<String, Vec<u8>>",
            "std::time::Duration",
            "Box<dyn Fn(u8) -> u8 + Send>",
            "&'static str",
            "[u8; 4]",
            "Option<(u8, r#type)>",
            "<T as Trait<Item = u8>>::X",
        ] {
            let tokens: TokenStream = text.parse().expect("these are tokens");
            assert_eq!(type_text(tokens), text);
        }
    }
}
