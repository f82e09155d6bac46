//! Indices, which are half the size of a `usize`.

/// Returns an index as it is stored.
pub(crate) fn index(node: usize) -> u32 {
    u32::try_from(node).expect("fewer than 2^32 nodes")
}
