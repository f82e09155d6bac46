async fn ends_well() {}
::lifespan::__private::choose_another_name_with_config_equals! {
    [#[doc = "The keyword arguments of the lifespan task `ends_well`."]] []
    EndsWellConfig {}
}
#[allow(clippy::used_underscore_binding)]
const _: () = {
    use ::lifespan::__private as __lifespan;
    static __LIFESPAN_UNIT: __lifespan::Descriptor = __lifespan::Descriptor {
        info: __lifespan::UnitInfo {
            kind: __lifespan::Kind::Task,
            name: "ends_well",
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
            id: || __lifespan::id_of(ends_well),
            options: __lifespan::Options::NONE,
            after: &[],
            before: &[],
            needs: &[],
            returns: __lifespan::None,
            arguments: &[],
        },
        bind: |_| { __lifespan::bound(EndsWellConfig {}) },
        key: __lifespan::None,
        start: |_| {
            let future = ends_well();
            let how = __lifespan::Output::<()>::NEW.how();
            __lifespan::runs(future, how)
        },
    };
    __lifespan::register_unit!(__LIFESPAN_UNIT);
    impl __lifespan::Config for EndsWellConfig {
        fn descriptor() -> &'static __lifespan::Descriptor {
            &__LIFESPAN_UNIT
        }
    }
    impl EndsWellConfig {
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
    impl __lifespan::Clone for EndsWellConfig {
        fn clone(&self) -> Self {
            Self {}
        }
    }
    impl __lifespan::Debug for EndsWellConfig {
        fn fmt(&self, f: &mut __lifespan::Formatter<'_>) -> __lifespan::FmtResult {
            __lifespan::debug(f, "EndsWellConfig", &[])
        }
    }
    impl __lifespan::Default for EndsWellConfig {
        fn default() -> Self {
            Self::new()
        }
    }
};
