//! The request of an injected parameter.

use crate::base::{TypeInfo, short_type};

/// The request of an injected parameter.
#[derive(Clone, Copy, Debug)]
pub enum Need {
    /// The app itself.
    App,
    /// Notification of shutdown.
    Shutdown,
    /// Reporting that the task is up.
    Ready,
    /// Spawning child tasks.
    Children,
    /// The current run of the schedule.
    Tick,
    /// Reporting health.
    Health,
    /// Providing a resource of this type; `None` provides nothing.
    Scope(Option<TypeInfo>),
    /// The current resource of this type, which may be missing for a while.
    Live(TypeInfo),
    /// A resource of this type.
    Resource { ty: TypeInfo, optional: bool },
}

/// The way in which a unit takes a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hold {
    /// `Res<T>`
    Required,
    /// `Option<Res<T>>`
    Optional,
    /// `Live<T>`
    Live,
}

impl Need {
    /// Returns the resource that the parameter takes, and how it takes it.
    pub(crate) fn resource(self) -> Option<(TypeInfo, Hold)> {
        match self {
            Self::Resource { ty, optional: false } => Some((ty, Hold::Required)),
            Self::Resource { ty, optional: true } => Some((ty, Hold::Optional)),
            Self::Live(ty) => Some((ty, Hold::Live)),
            Self::App | Self::Shutdown | Self::Ready | Self::Children | Self::Tick | Self::Health | Self::Scope(_) => {
                None
            }
        }
    }
}

/// Returns the types of the resources among these, without their module paths.
pub(crate) fn need_names(needs: impl Iterator<Item = Need>) -> Vec<String> {
    needs.filter_map(Need::resource).map(|(ty, _)| short_type(ty.name)).collect()
}
