//! A chain of types, by which method resolution tells a type from another: each step has a method for the types that
//! fit, and derefs to the next step for those that don't.

/// Declares the steps of a chain.
macro_rules! steps {
    ($($(#[$docs:meta])* $step:ident => $($next:ident)?;)*) => {$(
        $(#[$docs])*
        pub struct $step<R>(std::marker::PhantomData<fn() -> R>);

        impl<R> $step<R> {
            /// The only value.
            pub const NEW: Self = Self(std::marker::PhantomData);
        }

        $(impl<R> std::ops::Deref for $step<R> {
            type Target = $next<R>;

            fn deref(&self) -> &$next<R> {
                &$next::NEW
            }
        })?
    )*};
}

pub(super) use steps;
