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
    [#[doc = "The keyword arguments of the lifespan task `type`."]] [] Kinds { #[doc =
    "The address to listen on."] pub host : String, #[doc =
    "The keyword argument `name`."] pub name : String, #[doc =
    "The keyword argument `token`."] pub token : Token, #[doc =
    "The keyword argument `in`."] pub r#in : Receiver < u8 >, #[doc =
    "The keyword argument `app`."] pub app : Res < Mine >, }
}
#[cfg(unix)]
#[allow(clippy::used_underscore_binding)]
const _: () = {
    use renamed::lifespan::__private as __lifespan;
    #[allow(clippy::unnecessary_wraps)]
    fn __lifespan_default_0() -> String {
        __lifespan::text::<String>("localhost")
    }
    static __LIFESPAN_UNIT: __lifespan::Descriptor = __lifespan::Descriptor {
        info: __lifespan::UnitInfo {
            kind: __lifespan::Kind::Task,
            name: "type",
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
            id: || __lifespan::id_of(r#type),
            options: __lifespan::Options::NONE,
            after: &[],
            before: &[],
            needs: &[<Alias as __lifespan::Inject>::need],
            returns: __lifespan::None,
            arguments: &[
                __lifespan::Argument {
                    name: "host",
                    ty: "String",
                    line: 0u32,
                    column: 0u32,
                    env: __lifespan::Some("HOST"),
                    ..__lifespan::Argument::PLAIN
                },
                __lifespan::Argument {
                    name: "site",
                    ty: "String",
                    line: 0u32,
                    column: 0u32,
                    aliases: &["place"],
                    ..__lifespan::Argument::PLAIN
                },
                __lifespan::Argument {
                    name: "token",
                    ty: "Token",
                    line: 0u32,
                    column: 0u32,
                    secret: true,
                    ..__lifespan::Argument::PLAIN
                },
                __lifespan::Argument {
                    name: "in",
                    ty: "Receiver<u8>",
                    line: 0u32,
                    column: 0u32,
                    code: true,
                    is_clone: || __lifespan::Copies::<Receiver<u8>>::NEW.can(),
                    ..__lifespan::Argument::PLAIN
                },
                __lifespan::Argument {
                    name: "app",
                    ty: "Res<Mine>",
                    line: 0u32,
                    column: 0u32,
                    ..__lifespan::Argument::PLAIN
                },
            ],
        },
        bind: |binder| {
            let value_0 = binder.argument_or::<String>(0usize, __lifespan_default_0);
            let value_1 = binder.argument::<String>(1usize);
            let value_2 = binder.argument::<Token>(2usize);
            let value_3 = binder.code::<Receiver<u8>>(3usize);
            let value_4 = binder.argument::<Res<Mine>>(4usize);
            __lifespan::bound(Kinds {
                host: value_0?,
                name: value_1?,
                token: value_2?,
                r#in: value_3?,
                app: value_4?,
            })
        },
        key: __lifespan::Some(|config| {
            config
                .downcast_ref::<Kinds>()
                .map(|config| __lifespan::key::<String>(&config.name))
        }),
        start: |mut start| {
            let config = start
                .config::<
                    Kinds,
                >(|config| __lifespan::Some(Kinds {
                    host: __lifespan::again::<String>(&config.host),
                    name: __lifespan::again::<String>(&config.name),
                    token: __lifespan::again::<Token>(&config.token),
                    r#in: __lifespan::Copies::<Receiver<u8>>::NEW.of(&config.r#in)?,
                    app: __lifespan::again::<Res<Mine>>(&config.app),
                }));
            let future = r#type(
                config.host,
                config.name,
                config.token,
                config.r#in,
                config.app,
                start.inject::<Alias>(),
            );
            let how = __lifespan::Never;
            __lifespan::runs(future, how)
        },
    };
    __lifespan::register_unit!(__LIFESPAN_UNIT);
    impl __lifespan::Config for Kinds {
        fn descriptor() -> &'static __lifespan::Descriptor {
            &__LIFESPAN_UNIT
        }
    }
    impl Kinds {
        ///Creates the config from the keyword arguments that have no default.
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
        ///Creates the config from the defaults, the file and the environment, for code that changes some fields.
        ///
        ///# Errors
        ///Lists every argument with a missing or invalid value.
        pub fn load() -> __lifespan::Result<Self, __lifespan::ConfigError> {
            __lifespan::load()
        }
    }
    impl __lifespan::Clone for Kinds
    where
        for<'__a> Receiver<u8>: __lifespan::Clone,
    {
        fn clone(&self) -> Self {
            Self {
                host: __lifespan::again::<String>(&self.host),
                name: __lifespan::again::<String>(&self.name),
                token: __lifespan::again::<Token>(&self.token),
                r#in: __lifespan::Clone::clone(&self.r#in),
                app: __lifespan::again::<Res<Mine>>(&self.app),
            }
        }
    }
    impl __lifespan::Debug for Kinds
    where
        for<'__a> String: __lifespan::Debug,
        for<'__a> Receiver<u8>: __lifespan::Debug,
        for<'__a> Res<Mine>: __lifespan::Debug,
    {
        fn fmt(&self, f: &mut __lifespan::Formatter<'_>) -> __lifespan::FmtResult {
            __lifespan::debug(
                f,
                "Kinds",
                &[
                    ("host", __lifespan::Some(&self.host)),
                    ("name", __lifespan::Some(&self.name)),
                    ("token", __lifespan::None),
                    ("in", __lifespan::Some(&self.r#in)),
                    ("app", __lifespan::Some(&self.app)),
                ],
            )
        }
    }
};
