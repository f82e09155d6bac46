#[cfg(unix)]
async fn r#type(
    host: String,
    name: String,
    token: Token,
    r#in: Receiver<u8>,
    app: Res<Mine>,
    other: Alias,
) -> ! {
    loop {}
}
#[cfg(unix)]
renamed::lifespan::__private::choose_another_name_with_config_equals! {
    #[doc = "The keyword arguments of the lifespan task `type`."] struct Kinds { #[doc =
    "Where to listen."] pub host : String, #[doc = "The keyword argument `name`."] pub
    name : String, #[doc = "The keyword argument `token`."] pub token : Token, #[doc =
    "The keyword argument `in`."] pub r#in : Receiver < u8 >, #[doc =
    "The keyword argument `app`."] pub app : Res < Mine >, }
}
#[cfg(unix)]
const _: () = {
    fn __lifespan_default_0() -> String {
        renamed::lifespan::__private::text::<String>("localhost")
    }
    static __LIFESPAN_UNIT: renamed::lifespan::__private::Descriptor = renamed::lifespan::__private::Descriptor {
        kind: renamed::lifespan::__private::Kind::Task,
        name: "type",
        module: renamed::lifespan::__private::module_path!(),
        place: renamed::lifespan::__private::Location {
            file: renamed::lifespan::__private::file!(),
            line: renamed::lifespan::__private::line!(),
            column: renamed::lifespan::__private::column!(),
        },
        name_place: renamed::lifespan::__private::Location {
            file: "",
            line: 0u32,
            column: 0u32,
        },
        docs: "",
        id: || renamed::lifespan::__private::id_of(r#type),
        options: renamed::lifespan::__private::Options::NONE,
        after: &[],
        before: &[],
        needs: &[<Alias as renamed::lifespan::__private::Inject>::need],
        returns: renamed::lifespan::__private::None,
        arguments: &[
            renamed::lifespan::__private::Argument {
                name: "host",
                ty: "String",
                line: 0u32,
                column: 0u32,
                docs: "Where to listen.",
                env: renamed::lifespan::__private::Some("HOST"),
                has_default: true,
                ..renamed::lifespan::__private::Argument::PLAIN
            },
            renamed::lifespan::__private::Argument {
                name: "site",
                ty: "String",
                line: 0u32,
                column: 0u32,
                aliases: &["place"],
                key: true,
                ..renamed::lifespan::__private::Argument::PLAIN
            },
            renamed::lifespan::__private::Argument {
                name: "token",
                ty: "Token",
                line: 0u32,
                column: 0u32,
                secret: true,
                ..renamed::lifespan::__private::Argument::PLAIN
            },
            renamed::lifespan::__private::Argument {
                name: "in",
                ty: "Receiver<u8>",
                line: 0u32,
                column: 0u32,
                code: true,
                ..renamed::lifespan::__private::Argument::PLAIN
            },
            renamed::lifespan::__private::Argument {
                name: "app",
                ty: "Res<Mine>",
                line: 0u32,
                column: 0u32,
                ..renamed::lifespan::__private::Argument::PLAIN
            },
        ],
        bind: |binder| {
            let value_0 = binder.argument_or::<String>(0usize, __lifespan_default_0);
            let value_1 = binder.argument::<String>(1usize);
            let value_2 = binder.argument::<Token>(2usize);
            let value_3 = binder.code::<Receiver<u8>>(3usize);
            let value_4 = binder.argument::<Res<Mine>>(4usize);
            renamed::lifespan::__private::bound(Kinds {
                host: value_0?,
                name: value_1?,
                token: value_2?,
                r#in: value_3?,
                app: value_4?,
            })
        },
        start: |mut start| {
            let config = start.config::<Kinds>();
            let future = r#type(
                config.host,
                config.name,
                config.token,
                config.r#in,
                config.app,
                start.inject::<Alias>(),
            );
            let how = renamed::lifespan::__private::Never;
            renamed::lifespan::__private::runs(future, how)
        },
    };
    renamed::lifespan::__private::register_unit!(__LIFESPAN_UNIT);
    impl renamed::lifespan::__private::Config for Kinds {
        fn descriptor() -> &'static renamed::lifespan::__private::Descriptor {
            &__LIFESPAN_UNIT
        }
    }
    impl Kinds {
        ///Makes the config of the keyword arguments that have no default.
        #[must_use]
        pub fn new(
            name: String,
            token: Token,
            r#in: Receiver<u8>,
            app: Res<Mine>,
        ) -> Self {
            Self {
                host: __lifespan_default_0(),
                name,
                token,
                r#in,
                app,
            }
        }
        ///Sets `host`.
        #[must_use]
        pub fn with_host(mut self, value: String) -> Self {
            self.host = value;
            self
        }
    }
    impl renamed::lifespan::__private::Clone for Kinds
    where
        for<'__a> Receiver<u8>: renamed::lifespan::__private::Clone,
    {
        fn clone(&self) -> Self {
            Self {
                host: renamed::lifespan::__private::again::<String>(&self.host),
                name: renamed::lifespan::__private::again::<String>(&self.name),
                token: renamed::lifespan::__private::again::<Token>(&self.token),
                r#in: renamed::lifespan::__private::Clone::clone(&self.r#in),
                app: renamed::lifespan::__private::again::<Res<Mine>>(&self.app),
            }
        }
    }
    impl renamed::lifespan::__private::Debug for Kinds
    where
        for<'__a> String: renamed::lifespan::__private::Debug,
        for<'__a> String: renamed::lifespan::__private::Debug,
        for<'__a> Receiver<u8>: renamed::lifespan::__private::Debug,
        for<'__a> Res<Mine>: renamed::lifespan::__private::Debug,
    {
        fn fmt(
            &self,
            f: &mut renamed::lifespan::__private::Formatter<'_>,
        ) -> renamed::lifespan::__private::FmtResult {
            renamed::lifespan::__private::debug(
                f,
                "Kinds",
                &[
                    ("host", renamed::lifespan::__private::Some(&self.host)),
                    ("name", renamed::lifespan::__private::Some(&self.name)),
                    ("token", renamed::lifespan::__private::None),
                    ("in", renamed::lifespan::__private::Some(&self.r#in)),
                    ("app", renamed::lifespan::__private::Some(&self.app)),
                ],
            )
        }
    }
};
