async fn setup_model(factor: f64, scope: Scope<Model>) -> anyhow::Result<()> {
    scope.provide_until_shutdown(Model::load(factor).await?).await;
    Ok(())
}
::lifespan::__private::choose_another_name_with_config_equals! {
    #[doc = "The keyword arguments of the lifespan context `setup_model`."] struct
    SetupModelConfig { #[doc = "The keyword argument `factor`."] pub factor : f64, }
}
const _: () = {
    fn __lifespan_default_0() -> f64 {
        42.0
    }
    static __LIFESPAN_UNIT: ::lifespan::__private::Descriptor = ::lifespan::__private::Descriptor {
        kind: ::lifespan::__private::Kind::Context,
        name: "setup_model",
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
        id: || ::lifespan::__private::id_of(setup_model),
        options: ::lifespan::__private::Options {
            last: true,
            shutdown_timeout: ::lifespan::__private::Some(
                ::lifespan::__private::Duration::new(3u64, 0u32),
            ),
            ..::lifespan::__private::Options::NONE
        },
        after: &[],
        before: &[],
        needs: &[<Scope<Model> as ::lifespan::__private::Inject>::need],
        returns: ::lifespan::__private::None,
        arguments: &[
            ::lifespan::__private::Argument {
                name: "factor",
                ty: "f64",
                line: 0u32,
                column: 0u32,
                has_default: true,
                ..::lifespan::__private::Argument::PLAIN
            },
        ],
        bind: |binder| {
            let value_0 = binder.argument_or::<f64>(0usize, __lifespan_default_0);
            ::lifespan::__private::bound(SetupModelConfig {
                factor: value_0?,
            })
        },
        start: |mut start| {
            let config = start.config::<SetupModelConfig>();
            let future = setup_model(config.factor, start.inject::<Scope<Model>>());
            let how = ::lifespan::__private::Output::<anyhow::Result<()>>::NEW.how();
            ::lifespan::__private::runs(future, how)
        },
    };
    ::lifespan::__private::register_unit!(__LIFESPAN_UNIT);
    impl ::lifespan::__private::Config for SetupModelConfig {
        fn descriptor() -> &'static ::lifespan::__private::Descriptor {
            &__LIFESPAN_UNIT
        }
    }
    impl SetupModelConfig {
        ///Makes the config of the keyword arguments that have no default.
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
    }
    impl ::lifespan::__private::Clone for SetupModelConfig {
        fn clone(&self) -> Self {
            Self {
                factor: ::lifespan::__private::again::<f64>(&self.factor),
            }
        }
    }
    impl ::lifespan::__private::Debug for SetupModelConfig
    where
        for<'__a> f64: ::lifespan::__private::Debug,
    {
        fn fmt(
            &self,
            f: &mut ::lifespan::__private::Formatter<'_>,
        ) -> ::lifespan::__private::FmtResult {
            ::lifespan::__private::debug(
                f,
                "SetupModelConfig",
                &[("factor", ::lifespan::__private::Some(&self.factor))],
            )
        }
    }
    impl ::lifespan::__private::Default for SetupModelConfig {
        fn default() -> Self {
            Self::new()
        }
    }
};
