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
    #[doc = "The keyword arguments of the lifespan task `long_running_task`."]
    #[non_exhaustive] pub struct LongRunningTaskConfig { #[doc =
    "The keyword argument `foo`."] pub foo : u32, #[doc = "The keyword argument `bar`."]
    pub bar : String, }
}
const _: () = {
    static __LIFESPAN_UNIT: ::lifespan::__private::Descriptor = ::lifespan::__private::Descriptor {
        kind: ::lifespan::__private::Kind::Task,
        name: "long_running_task",
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
        docs: "Polls the upstream API.",
        id: || ::lifespan::__private::id_of(long_running_task),
        options: ::lifespan::__private::Options::NONE,
        after: &[],
        before: &[],
        needs: &[
            <Res<Model> as ::lifespan::__private::Inject>::need,
            <Shutdown as ::lifespan::__private::Inject>::need,
        ],
        returns: ::lifespan::__private::None,
        arguments: &[
            ::lifespan::__private::Argument {
                name: "foo",
                ty: "u32",
                line: 0u32,
                column: 0u32,
                ..::lifespan::__private::Argument::PLAIN
            },
            ::lifespan::__private::Argument {
                name: "bar",
                ty: "String",
                line: 0u32,
                column: 0u32,
                ..::lifespan::__private::Argument::PLAIN
            },
        ],
        bind: |binder| {
            let value_0 = binder.argument::<u32>(0usize);
            let value_1 = binder.argument::<String>(1usize);
            ::lifespan::__private::bound(LongRunningTaskConfig {
                foo: value_0?,
                bar: value_1?,
            })
        },
        start: |mut start| {
            let config = start.config::<LongRunningTaskConfig>();
            let future = long_running_task(
                config.foo,
                config.bar,
                start.inject::<Res<Model>>(),
                start.inject::<Shutdown>(),
            );
            let how = ::lifespan::__private::Output::<anyhow::Result<()>>::NEW.how();
            ::lifespan::__private::runs(future, how)
        },
    };
    ::lifespan::__private::register_unit!(__LIFESPAN_UNIT);
    impl ::lifespan::__private::Config for LongRunningTaskConfig {
        fn descriptor() -> &'static ::lifespan::__private::Descriptor {
            &__LIFESPAN_UNIT
        }
    }
    impl LongRunningTaskConfig {
        ///Makes the config of all keyword arguments.
        #[must_use]
        pub fn new(foo: u32, bar: String) -> Self {
            Self { foo, bar }
        }
    }
    impl ::lifespan::__private::Clone for LongRunningTaskConfig {
        fn clone(&self) -> Self {
            Self {
                foo: ::lifespan::__private::again::<u32>(&self.foo),
                bar: ::lifespan::__private::again::<String>(&self.bar),
            }
        }
    }
    impl ::lifespan::__private::Debug for LongRunningTaskConfig
    where
        for<'__a> u32: ::lifespan::__private::Debug,
        for<'__a> String: ::lifespan::__private::Debug,
    {
        fn fmt(
            &self,
            f: &mut ::lifespan::__private::Formatter<'_>,
        ) -> ::lifespan::__private::FmtResult {
            ::lifespan::__private::debug(
                f,
                "LongRunningTaskConfig",
                &[
                    ("foo", ::lifespan::__private::Some(&self.foo)),
                    ("bar", ::lifespan::__private::Some(&self.bar)),
                ],
            )
        }
    }
};
