//! What users may do around our attributes: names of ours, raw identifiers, macros, function bodies, strict lints.
#![forbid(unsafe_code)]
#![deny(warnings, missing_docs, rust_2018_idioms, unreachable_pub, missing_debug_implementations)]
#![deny(clippy::all, clippy::pedantic)]

use std::any::TypeId;
use std::time::Duration;

use lifespan::__private::{Config, Descriptor, OnFailure, OnReturn, OnShutdown};

/// The descriptor of a config's unit.
fn descriptor<C: Config>() -> &'static Descriptor {
    C::descriptor()
}

pub mod lints {
    //! Functions under strict lints, with everything that can be said about them.
    use lifespan::{lifespan_context, lifespan_task};

    /// Ticks.
    ///
    /// And tocks.
    #[lifespan_task]
    pub(crate) async fn tick(
        /// How often.
        #[config(default = 3, env = "TICK_EVERY")]
        every: u32,
        #[config(default = "here")] place: String,
        #[config(secret)] token: String,
        #[config(code)] channel: std::sync::mpsc::Sender<&'static str>,
        #[config(rename = "kebab-case", alias = "other", alias = "another")] renamed: Vec<(u8, std::ops::Range<u8>)>,
    ) -> Result<(), std::io::Error> {
        std::future::ready((every, place, token, channel, renamed)).await;
        Ok(())
    }

    #[allow(clippy::too_many_arguments, clippy::fn_params_excessive_bools, clippy::many_single_char_names)]
    #[lifespan_task(
        name = "other-name",
        config = Eight,
        manual,
        once,
        first,
        after(tick, self::resource),
        before(super::bodies::outer),
        startup_timeout = "1h30m",
        shutdown_timeout = "500ms",
        on_failure = "ignore",
        on_return = "shutdown",
        on_shutdown = "finish",
        readiness = "required"
    )]
    pub(crate) async fn eight(a: u8, b: u8, c: u8, d: u8, e: bool, f: bool, g: bool, h: bool) -> u64 {
        u64::from(a + b + c + d) + u64::from(e & f & g & h)
    }

    #[lifespan_context]
    pub(crate) async fn resource() -> Result<String, String> {
        Ok(String::new())
    }

    #[lifespan_task(last)]
    async fn forever() -> ! {
        std::future::pending().await
    }

    #[deprecated = "for the test"]
    #[lifespan_task]
    async fn old() {}

    #[lifespan_task]
    pub(crate) async fn keyed(port: u16, #[config(key)] site: String) {
        let _ = (port, site);
    }

    #[lifespan_task]
    #[cfg(any())]
    async fn left_out(a: Missing) {}

    /// An argument that is neither `Clone` nor `Debug`.
    #[expect(missing_debug_implementations, reason = "that is what is tested")]
    pub struct Bare;

    /// A public unit.
    #[lifespan_task]
    pub async fn bare(#[config(code)] bare: Bare, #[config(code, default = Bare)] other: Bare) {
        let (_, _) = (bare, other);
    }
}

#[test]
fn a_descriptor_holds_what_was_said() {
    let tick = descriptor::<lints::TickConfig>();
    assert_eq!((tick.name, tick.module, tick.docs), ("tick", "hostile::lints", "Ticks.\n\nAnd tocks."));
    assert_eq!(tick.name_place.file, file!());
    assert_eq!(tick.place.file, file!());
    assert_eq!((tick.place.line + 1, tick.place.column), (tick.name_place.line, 5));
    assert_eq!(tick.name_place.column, 25);
    assert!((tick.id)() == lifespan::__private::id_of(lints::tick));
    assert!(tick.returns.is_none());

    let [every, _, token, channel, renamed] = tick.arguments else { panic!("five arguments") };
    assert_eq!((every.name, every.ty, every.env), ("every", "u32", Some("TICK_EVERY")));
    assert!(token.secret && channel.code);
    assert_eq!((every.column, every.line), (9, tick.name_place.line + 3));
    assert!(!token.code && !every.secret);
    assert_eq!((renamed.name, renamed.ty), ("kebab-case", "Vec<(u8, std::ops::Range<u8>)>"));
    assert_eq!(renamed.aliases, ["other", "another"]);
}

