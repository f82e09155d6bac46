//! Fingerprints of the sources' values for a registration, kept so that a later reload can be compared with it. The
//! values themselves are never kept, since they may be secrets.

/// The place of a value in the sources.
#[derive(Clone, Debug)]
#[cfg_attr(not(feature = "config"), expect(dead_code, reason = "without sources nothing is anywhere"))]
pub(crate) enum At {
    /// The byte offset in the file.
    File(usize),
    Variable(String),
    /// A call of `App::set`, with its key and its place.
    Set {
        key: String,
        place: String,
    },
    /// A file with a secret, and the variable or the setting that names it.
    Secret {
        path: String,
        named_by: String,
    },
}

/// The fingerprint of one key.
#[derive(Clone, Debug)]
pub(crate) struct Fingerprint {
    /// The argument or the setting.
    pub(crate) key: &'static str,
    /// Differs if the value differs.
    pub(crate) print: u64,
    pub(crate) at: At,
}

/// The fingerprints of one registration.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fingerprints {
    /// The place of its table.
    pub(crate) table: Option<At>,
    pub(crate) arguments: Vec<Fingerprint>,
    pub(crate) policy: Vec<Fingerprint>,
}

/// Returns the keys whose values differ, as in the later reading; `None` for the place of a key that is gone.
pub(crate) fn differences<'m>(
    before: &'m [Fingerprint],
    after: &'m [Fingerprint],
) -> impl Iterator<Item = (&'static str, Option<&'m At>)> {
    let find = |fingerprints: &'m [Fingerprint], key| fingerprints.iter().find(|mark| mark.key == key);
    let changed = after
        .iter()
        .filter(move |mark| find(before, mark.key).is_none_or(|before| before.print != mark.print))
        .map(|mark| (mark.key, Some(&mark.at)));
    let gone = before.iter().filter(move |mark| find(after, mark.key).is_none()).map(|mark| (mark.key, None));
    changed.chain(gone)
}
