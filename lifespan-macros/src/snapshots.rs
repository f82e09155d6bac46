//! Compares the expansions of typical functions with snapshot files; `SNAPSHOTS=write cargo test` updates the files.

use std::path::Path;

use proc_macro2::TokenStream;
use quote::quote;

use crate::model::Kind;

#[track_caller]
fn check(name: &str, kind: Kind, arguments: TokenStream, item: &TokenStream) {
    compare(name, crate::unit(kind, arguments, item));
}

#[track_caller]
fn compare(name: &str, tokens: TokenStream) {
    let expansion = prettyplease::unparse(&syn::parse2(tokens).expect("the expansion is a file of Rust"));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots").join(name).with_extension("rs");
    if std::env::var_os("SNAPSHOTS").is_some_and(|action| action == "write") {
        std::fs::write(&path, &expansion).expect("the snapshot can be written");
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    let line = expansion.lines().zip(expected.lines()).position(|(is, was)| is != was);
    assert!(
        expansion == expected,
        "the expansion of {name} differs from its snapshot, first in line {:?}; if that is intended, run \
         `SNAPSHOTS=write cargo test`:\n\
         {expansion}",
        line.map(|line| line + 1),
    );
}

#[test]
fn a_task_without_parameters() {
    check(
        "plain_task",
        Kind::Task,
        quote!(),
        &quote!(
            async fn ends_well() {}
        ),
    );
}

#[test]
fn a_task_with_keyword_arguments_and_resources() {
    let item = quote! {
        /// Polls the upstream API.
        pub async fn long_running_task(foo: u32, bar: String, model: Res<Model>, shutdown: Shutdown) -> anyhow::Result<()> {
            api(foo, bar).await
        }
    };
    check("task", Kind::Task, quote!(), &item);
}

#[test]
fn a_task_that_restarts() {
    let item = quote! {
        async fn receive(url: String, #[config(code)] sink: Sink, ready: Ready) -> Result<(), Error> {
            ready.notify();
            run(url, sink).await
        }
    };
    let arguments = quote!(restart(transient, intensity = 5, backoff = "1s..10s", jitter = 1.0, reset_after = "5m"));
    check("restarting_task", Kind::Task, arguments, &item);
}

#[test]
fn a_task_with_a_schedule() {
    let item = quote! {
        async fn report(#[config(code)] sink: Sink, tick: Tick) -> Result<(), Error> {
            sink.send(tick).await
        }
    };
    let arguments = quote!(
        every = "1m30s",
        start = "after_first_period",
        jitter = "5s",
        missed = "all",
        overlap = "parallel(2)",
        timeout = "10s"
    );
    check("scheduled_task", Kind::Task, arguments, &item);
}

#[test]
fn a_task_that_blocks() {
    let item = quote! {
        fn transcode(path: PathBuf, shutdown: Shutdown) -> Result<(), Error> {
            run(path, shutdown)
        }
    };
    check("blocking_task", Kind::Task, quote!(blocking), &item);
}

#[test]
fn a_context_with_a_scope() {
    let item = quote! {
        async fn setup_model(#[config(default = 42.0)] factor: f64, scope: Scope<Model>) -> anyhow::Result<()> {
            scope.provide_until_shutdown(Model::load(factor).await?).await;
            Ok(())
        }
    };
    check("context", Kind::Context, quote!(last, shutdown_timeout = "3s", readiness = "required"), &item);
}

#[test]
fn a_context_that_returns_its_resource() {
    let item = quote! {
        pub(crate) async fn http_client() -> Client {
            Client::new()
        }
    };
    check("returning_context", Kind::Context, quote!(), &item);
}

#[test]
fn a_once_task_after_another() {
    let item = quote! {
        async fn migrate(db: Option<Res<Db>>) -> Result<Migrated, Error> {
            db.migrate().await
        }
    };
    check("once", Kind::Task, quote!(once, after(crate::db::open), on_failure = "ignore"), &item);
}

#[test]
fn every_kind_of_keyword_argument() {
    let item = quote! {
        #[cfg(unix)]
        async fn r#type(
            /// The address to listen on.
            #[config(default = "localhost", env = "HOST")] host: String,
            #[config(key, rename = "site", alias = "place")] name: String,
            #[config(secret)] token: Token,
            #[config(code)] r#in: Receiver<u8>,
            #[config] app: Res<Mine>,
            #[inject] other: Alias,
        ) -> ! {
            loop {}
        }
    };
    check("arguments", Kind::Task, quote!(config = Kinds, crate = renamed::lifespan), &item);
}

#[test]
fn the_accessor_of_what_was_discovered() {
    let input = quote! {
        /// Every task and context in this program.
        #[cfg(unix)]
        pub fn lifespan_tasks();
        link my_jobs, short as my_models;
        link more,;
        crate = renamed::lifespan;
    };
    compare("discover", crate::discover::expand(input));
}
