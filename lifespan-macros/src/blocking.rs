//! Validates `blocking` tasks, and generates their start.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::Signature;

use crate::errors::Errors;
use crate::model::{Kind, Options, Output};

/// Checks that a unit is async, and that a `blocking` task is not.
pub(crate) fn asyncness(kind: Kind, blocking: Option<&Ident>, signature: &Signature, errors: &mut Errors) {
    match (kind, blocking, signature.asyncness) {
        (Kind::Context, Some(blocking), _) => errors.at(
            blocking,
            "a context can't be `blocking`, since it awaits its `Scope`; remove `blocking`, and run blocking code in \
             `tokio::task::spawn_blocking` or in a `blocking` task",
        ),
        (Kind::Task, Some(_), Some(asyncness)) => errors.at(
            asyncness,
            "a `blocking` task is a plain `fn`, which runs on its own thread; remove `async`, or remove `blocking` \
             from the attribute to run it on the runtime",
        ),
        (Kind::Task, None, None) => errors.at(
            signature.fn_token,
            "a task is an `async fn`, or a plain `fn` that runs on its own thread; write `async` before `fn`, or, if it \
             blocks, `#[lifespan_task(blocking)]`",
        ),
        (Kind::Context, None, None) => {
            errors.at(signature.fn_token, "a context is an `async fn`; write `async` before `fn`");
        }
        _ => {}
    }
}

/// Rejects options that would need to end a thread from outside.
pub(crate) fn combinations(options: &Options, on_shutdown: Option<&Ident>, output: &Output, errors: &mut Errors) {
    if !options.blocking {
        return;
    }
    if let (Some(tokens), Some("drop")) = (on_shutdown, options.on_shutdown.as_ref().map(|choice| choice.word)) {
        errors.at(
            tokens,
            "a `blocking` task can't be dropped, since a thread can't be ended from outside; take `shutdown: Shutdown` \
             to be notified, or choose \"finish\"",
        );
    }
    if let Output::Never(never) = output {
        let error = syn::Error::new(
            *never,
            "a `blocking` task can't return `!`, since a thread can't be ended from outside; take `shutdown: Shutdown`, \
             and return when shutdown is requested",
        );
        errors.push(error);
    }
}

/// Returns the message for a task that can't be notified because it has no `Shutdown`.
pub(crate) fn why_not_told(options: &Options) -> String {
    let or_drop = if options.blocking { "" } else { " or \"drop\"" };
    format!(
        "this task can't be notified of shutdown, since it has no `Shutdown`; take `shutdown: Shutdown`, or choose \"finish\"{or_drop}"
    )
}

/// Generates the start of a `blocking` task: its arguments are resolved here, and move to the thread with the function.
pub(crate) fn start(
    function: &Ident,
    take_config: Option<&TokenStream>,
    arguments: impl Iterator<Item = TokenStream>,
    (how, read): (&Ident, &TokenStream),
    runs: &TokenStream,
    p: &Ident,
) -> TokenStream {
    let (names, arguments): (Vec<_>, Vec<_>) = arguments
        .enumerate()
        .map(|(index, argument)| (format_ident!("argument_{index}", span = Span::mixed_site()), argument))
        .unzip();
    let mutability = (!names.is_empty()).then(|| quote!(mut));
    // Arguments that are not `Send` are reported at this name.
    let job = Ident::new("job", Span::mixed_site().located_at(function.span()));
    let runs = format_ident!("blocking_{}", runs.to_string());
    quote_spanned! {Span::mixed_site()=>
        |#mutability start| {
            #take_config
            #(let #names = #arguments;)*
            let #job = move || #function(#(#names),*);
            let #how = #read;
            #p::#runs(start, #job, #how)
        }
    }
}