#[test]
fn a_descriptor_holds_the_options_of_the_attribute() {
    let eight = descriptor::<lints::Eight>();
    let options = eight.options;
    assert_eq!(eight.name, "other-name");
    assert!(options.manual && options.once && options.first && !options.last);
    assert!(options.required && !descriptor::<lints::TickConfig>().options.required);
    assert_eq!(options.startup_timeout, Some(Duration::from_secs(5400)));
    assert_eq!(options.shutdown_timeout, Some(Duration::from_millis(500)));
    assert_eq!(options.on_failure, Some(OnFailure::Ignore));
    assert_eq!(options.on_return, Some(OnReturn::Shutdown));
    assert_eq!(options.on_shutdown, Some(OnShutdown::Finish));
    let paths = |edges: &[lifespan::__private::Edge]| edges.iter().map(|edge| edge.path).collect::<Vec<_>>();
    assert_eq!(
        (paths(eight.after), paths(eight.before)),
        (vec!["tick", "self::resource"], vec!["super::bodies::outer"])
    );
    assert!((eight.after[0].id)() == (descriptor::<lints::TickConfig>().id)());
    assert!(eight.returns.is_some_and(|ty| ty().id == TypeId::of::<u64>()));
    let resource = descriptor::<lints::ResourceConfig>();
    assert!(resource.returns.is_some_and(|ty| ty().id == TypeId::of::<String>()));
}

#[test]
fn a_config_struct_is_what_its_arguments_allow() {
    let (sender, _receiver) = std::sync::mpsc::channel();
    let config = lints::TickConfig::new(String::from("hush"), sender, Vec::new()).with_every(5);
    assert_eq!((config.every, &*config.place), (5, "here"));
    let debug = format!("{:?}", config.clone());
    assert!(debug.starts_with("TickConfig { every: 5, place: \"here\", token: [secret], channel: Sender"), "{debug}");
    assert!(!debug.contains("hush"));
    let lints::BareConfig { bare: lints::Bare, other: lints::Bare, .. } = lints::BareConfig::new(lints::Bare);
}

pub mod bodies {
    //! Functions in function bodies.

    /// A task in whose body there is another.
    #[lifespan::lifespan_task]
    pub async fn outer() {
        #[derive(Clone, Debug, serde::Deserialize)]
        struct Local;

        /// The inner task.
        #[lifespan::lifespan_task]
        async fn inner(#[config(default = Local)] local: Local) {
            let _: Local = local;
        }

        let InnerConfig { local } = InnerConfig::default();
        inner(local).await;
    }
}

#[tokio::test]
async fn a_function_stays_callable_by_hand() {
    bodies::outer().await;
    assert_eq!(lints::eight(1, 2, 3, 4, true, true, true, true).await, 11);
    assert_eq!(names::config(1, 2, 3, 4, 5).await, Ok(15));
}

#[no_implicit_prelude]
mod bare {
    //! Nothing is there that was not named.
    use ::core::primitive::u8 as Byte;

    #[::lifespan::lifespan_task(once)]
    pub(crate) async fn none(#[config(default = "text")] text: ::std::string::String, byte: Byte) -> Byte {
        let _ = text;
        byte
    }

    ::lifespan::discover! { pub(crate) fn units(); }
}

#[expect(dead_code, unused_macros, unused_imports, non_camel_case_types, reason = "they only stand in the way")]
mod names {
    //! Names of ours, of the standard library and of the generated code.
    use ::std::string::String as Text;

    struct Option;
    struct Result;
    struct String;
    struct Vec;
    struct Box;
    struct App;
    struct Some;
    struct Ok;
    struct Err;
    struct None;
    struct Config;
    struct Descriptor;
    struct Self_;
    struct str;
    struct bool;
    struct usize;
    trait Send {}
    trait Sync {}
    trait Future {}
    trait Clone {}
    trait Default {}
    trait Debug {}
    trait Into {}
    mod core {}
    mod std {}
    mod lifespan {}
    mod inventory {}
    macro_rules! file {
        () => {
            compile_error!("the user's own")
        };
    }
    macro_rules! module_path {
        () => {
            file!()
        };
    }
    use {file as line, module_path as column};

    /// Named as the locals of the generated code are.
    #[::lifespan::lifespan_task(once)]
    pub(crate) async fn config(
        start: u8,
        binder: u8,
        #[config(default = 1)] value: u8,
        value_0: u8,
        f: u8,
    ) -> ::std::result::Result<u8, Text> {
        ::std::result::Result::Ok(start + binder + value + value_0 + f)
    }

    #[::lifespan::lifespan_task]
    async fn start(config: u8, start: u8) -> ::std::result::Result<(), Text> {
        let _ = (config, start);
        ::std::result::Result::Ok(())
    }

    #[::lifespan::lifespan_task]
    async fn future() {}

    #[::lifespan::lifespan_context]
    async fn how(what: u8) -> u8 {
        what
    }

