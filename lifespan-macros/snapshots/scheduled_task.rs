async fn report(sink: Sink, tick: Tick) -> Result<(), Error> {
    sink.send(tick).await
}
::lifespan::__private::choose_another_name_with_config_equals! {
    [#[doc = "The keyword arguments of the lifespan task `report`."]] [] ReportConfig {
    #[doc = "The keyword argument `sink`."] pub sink : Sink, }
}
#[allow(clippy::used_underscore_binding)]
const _: () = {
    use ::lifespan::__private as __lifespan;
    static __LIFESPAN_UNIT: __lifespan::Descriptor = __lifespan::Descriptor {
        info: __lifespan::UnitInfo {
            kind: __lifespan::Kind::Task,
            name: "report",
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
            id: || __lifespan::id_of(report),
            options: __lifespan::Options {
                schedule: __lifespan::Some(__lifespan::Schedule {
                    start: __lifespan::Some(__lifespan::Begin::AfterFirstPeriod),
                    jitter: __lifespan::Duration::new(5u64, 0u32),
                    missed: __lifespan::Missed::All,
                    overlap: __lifespan::Overlap::Parallel(2u32),
                    timeout: __lifespan::Some(__lifespan::Duration::new(10u64, 0u32)),
                    ..__lifespan::Schedule::of(
                        __lifespan::Timing::Every(__lifespan::Duration::new(90u64, 0u32)),
                    )
                }),
                ..__lifespan::Options::NONE
            },
            after: &[],
            before: &[],
            needs: &[<Tick as __lifespan::Inject>::need],
            returns: __lifespan::None,
            arguments: &[
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
            let value_0 = binder.code::<Sink>(0usize);
            __lifespan::bound(ReportConfig { sink: value_0? })
        },
        key: __lifespan::None,
        start: |mut start| {
            let config = start
                .config::<
                    ReportConfig,
                >(|config| __lifespan::Some(ReportConfig {
                    sink: __lifespan::again_code::<Sink>(&config.sink),
                }));
            let future = report(config.sink, start.inject::<Tick>());
            let how = __lifespan::Output::<Result<(), Error>>::NEW.how();
            __lifespan::runs(future, how)
        },
    };
    __lifespan::register_unit!(__LIFESPAN_UNIT);
    impl __lifespan::Config for ReportConfig {
        fn descriptor() -> &'static __lifespan::Descriptor {
            &__LIFESPAN_UNIT
        }
    }
    impl ReportConfig {
        ///Creates the config from all keyword arguments.
        #[must_use]
        pub fn new(sink: Sink) -> Self {
            Self { sink }
        }
        ///Creates the config from the defaults, the file and the environment, for code that changes some fields.
        ///
        ///# Errors
        ///Lists every argument with a missing or invalid value.
        pub fn load() -> __lifespan::Result<Self, __lifespan::ConfigError> {
            __lifespan::load()
        }
    }
    impl __lifespan::Clone for ReportConfig
    where
        for<'__a> Sink: __lifespan::Clone,
    {
        fn clone(&self) -> Self {
            Self {
                sink: __lifespan::Clone::clone(&self.sink),
            }
        }
    }
    impl __lifespan::Debug for ReportConfig
    where
        for<'__a> Sink: __lifespan::Debug,
    {
        fn fmt(&self, f: &mut __lifespan::Formatter<'_>) -> __lifespan::FmtResult {
            __lifespan::debug(
                f,
                "ReportConfig",
                &[("sink", __lifespan::Some(&self.sink))],
            )
        }
    }
};
