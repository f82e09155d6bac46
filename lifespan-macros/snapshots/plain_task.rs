async fn ends_well() {}
::lifespan::__private::choose_another_name_with_config_equals! {
    #[doc = "The keyword arguments of the lifespan task `ends_well`."] struct
    EndsWellConfig {}
}
const _: () = {
    static __LIFESPAN_UNIT: ::lifespan::__private::Descriptor = ::lifespan::__private::Descriptor {
        kind: ::lifespan::__private::Kind::Task,
        name: "ends_well",
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
        id: || ::lifespan::__private::id_of(ends_well),
        options: ::lifespan::__private::Options::NONE,
        after: &[],
        before: &[],
        needs: &[],
        returns: ::lifespan::__private::None,
        arguments: &[],
        bind: |_| { ::lifespan::__private::bound(EndsWellConfig {}) },
        start: |_| {
            let future = ends_well();
            let how = ::lifespan::__private::Output::<()>::NEW.how();
            ::lifespan::__private::runs(future, how)
        },
    };
    ::lifespan::__private::register_unit!(__LIFESPAN_UNIT);
    impl ::lifespan::__private::Config for EndsWellConfig {
        fn descriptor() -> &'static ::lifespan::__private::Descriptor {
            &__LIFESPAN_UNIT
        }
    }
    impl EndsWellConfig {
        ///Makes the config of all keyword arguments.
        #[must_use]
        pub fn new() -> Self {
            Self {}
        }
    }
    impl ::lifespan::__private::Clone for EndsWellConfig {
        fn clone(&self) -> Self {
            Self {}
        }
    }
    impl ::lifespan::__private::Debug for EndsWellConfig {
        fn fmt(
            &self,
            f: &mut ::lifespan::__private::Formatter<'_>,
        ) -> ::lifespan::__private::FmtResult {
            ::lifespan::__private::debug(f, "EndsWellConfig", &[])
        }
    }
    impl ::lifespan::__private::Default for EndsWellConfig {
        fn default() -> Self {
            Self::new()
        }
    }
};
