//! Pure: registrations → graph → order, or every problem at once.

pub(crate) mod problem;
