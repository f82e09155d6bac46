//! The machine's clock.

/// Nanoseconds since the launch.
pub(crate) type Nanos = u64;

/// The deadline that never passes.
pub(crate) const NEVER: Nanos = Nanos::MAX;
