//! Reads the input of `discover!`.

use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::{Attribute, Error, Ident, Path, Signature, Token, Visibility};

use crate::util::Errors;

const FORM: &str = "write `pub fn lifespan_tasks();`, and `link my_jobs, my_models;` to link crates";

/// The input of `discover!`.
pub(super) struct Discover {
    pub(super) attributes: Vec<Attribute>,
    pub(super) visibility: Visibility,
    pub(super) signature: Signature,
    pub(super) links: Vec<Link>,
    pub(super) framework: Option<Path>,
}

/// A crate to link: its local name and its real name.
pub(super) struct Link {
    pub(super) local: Ident,
    pub(super) real: Ident,
}

pub(super) fn read(input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Discover> {
    let attributes = input.call(Attribute::parse_outer)?;
    let visibility = input.parse()?;
    let signature: Signature = input.parse().map_err(|error| Error::new(error.span(), format!("{error}; {FORM}")))?;
    input.parse::<Token![;]>().map_err(|error| {
        Error::new(error.span(), format!("`discover!` generates the body of this function; end it with `;`: {FORM}"))
    })?;
    let mut discover = Discover { attributes, visibility, signature, links: Vec::new(), framework: None };
    while !input.is_empty() {
        let word = input.call(Ident::parse_any)?;
        if word == "link" {
            links(input, &mut discover.links)?;
            if !input.peek(Token![;]) {
                return Err(input.error("`link` takes plain crate names; write `link my_jobs, my_models;`, or `link local_name as real_name;` for one that Cargo.toml renames"));
            }
        } else if word == "crate" {
            input.parse::<Token![=]>()?;
            let path = input.parse()?;
            if discover.framework.replace(path).is_some() {
                errors.at(word, "`crate` is given twice; remove one");
            }
        } else {
            let message = format!(
                "unknown item `{word}` in `discover!`; {FORM}, and `crate = path;` if the framework is renamed"
            );
            return Err(Error::new_spanned(word, message));
        }
        input.parse::<Token![;]>()?;
    }
    Ok(discover)
}

fn links(input: ParseStream<'_>, links: &mut Vec<Link>) -> syn::Result<()> {
    loop {
        let local = input.call(Ident::parse_any).map_err(|error| {
            Error::new(error.span(), "`link` needs the names of crates; write `link my_jobs, my_models;`")
        })?;
        let real =
            if input.parse::<Option<Token![as]>>()?.is_some() { input.call(Ident::parse_any)? } else { local.clone() };
        links.push(Link { local, real });
        if input.parse::<Option<Token![,]>>()?.is_none() || input.peek(Token![;]) {
            return Ok(());
        }
    }
}
