async fn setup_model(factor: f64, scope: Scope<Model>) -> anyhow::Result<()> {
    scope.provide_until_shutdown(Model::load(factor).await?).await;
    Ok(())
}
::lifespan::__private::choose_another_name_with_config_equals! {
    [#[doc = "The keyword arguments of the lifespan context `setup_model`."]] []
    SetupModelConfig { #[doc = "The keyword argument `factor`."] pub factor : f64, }
}
#[allow(clippy::used_underscore_binding)]
const _: () = {
    use ::lifespan::__private as __lifespan;
    #[allow(clippy::unnecessary_wraps)]
    fn __lifespan_default_0() -> f64 {
        42.0
    }
    static __LIFESPAN_UNIT: __lifespan::Descriptor = __lifespan::Descriptor {
        info: __lifespan::UnitInfo {
            kind: __lifespan::Kind::Context,
            name: "setup_model",
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
            id: || __lifespan::id_of(setup_model),
            options: __lifespan::Options {
                last: true,
                required: true,
                shutdown_timeout: __lifespan::Some(
                    __lifespan::Duration::new(3u64, 0u32),
                ),
                ..__lifespan::Options::NONE
            },
            after: &[],
            before: &[],
            needs: &[<Scope<Model> as __lifespan::Inject>::need],
            returns: __lifespan::None,
            arguments: &[
                __lifespan::Argument {
                    name: "factor",
                    ty: "f64",
                    line: 0u32,
                    column: 0u32,
                    ..__lifespan::Argument::PLAIN
                },
            ],
        },
        bind: |binder| {
            let value_0 = binder.argument_or::<f64>(0usize, __lifespan_default_0);
            __lifespan::bound(SetupModelConfig {
                factor: value_0?,
            })
        },
        key: __lifespan::None,
        start: |mut start| {
            let config = start
                .config::<
                    SetupModelConfig,
                >(|config| __lifespan::Some(SetupModelConfig {
                    factor: __lifespan::again::<f64>(&config.factor),
                }));
            let future = setup_model(config.factor, start.inject::<Scope<Model>>());
            let how = __lifespan::Output::<anyhow::Result<()>>::NEW.how();
            __lifespan::runs(future, how)
        },
    };
    __lifespan::register_unit!(__LIFESPAN_UNIT);
    impl __lifespan::Config for SetupModelConfig {
        fn descriptor() -> &'static __lifespan::Descriptor {
            &__LIFESPAN_UNIT
        }
    }
    impl SetupModelConfig {
        ///Creates the config from the keyword arguments that have no default.
        #[must_use]
        pub fn new() -> Self {
            Self {
                factor: __lifespan_default_0(),
            }
        }
        ///Sets `factor`.
        #[must_use]
        pub fn with_factor(mut self, value: f64) -> Self {
            self.factor = value;
            self
        }
        ///Creates the config from the defaults, the file and the environment, for code that changes some fields.
        ///
        ///# Errors
        ///Lists every argument with a missing or invalid value.
        pub fn load() -> __lifespan::Result<Self, __lifespan::ConfigError> {
            __lifespan::load()
        }
    }
    impl __lifespan::Clone for SetupModelConfig {
        fn clone(&self) -> Self {
            Self {
                factor: __lifespan::again::<f64>(&self.factor),
            }
        }
    }
    impl __lifespan::Debug for SetupModelConfig
    where
        for<'__a> f64: __lifespan::Debug,
    {
        fn fmt(&self, f: &mut __lifespan::Formatter<'_>) -> __lifespan::FmtResult {
            __lifespan::debug(
                f,
                "SetupModelConfig",
                &[("factor", __lifespan::Some(&self.factor))],
            )
        }
    }
    impl __lifespan::Default for SetupModelConfig {
        fn default() -> Self {
            Self::new()
        }
    }
};
