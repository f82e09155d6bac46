async fn receive(url: String, sink: Sink, ready: Ready) -> Result<(), Error> {
    ready.notify();
    run(url, sink).await
}
::lifespan::__private::choose_another_name_with_config_equals! {
    [#[doc = "The keyword arguments of the lifespan task `receive`."]] [] ReceiveConfig {
    #[doc = "The keyword argument `url`."] pub url : String, #[doc =
    "The keyword argument `sink`."] pub sink : Sink, }
}
#[allow(clippy::used_underscore_binding)]
const _: () = {
    use ::lifespan::__private as __lifespan;
    static __LIFESPAN_UNIT: __lifespan::Descriptor = __lifespan::Descriptor {
        info: __lifespan::UnitInfo {
            kind: __lifespan::Kind::Task,
            name: "receive",
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
            id: || __lifespan::id_of(receive),
            options: __lifespan::Options {
                restart: __lifespan::Some(__lifespan::Restart {
                    when: __lifespan::When::Transient,
                    intensity: 5u32,
                    jitter: 1f64,
                    reset_after: __lifespan::Duration::new(300u64, 0u32),
                    backoff: (
                        __lifespan::Duration::new(1u64, 0u32),
                        __lifespan::Duration::new(10u64, 0u32),
                    ),
                    ..__lifespan::Restart::DEFAULT
                }),
                ..__lifespan::Options::NONE
            },
            after: &[],
            before: &[],
            needs: &[<Ready as __lifespan::Inject>::need],
            returns: __lifespan::None,
            arguments: &[
                __lifespan::Argument {
                    name: "url",
                    ty: "String",
                    line: 0u32,
                    column: 0u32,
                    ..__lifespan::Argument::PLAIN
                },
                __lifespan::Argument {
                    name: "sink",
                    ty: "Sink",
                    line: 0u32,
                    column: 0u32,
                    code: true,
                    ..__lifespan::Argument::PLAIN
                },
            ],
        },
        bind: |binder| {
            let value_0 = binder.argument::<String>(0usize);
            let value_1 = binder.code::<Sink>(1usize);
            __lifespan::bound(ReceiveConfig {
                url: value_0?,
                sink: value_1?,
            })
        },
        key: __lifespan::None,
        start: |mut start| {
            let config = start
                .config::<
                    ReceiveConfig,
                >(|config| __lifespan::Some(ReceiveConfig {
                    url: __lifespan::again::<String>(&config.url),
                    sink: __lifespan::again_code::<Sink>(&config.sink),
                }));
            let future = receive(config.url, config.sink, start.inject::<Ready>());
            let how = __lifespan::Output::<Result<(), Error>>::NEW.how();
            __lifespan::runs(future, how)
        },
    };
    __lifespan::register_unit!(__LIFESPAN_UNIT);
    impl __lifespan::Config for ReceiveConfig {
        fn descriptor() -> &'static __lifespan::Descriptor {
            &__LIFESPAN_UNIT
        }
    }
    impl ReceiveConfig {
        ///Creates the config from all keyword arguments.
        #[must_use]
        pub fn new(url: String, sink: Sink) -> Self {
            Self { url, sink }
        }
        ///Creates the config from the defaults, the file and the environment, for code that changes some fields.
        ///
        ///# Errors
        ///Lists every argument with a missing or invalid value.
        pub fn load() -> __lifespan::Result<Self, __lifespan::ConfigError> {
            __lifespan::load()
        }
    }
    impl __lifespan::Clone for ReceiveConfig
    where
        for<'__a> Sink: __lifespan::Clone,
    {
        fn clone(&self) -> Self {
            Self {
                url: __lifespan::again::<String>(&self.url),
                sink: __lifespan::Clone::clone(&self.sink),
            }
        }
    }
    impl __lifespan::Debug for ReceiveConfig
    where
        for<'__a> String: __lifespan::Debug,
        for<'__a> Sink: __lifespan::Debug,
    {
        fn fmt(&self, f: &mut __lifespan::Formatter<'_>) -> __lifespan::FmtResult {
            __lifespan::debug(
                f,
                "ReceiveConfig",
                &[
                    ("url", __lifespan::Some(&self.url)),
                    ("sink", __lifespan::Some(&self.sink)),
                ],
            )
        }
    }
};
