async fn migrate(db: Option<Res<Db>>) -> Result<Migrated, Error> {
    db.migrate().await
}
::lifespan::__private::choose_another_name_with_config_equals! {
    [#[doc = "The keyword arguments of the lifespan task `migrate`."]] [] MigrateConfig
    {}
}
#[allow(clippy::used_underscore_binding)]
const _: () = {
    use ::lifespan::__private as __lifespan;
    static __LIFESPAN_UNIT: __lifespan::Descriptor = __lifespan::Descriptor {
        info: __lifespan::UnitInfo {
            kind: __lifespan::Kind::Task,
            name: "migrate",
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
            id: || __lifespan::id_of(migrate),
            options: __lifespan::Options {
                once: true,
                on_failure: __lifespan::Some(__lifespan::OnFailure::Ignore),
                ..__lifespan::Options::NONE
            },
            after: &[
                __lifespan::Edge {
                    id: || __lifespan::id_of(crate::db::open),
                    path: "crate::db::open",
                    line: 0u32,
                    column: 0u32,
                },
            ],
            before: &[],
            needs: &[<Option<Res<Db>> as __lifespan::Inject>::need],
            returns: __lifespan::Some(|| {
                let what = __lifespan::Provided::<Result<Migrated, Error>>::NEW.what();
                __lifespan::provided_by_task(what)
            }),
            arguments: &[],
        },
        bind: |_| { __lifespan::bound(MigrateConfig {}) },
        key: __lifespan::None,
        start: |mut start| {
            let future = migrate(start.inject::<Option<Res<Db>>>());
            let how = __lifespan::Output::<Result<Migrated, Error>>::NEW.how();
            __lifespan::returns(future, how)
        },
    };
    __lifespan::register_unit!(__LIFESPAN_UNIT);
    impl __lifespan::Config for MigrateConfig {
        fn descriptor() -> &'static __lifespan::Descriptor {
            &__LIFESPAN_UNIT
        }
    }
    impl MigrateConfig {
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
    impl __lifespan::Clone for MigrateConfig {
        fn clone(&self) -> Self {
            Self {}
        }
    }
    impl __lifespan::Debug for MigrateConfig {
        fn fmt(&self, f: &mut __lifespan::Formatter<'_>) -> __lifespan::FmtResult {
            __lifespan::debug(f, "MigrateConfig", &[])
        }
    }
    impl __lifespan::Default for MigrateConfig {
        fn default() -> Self {
            Self::new()
        }
    }
};
