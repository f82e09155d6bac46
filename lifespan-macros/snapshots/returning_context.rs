pub(crate) async fn http_client() -> Client {
    Client::new()
}
::lifespan::__private::choose_another_name_with_config_equals! {
    #[doc = "The keyword arguments of the lifespan context `http_client`."] pub (crate)
    struct HttpClientConfig {}
}
const _: () = {
    static __LIFESPAN_UNIT: ::lifespan::__private::Descriptor = ::lifespan::__private::Descriptor {
        kind: ::lifespan::__private::Kind::Context,
        name: "http_client",
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
        id: || ::lifespan::__private::id_of(http_client),
        options: ::lifespan::__private::Options::NONE,
        after: &[],
        before: &[],
        needs: &[],
        returns: ::lifespan::__private::Some(|| {
            let what = ::lifespan::__private::Provided::<Client>::NEW.what();
            ::lifespan::__private::provided_by_context(what)
        }),
        arguments: &[],
        bind: |_| { ::lifespan::__private::bound(HttpClientConfig {}) },
        start: |_| {
            let future = http_client();
            let how = ::lifespan::__private::Output::<Client>::NEW.how();
            ::lifespan::__private::returns(future, how)
        },
    };
    ::lifespan::__private::register_unit!(__LIFESPAN_UNIT);
    impl ::lifespan::__private::Config for HttpClientConfig {
        fn descriptor() -> &'static ::lifespan::__private::Descriptor {
            &__LIFESPAN_UNIT
        }
    }
    impl HttpClientConfig {
        ///Makes the config of all keyword arguments.
        #[must_use]
        pub fn new() -> Self {
            Self {}
        }
    }
    impl ::lifespan::__private::Clone for HttpClientConfig {
        fn clone(&self) -> Self {
            Self {}
        }
    }
    impl ::lifespan::__private::Debug for HttpClientConfig {
        fn fmt(
            &self,
            f: &mut ::lifespan::__private::Formatter<'_>,
        ) -> ::lifespan::__private::FmtResult {
            ::lifespan::__private::debug(f, "HttpClientConfig", &[])
        }
    }
    impl ::lifespan::__private::Default for HttpClientConfig {
        fn default() -> Self {
            Self::new()
        }
    }
};
