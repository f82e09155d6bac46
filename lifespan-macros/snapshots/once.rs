async fn migrate(db: Option<Res<Db>>) -> Result<Migrated, Error> {
    db.migrate().await
}
::lifespan::__private::choose_another_name_with_config_equals! {
    #[doc = "The keyword arguments of the lifespan task `migrate`."] struct MigrateConfig
    {}
}
const _: () = {
    static __LIFESPAN_UNIT: ::lifespan::__private::Descriptor = ::lifespan::__private::Descriptor {
        kind: ::lifespan::__private::Kind::Task,
        name: "migrate",
        module: ::lifespan::__private::module_path!(),
        place: ::lifespan::__private::Location {
            file: ::lifespan::__private::file!(),
            line: ::lifespan::__private::line!(),
            column: ::lifespan::__private::column!(),
        },
        name_place: ::lifespan::__private::Location {
            file: "",
            line: 0u32,
            column: 0u32,
        },
        docs: "",
        id: || ::lifespan::__private::id_of(migrate),
        options: ::lifespan::__private::Options {
            once: true,
            on_failure: ::lifespan::__private::Some(
                ::lifespan::__private::OnFailure::Ignore,
            ),
            ..::lifespan::__private::Options::NONE
        },
        after: &[
            ::lifespan::__private::Edge {
                id: || ::lifespan::__private::id_of(crate::db::open),
                path: "crate::db::open",
                line: 0u32,
                column: 0u32,
            },
        ],
        before: &[],
        needs: &[<Option<Res<Db>> as ::lifespan::__private::Inject>::need],
        returns: ::lifespan::__private::Some(|| {
            let what = ::lifespan::__private::Provided::<Result<Migrated, Error>>::NEW
                .what();
            ::lifespan::__private::provided_by_task(what)
        }),
        arguments: &[],
        bind: |_| { ::lifespan::__private::bound(MigrateConfig {}) },
        start: |mut start| {
            let future = migrate(start.inject::<Option<Res<Db>>>());
            let how = ::lifespan::__private::Output::<Result<Migrated, Error>>::NEW
                .how();
            ::lifespan::__private::returns(future, how)
        },
    };
    ::lifespan::__private::register_unit!(__LIFESPAN_UNIT);
    impl ::lifespan::__private::Config for MigrateConfig {
        fn descriptor() -> &'static ::lifespan::__private::Descriptor {
            &__LIFESPAN_UNIT
        }
    }
    impl MigrateConfig {
        ///Makes the config of all keyword arguments.
        #[must_use]
        pub fn new() -> Self {
            Self {}
        }
    }
    impl ::lifespan::__private::Clone for MigrateConfig {
        fn clone(&self) -> Self {
            Self {}
        }
    }
    impl ::lifespan::__private::Debug for MigrateConfig {
        fn fmt(
            &self,
            f: &mut ::lifespan::__private::Formatter<'_>,
        ) -> ::lifespan::__private::FmtResult {
            ::lifespan::__private::debug(f, "MigrateConfig", &[])
        }
    }
    impl ::lifespan::__private::Default for MigrateConfig {
        fn default() -> Self {
            Self::new()
        }
    }
};
