//! What the sources had for a registration, kept so that a later reading can be compared with it: prints of the values,
//! never the values themselves, which may be secrets.

/// Where the sources had something.
#[derive(Clone, Debug)]
#[cfg_attr(not(feature = "config"), expect(dead_code, reason = "without sources nothing is anywhere"))]
pub(crate) enum At {
    /// How far into the file it stands.
    File(usize),
    Variable(String),
}

/// What the sources had under one key.
#[derive(Clone, Debug)]
pub(crate) struct Mark {
    /// The argument, or the setting.
    pub(crate) key: &'static str,
    /// Differs where the value does.
    pub(crate) print: u64,
    pub(crate) at: At,
}

/// What the sources had for one registration.
#[derive(Clone, Debug, Default)]
pub(crate) struct Marks {
    /// Its table.
    pub(crate) table: Option<At>,
    pub(crate) arguments: Vec<Mark>,
    pub(crate) policy: Vec<Mark>,
}

/// The marks in whose keys two readings differ, as the later one has them; none where it has nothing there any more.
pub(crate) fn differences<'m>(
    before: &'m [Mark],
    after: &'m [Mark],
) -> impl Iterator<Item = (&'static str, Option<&'m At>)> {
    let find = |marks: &'m [Mark], key| marks.iter().find(|mark| mark.key == key);
    let changed = after
        .iter()
        .filter(move |mark| find(before, mark.key).is_none_or(|before| before.print != mark.print))
        .map(|mark| (mark.key, Some(&mark.at)));
    let gone = before.iter().filter(move |mark| find(after, mark.key).is_none()).map(|mark| (mark.key, None));
    changed.chain(gone)
}
