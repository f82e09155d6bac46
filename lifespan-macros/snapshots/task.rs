/// Polls the upstream API.
pub async fn long_running_task(
    foo: u32,
    bar: String,
    model: Res<Model>,
    shutdown: Shutdown,
) -> anyhow::Result<()> {
    api(foo, bar).await
}
::lifespan::__private::choose_another_name_with_config_equals! {
    [#[doc = "The keyword arguments of the lifespan task `long_running_task`."]
    #[non_exhaustive]] [pub] LongRunningTaskConfig { #[doc =
    "The keyword argument `foo`."] pub foo : u32, #[doc = "The keyword argument `bar`."]
    pub bar : String, }
}
#[allow(clippy::used_underscore_binding)]
const _: () = {
    use ::lifespan::__private as __lifespan;
    static __LIFESPAN_UNIT: __lifespan::Descriptor = __lifespan::Descriptor {
        info: __lifespan::UnitInfo {
            kind: __lifespan::Kind::Task,
            name: "long_running_task",
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
            docs: "Polls the upstream API.",
            id: || __lifespan::id_of(long_running_task),
            options: __lifespan::Options::NONE,
            after: &[],
            before: &[],
            needs: &[
                <Res<Model> as __lifespan::Inject>::need,
                <Shutdown as __lifespan::Inject>::need,
            ],
            returns: __lifespan::None,
            arguments: &[
                __lifespan::Argument {
                    name: "foo",
                    ty: "u32",
                    line: 0u32,
                    column: 0u32,
                    ..__lifespan::Argument::PLAIN
                },
                __lifespan::Argument {
                    name: "bar",
                    ty: "String",
                    line: 0u32,
                    column: 0u32,
                    ..__lifespan::Argument::PLAIN
                },
            ],
        },
        bind: |binder| {
            let value_0 = binder.argument::<u32>(0usize);
            let value_1 = binder.argument::<String>(1usize);
            __lifespan::bound(LongRunningTaskConfig {
                foo: value_0?,
                bar: value_1?,
            })
        },
        key: __lifespan::None,
        start: |mut start| {
            let config = start
                .config::<
                    LongRunningTaskConfig,
                >(|config| __lifespan::Some(LongRunningTaskConfig {
                    foo: __lifespan::again::<u32>(&config.foo),
                    bar: __lifespan::again::<String>(&config.bar),
                }));
            let future = long_running_task(
                config.foo,
                config.bar,
                start.inject::<Res<Model>>(),
                start.inject::<Shutdown>(),
            );
            let how = __lifespan::Output::<anyhow::Result<()>>::NEW.how();
            __lifespan::runs(future, how)
        },
    };
    __lifespan::register_unit!(__LIFESPAN_UNIT);
    impl __lifespan::Config for LongRunningTaskConfig {
        fn descriptor() -> &'static __lifespan::Descriptor {
            &__LIFESPAN_UNIT
        }
    }
    impl LongRunningTaskConfig {
        ///Creates the config from all keyword arguments.
        #[must_use]
        pub fn new(foo: u32, bar: String) -> Self {
            Self { foo, bar }
        }
        ///Creates the config from the defaults, the file and the environment, for code that changes some fields.
        ///
        ///# Errors
        ///Lists every argument with a missing or invalid value.
        pub fn load() -> __lifespan::Result<Self, __lifespan::ConfigError> {
            __lifespan::load()
        }
    }
    impl __lifespan::Clone for LongRunningTaskConfig {
        fn clone(&self) -> Self {
            Self {
                foo: __lifespan::again::<u32>(&self.foo),
                bar: __lifespan::again::<String>(&self.bar),
            }
        }
    }
    impl __lifespan::Debug for LongRunningTaskConfig
    where
        for<'__a> u32: __lifespan::Debug,
        for<'__a> String: __lifespan::Debug,
    {
        fn fmt(&self, f: &mut __lifespan::Formatter<'_>) -> __lifespan::FmtResult {
            __lifespan::debug(
                f,
                "LongRunningTaskConfig",
                &[
                    ("foo", __lifespan::Some(&self.foo)),
                    ("bar", __lifespan::Some(&self.bar)),
                ],
            )
        }
    }
};
