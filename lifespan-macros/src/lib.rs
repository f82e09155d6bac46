//! What expands.
