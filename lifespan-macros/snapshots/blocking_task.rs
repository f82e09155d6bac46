#[allow(clippy::needless_pass_by_value)]
fn transcode(path: PathBuf, shutdown: Shutdown) -> Result<(), Error> {
    run(path, shutdown)
}
::lifespan::__private::choose_another_name_with_config_equals! {
    [#[doc = "The keyword arguments of the lifespan task `transcode`."]] []
    TranscodeConfig { #[doc = "The keyword argument `path`."] pub path : PathBuf, }
}
#[allow(clippy::used_underscore_binding)]
const _: () = {
    use ::lifespan::__private as __lifespan;
    static __LIFESPAN_UNIT: __lifespan::Descriptor = __lifespan::Descriptor {
        info: __lifespan::UnitInfo {
            kind: __lifespan::Kind::Task,
            name: "transcode",
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
            id: || __lifespan::id_of(transcode),
            options: __lifespan::Options {
                blocking: true,
                ..__lifespan::Options::NONE
            },
            after: &[],
            before: &[],
            needs: &[<Shutdown as __lifespan::Inject>::need],
            returns: __lifespan::None,
            arguments: &[
                __lifespan::Argument {
                    name: "path",
                    ty: "PathBuf",
                    line: 0u32,
                    column: 0u32,
                    ..__lifespan::Argument::PLAIN
                },
            ],
        },
        bind: |binder| {
            let value_0 = binder.argument::<PathBuf>(0usize);
            __lifespan::bound(TranscodeConfig { path: value_0? })
        },
        key: __lifespan::None,
        start: |mut start| {
            let config = start
                .config::<
                    TranscodeConfig,
                >(|config| __lifespan::Some(TranscodeConfig {
                    path: __lifespan::again::<PathBuf>(&config.path),
                }));
            let argument_0 = config.path;
            let argument_1 = start.inject::<Shutdown>();
            let job = move || transcode(argument_0, argument_1);
            let how = __lifespan::Output::<Result<(), Error>>::NEW.how();
            __lifespan::blocking_runs(start, job, how)
        },
    };
    __lifespan::register_unit!(__LIFESPAN_UNIT);
    impl __lifespan::Config for TranscodeConfig {
        fn descriptor() -> &'static __lifespan::Descriptor {
            &__LIFESPAN_UNIT
        }
    }
    impl TranscodeConfig {
        ///Creates the config from all keyword arguments.
        #[must_use]
        pub fn new(path: PathBuf) -> Self {
            Self { path }
        }
        ///Creates the config from the defaults, the file and the environment, for code that changes some fields.
        ///
        ///# Errors
        ///Lists every argument with a missing or invalid value.
        pub fn load() -> __lifespan::Result<Self, __lifespan::ConfigError> {
            __lifespan::load()
        }
    }
    impl __lifespan::Clone for TranscodeConfig {
        fn clone(&self) -> Self {
            Self {
                path: __lifespan::again::<PathBuf>(&self.path),
            }
        }
    }
    impl __lifespan::Debug for TranscodeConfig
    where
        for<'__a> PathBuf: __lifespan::Debug,
    {
        fn fmt(&self, f: &mut __lifespan::Formatter<'_>) -> __lifespan::FmtResult {
            __lifespan::debug(
                f,
                "TranscodeConfig",
                &[("path", __lifespan::Some(&self.path))],
            )
        }
    }
};
