pub(crate) async fn http_client() -> Client {
    Client::new()
}
::lifespan::__private::choose_another_name_with_config_equals! {
    [#[doc = "The keyword arguments of the lifespan context `http_client`."]] [pub
    (crate)] HttpClientConfig {}
}
#[allow(clippy::used_underscore_binding)]
const _: () = {
    use ::lifespan::__private as __lifespan;
    static __LIFESPAN_UNIT: __lifespan::Descriptor = __lifespan::Descriptor {
        info: __lifespan::UnitInfo {
            kind: __lifespan::Kind::Context,
            name: "http_client",
            module: __lifespan::module_path!(),
            place: __lifespan::Location {
                file: __lifespan::file!(),
                line: __lifespan::line!(),
                column: __lifespan::column!(),
            },
            name_place: __lifespan::Location {
                file: "",
                line: 0u32,
                column: 0u32,
            },
            docs: "",
            id: || __lifespan::id_of(http_client),
            options: __lifespan::Options::NONE,
            after: &[],
            before: &[],
            needs: &[],
            returns: __lifespan::Some(|| {
                let what = __lifespan::Provided::<Client>::NEW.what();
                __lifespan::provided_by_context(what)
            }),
            arguments: &[],
        },
        bind: |_| { __lifespan::bound(HttpClientConfig {}) },
        key: __lifespan::None,
        start: |_| {
            let future = http_client();
            let how = __lifespan::Output::<Client>::NEW.how();
            __lifespan::returns(future, how)
        },
    };
    __lifespan::register_unit!(__LIFESPAN_UNIT);
    impl __lifespan::Config for HttpClientConfig {
        fn descriptor() -> &'static __lifespan::Descriptor {
            &__LIFESPAN_UNIT
        }
    }
    impl HttpClientConfig {
        ///Creates the config from all keyword arguments.
        #[must_use]
        pub fn new() -> Self {
            Self {}
        }
        ///Creates the config from the defaults, the file and the environment, for code that changes some fields.
        ///
        ///# Errors
        ///Lists every argument with a missing or invalid value.
        pub fn load() -> __lifespan::Result<Self, __lifespan::ConfigError> {
            __lifespan::load()
        }
    }
    impl __lifespan::Clone for HttpClientConfig {
        fn clone(&self) -> Self {
            Self {}
        }
    }
    impl __lifespan::Debug for HttpClientConfig {
        fn fmt(&self, f: &mut __lifespan::Formatter<'_>) -> __lifespan::FmtResult {
            __lifespan::debug(f, "HttpClientConfig", &[])
        }
    }
    impl __lifespan::Default for HttpClientConfig {
        fn default() -> Self {
            Self::new()
        }
    }
};