    #[::lifespan::lifespan_task]
    pub(crate) async fn r#type(r#in: u8, #[config(default = 7)] r#fn: u8) {
        let _ = (r#in, r#fn);
    }
}

#[test]
fn a_key_names_the_instance() {
    let config = lints::KeyedConfig::new(443, String::from("home"));
    let key = descriptor::<lints::KeyedConfig>().key.expect("it has a key");
    assert_eq!(key(&config).as_deref(), Some("home"));
    assert_eq!(key(&()), None);
    assert!(descriptor::<lints::TickConfig>().key.is_none());
}

#[test]
fn raw_identifiers_are_named_without_their_mark() {
    let ty = descriptor::<names::TypeConfig>();
    assert_eq!(ty.name, "type");
    assert_eq!(ty.arguments.iter().map(|argument| argument.name).collect::<Vec<_>>(), ["in", "fn"]);
    assert_eq!(names::TypeConfig::new(1).with_fn(2).r#fn, 2);
}

mod made {
    //! Units made by a macro.
    use lifespan::lifespan_task;

    macro_rules! task {
        ($($(#[$meta:meta])* $visibility:vis $name:ident($value:ident: $ty:ty = $default:expr) $body:block)*) => {$(
            $(#[$meta])*
            #[lifespan_task]
            $visibility async fn $name(#[config(default = $default)] $value: $ty) -> Result<(), String> $body
        )*};
    }

    task! {
        /// One.
        pub(crate) one(value: String = "one") { let _ = value; Ok(()) }
        /// Two.
        pub(crate) two(value: Option<u8> = Some(2)) { let _ = value; Ok(()) }
    }

    macro_rules! hidden {
        ($config:ident) => {
            #[lifespan_task(config = $config)]
            async fn hidden(own: u8) {
                let _ = own;
            }
        };
    }

    mod first {
        use super::lifespan_task;
        hidden!(First);
        pub(crate) fn unit() -> &'static super::super::Descriptor {
            super::super::descriptor::<First>()
        }
    }

    mod second {
        use super::lifespan_task;
        hidden!(Second);
        pub(crate) fn unit() -> &'static super::super::Descriptor {
            super::super::descriptor::<Second>()
        }
    }

    pub(crate) fn hidden() -> [&'static super::Descriptor; 2] {
        [first::unit(), second::unit()]
    }
}

#[test]
fn functions_of_one_macro_have_distinct_places() {
    let (one, two) = (descriptor::<made::OneConfig>(), descriptor::<made::TwoConfig>());
    assert_eq!(one.place, two.place);
    assert_ne!(one.name_place, two.name_place);
    assert_eq!((one.docs, two.docs), ("One.", "Two."));
    assert_eq!((made::OneConfig::new().value.as_str(), made::TwoConfig::default().value), ("one", Some(2)));
    let [first, second] = made::hidden();
    assert_ne!(first.place, second.place);
    assert_eq!(first.name_place, second.name_place);
    assert_eq!((first.name, second.name), ("hidden", "hidden"));
    assert_ne!(first.module, second.module);
}

mod renamed {
    //! The framework at another path.
    mod reexport {
        pub(crate) use ::lifespan as framework;
    }

    #[reexport::framework::lifespan_task(crate = reexport::framework)]
    pub(super) async fn relative(#[config(default = "x")] text: String) {
        drop(text);
    }

    #[reexport::framework::lifespan_context(crate = crate::renamed::reexport::framework)]
    async fn absolute() -> u8 {
        1
    }

    reexport::framework::discover! {
        /// Elsewhere.
        pub(super) fn units();
        crate = reexport::framework;
    }
}

#[test]
fn the_framework_may_have_another_name() {
    assert_eq!(descriptor::<renamed::RelativeConfig>().name, "relative");
    assert_ne!(descriptor::<renamed::RelativeConfig>().module, descriptor::<bare::NoneConfig>().module);
    let _ = (renamed::units(), bare::units());
}

mod shadowed {
    //! Types of the user's own beside the framework's.
    use lifespan::lifespan_task;

    /// Not the framework's.
    #[derive(Clone, Debug, Default, serde::Deserialize)]
    pub(crate) struct App(pub(crate) u8);

    #[lifespan_task(once)]
    pub(crate) async fn takes_both(#[config] app: App, #[inject] real: Alias) {
        real.exit(app.0);
    }

    type Alias = lifespan::App;
}

#[tokio::test]
async fn what_was_annotated_runs_with_what_it_was_given() {
    let app = lifespan::App::empty();
    app.register(names::ConfigConfig::new(1, 2, 3, 4)).expect("nothing has started");
    app.register(names::TypeConfig::new(1)).expect("nothing has started");
    app.register(made::TwoConfig::new()).expect("nothing has started");
    app.register(shadowed::TakesBothConfig::new(shadowed::App(7))).expect("nothing has started");
    let names: Vec<_> = app.registered().iter().map(|unit| unit.name().clone()).collect();
    assert_eq!(names, ["config", "type", "two", "takes_both"]);
    let report = app.clone().launch().await;
    assert!(report.failures().is_empty(), "{report}");
    assert_eq!(report.exit_code(), 7, "{report}");
}

mod grouped {
    //! Local names that are also names of groups.
    use lifespan::{Shutdown, lifespan_task};

    lifespan::group! { pub(crate) workers: one_for_all }
    lifespan::group! { unused: one_for_one, intensity = 5 }

    #[lifespan_task(manual, group = workers)]
    pub(crate) async fn work(shutdown: Shutdown) {
        let workers = 3;
        assert!(workers == 3 && !shutdown.is_requested());
    }

    pub(crate) fn local() -> (u8, &'static str) {
        let workers = 3;
        let count = |unused: u8| unused;
        (count(workers), self::workers().name())
    }
}

#[test]
fn rule_110_a_local_name_may_be_the_name_of_a_group() {
    assert_eq!(grouped::local(), (3, "workers"));
    let group = descriptor::<grouped::WorkConfig>().options.group.expect("it is a member");
    assert!(std::ptr::eq(group, grouped::workers()), "there is one group, however often it is named");
}

mod settings {
    //! Types with the name of a config struct, in another module.
    use lifespan::lifespan_task;

    pub(crate) mod types {
        /// Not the generated one.
        #[derive(Clone, Debug, serde::Deserialize)]
        pub(crate) struct ServerConfig {
            /// The port.
            pub(crate) port: u16,
        }
    }

    #[lifespan_task(manual, once)]
    pub(crate) async fn server(config: types::ServerConfig) -> u16 {
        config.port
    }
}

#[tokio::test]
async fn rule_112_a_type_of_another_module_may_have_the_name_of_a_config_struct() {
    let config = settings::ServerConfig::new(settings::types::ServerConfig { port: 443 });
    assert_eq!(settings::server(config.config).await, 443);
}

#[tokio::test]
async fn rule_113_the_futures_of_an_app_are_independent_of_the_handle() {
    let (launched, started, up) = {
        let (one, other) = (lifespan::App::empty(), lifespan::App::empty().stay_up());
        for app in [&one, &other] {
            app.register(names::TypeConfig::new(1)).expect("nothing has started");
        }
        (tokio::spawn(one.launch()), tokio::spawn(other.start()), tokio::spawn(other.when_up()))
    };
    let report = launched.await.expect("it does not panic");
    assert!(report.is_success(), "{report}");
    let running = started.await.expect("it does not panic").expect("nothing fails");
    assert!(up.await.expect("it does not panic"));
    assert!(running.stop().await.is_success());
}

mod durations {
    //! Durations as defaults, written as text.
    use lifespan::lifespan_task;

    pub(crate) mod own {
        /// Not the standard library's, and read from a text of another form.
        #[derive(Clone, Debug, PartialEq, serde::Deserialize)]
        pub(crate) struct Span(pub(crate) String);

        impl From<&'static str> for Span {
            fn from(text: &'static str) -> Self {
                Self(text.to_owned())
            }
        }
    }

    macro_rules! default {
        ($name:ident, $ty:ty, $default:expr) => {
            #[lifespan_task(manual)]
            pub(crate) async fn $name(#[config(default = $default)] every: $ty) {
                let _ = every;
            }
        };
    }

    default!(made, std::time::Duration, "500ms");

    #[lifespan_task(manual)]
    pub(crate) async fn wait(
        #[config(default = "1h30m")] every: super::Duration,
        #[config(default = "0s", code)] first: std::time::Duration,
        #[config(default = "PT5S")] own: own::Span,
    ) {
        let _ = (every, first, own);
    }
}

#[test]
fn rule_114_a_text_is_the_default_of_a_duration() {
    let config = durations::WaitConfig::new();
    assert_eq!((config.every, config.first), (Duration::from_secs(5400), Duration::ZERO));
    assert_eq!(config.own, durations::own::Span(String::from("PT5S")));
    assert_eq!(durations::MadeConfig::default().every, Duration::from_millis(500));
}
