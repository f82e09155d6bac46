//! Link-time collection; the only file that names inventory or linkme.

use crate::unit::descriptor::{Descriptor, Discovery};
use crate::unit::discovered::Linked;

/// Returns all units and `discover!` records that the linker collected, in registration order.
pub(crate) fn linked() -> Linked {
    Linked::new(collector::units(), &collector::discoveries())
}

#[cfg(not(feature = "linkme"))]
mod collector {
    use super::{Descriptor, Discovery};

    /// One collected unit.
    pub struct Unit(pub &'static Descriptor);
    inventory::collect!(Unit);

    /// One collected `discover!`.
    pub struct Found(pub &'static Discovery);
    inventory::collect!(Found);

    pub(crate) fn units() -> Vec<&'static Descriptor> {
        inventory::iter::<Unit>().map(|unit| unit.0).collect()
    }

    pub(crate) fn discoveries() -> Vec<&'static Discovery> {
        inventory::iter::<Found>().map(|found| found.0).collect()
    }
}

#[cfg(not(feature = "linkme"))]
#[doc(hidden)]
pub mod exports {
    pub use super::collector::{Found, Unit};
    pub use inventory;
}

#[cfg(feature = "linkme")]
#[allow(unsafe_code, reason = "a distributed slice is a section of the program, which linkme declares by hand")]
mod collector {
    use super::{Descriptor, Discovery};

    /// All collected units.
    #[linkme::distributed_slice]
    pub static UNITS: [&'static Descriptor];

    /// All collected `discover!`.
    #[linkme::distributed_slice]
    pub static DISCOVERIES: [&'static Discovery];

    pub(crate) fn units() -> Vec<&'static Descriptor> {
        UNITS.to_vec()
    }

    pub(crate) fn discoveries() -> Vec<&'static Discovery> {
        DISCOVERIES.to_vec()
    }
}

#[cfg(feature = "linkme")]
#[doc(hidden)]
pub mod exports {
    pub use super::collector::{DISCOVERIES, UNITS};
    pub use linkme;
}

/// Registers the named static `Descriptor` at link time.
#[cfg(not(feature = "linkme"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __lifespan_register_unit {
    ($descriptor:ident) => {
        $crate::private::collect::inventory::submit! { $crate::private::collect::Unit(&$descriptor) }
    };
}

/// Registers the named static `Discovery` at link time.
#[cfg(not(feature = "linkme"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __lifespan_register_discovery {
    ($discovery:ident) => {
        $crate::private::collect::inventory::submit! { $crate::private::collect::Found(&$discovery) }
    };
}

/// Registers the named static `Descriptor` at link time.
#[cfg(feature = "linkme")]
#[doc(hidden)]
#[macro_export]
macro_rules! __lifespan_register_unit {
    ($descriptor:ident) => {
        const _: () = {
            #[$crate::private::collect::linkme::distributed_slice($crate::private::collect::UNITS)]
            #[linkme(crate = $crate::private::collect::linkme)]
            static __LIFESPAN_COLLECTED: &$crate::private::Descriptor = &$descriptor;
        };
    };
}

/// Registers the named static `Discovery` at link time.
#[cfg(feature = "linkme")]
#[doc(hidden)]
#[macro_export]
macro_rules! __lifespan_register_discovery {
    ($discovery:ident) => {
        const _: () = {
            #[$crate::private::collect::linkme::distributed_slice($crate::private::collect::DISCOVERIES)]
            #[linkme(crate = $crate::private::collect::linkme)]
            static __LIFESPAN_COLLECTED: &$crate::private::Discovery = &$discovery;
        };
    };
}
