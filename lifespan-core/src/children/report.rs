//! The counts of a unit's children: how many there were and, by name, those that failed or were cancelled.

use std::borrow::Cow;
use std::fmt;

use crate::base::line;

/// The number of names that are kept: a unit may have had a million children.
const NAMES: usize = 20;

/// The results of a unit's children, over all its restarts.
///
/// ```
/// use lifespan::{App, Children, Shutdown, lifespan_task};
///
/// #[lifespan_task(manual)]
/// async fn serve(children: Children, shutdown: Shutdown) {
///     children.spawn("conn", std::future::pending::<()>());
///     shutdown.requested().await;
/// }
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let app = App::empty();
/// # app.register(ServeConfig {})?;
/// let report = app.start().await?.stop().await;
/// let children = report.unit("serve").unwrap().children.as_ref().unwrap();
/// assert_eq!((children.spawned, children.failed, children.cancelled), (1, 0, 1));
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChildrenReport {
    /// The number of children.
    pub spawned: u64,
    /// The number that failed, including failures received through a handle.
    pub failed: u64,
    /// The number that were running when the unit ended, and were cancelled.
    pub cancelled: u64,
    /// Those that failed or were cancelled, by name; the first 20 names.
    pub named: Vec<NamedChildren>,
    /// The number of further ones, with other names.
    pub others: u64,
}

/// Children of one name.
///
/// ```
/// # use lifespan::{App, Children, Shutdown, lifespan_task};
/// # #[lifespan_task(manual)]
/// # async fn serve(children: Children, shutdown: Shutdown) {
/// #     children.spawn("conn", std::future::pending::<()>());
/// #     shutdown.requested().await;
/// # }
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let app = App::empty();
/// # app.register(ServeConfig {})?;
/// let report = app.start().await?.stop().await;
/// let named = &report.unit("serve").unwrap().children.as_ref().unwrap().named[0];
/// assert_eq!((named.name.as_ref(), named.cancelled), ("conn", 1));
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NamedChildren {
    /// The name.
    pub name: Cow<'static, str>,
    /// The number that failed.
    pub failed: u64,
    /// The number that were cancelled when the unit ended.
    pub cancelled: u64,
    /// The first error that was not received through a handle; for isolated children, the last error.
    pub error: Option<Box<str>>,
}

impl ChildrenReport {
    pub(crate) fn add_failed(&mut self, name: Cow<'static, str>) {
        self.failed += 1;
        match self.of(name) {
            Some(named) => named.failed += 1,
            None => self.others += 1,
        }
    }

    pub(crate) fn add_cancelled(&mut self, name: Cow<'static, str>) {
        self.cancelled += 1;
        match self.of(name) {
            Some(named) => named.cancelled += 1,
            None => self.others += 1,
        }
    }

    /// Keeps the first error of children of this name.
    pub(crate) fn add_error(&mut self, name: Cow<'static, str>, error: &str) {
        if let Some(named) = self.of(name) {
            named.error.get_or_insert_with(|| error.into());
        }
    }

    /// Keeps the error of the last isolated child that failed.
    pub(crate) fn set_error(&mut self, name: Cow<'static, str>, error: &str) {
        if let Some(named) = self.of(name) {
            named.error = Some(error.into());
        }
    }

    /// Adds the counts of a later start.
    pub(crate) fn add(&mut self, later: Self) {
        self.spawned += later.spawned;
        self.failed += later.failed;
        self.cancelled += later.cancelled;
        self.others += later.others;
        for NamedChildren { name, failed, cancelled, error } in later.named {
            match self.of(name) {
                Some(named) => {
                    named.failed += failed;
                    named.cancelled += cancelled;
                    named.error = named.error.take().or(error);
                }
                None => self.others += failed + cancelled,
            }
        }
    }

    fn of(&mut self, name: Cow<'static, str>) -> Option<&mut NamedChildren> {
        // From the end: most children have the name of the one before.
        match self.named.iter().rposition(|named| named.name == name) {
            Some(position) => self.named.get_mut(position),
            None if self.named.len() == NAMES => None,
            None => {
                self.named.push(NamedChildren { name, failed: 0, cancelled: 0, error: None });
                self.named.last_mut()
            }
        }
    }

    /// Writes the lines of the children, indented by this much.
    pub(crate) fn write(&self, f: &mut impl fmt::Write, indent: usize) -> fmt::Result {
        let Self { spawned, failed, cancelled, .. } = self;
        write!(f, "\n{:indent$}{spawned} child{}", "", if *spawned == 1 { "" } else { "ren" })?;
        for (count, what) in [(failed, "failed"), (cancelled, "cancelled as it ended")] {
            if *count > 0 {
                write!(f, ", {count} {what}")?;
            }
        }
        for NamedChildren { name, failed, cancelled, error } in &self.named {
            let name = line(name);
            for (count, what) in [(failed, "failed"), (cancelled, "cancelled")] {
                match count {
                    0 => continue,
                    1 => write!(f, "\n{:indent$}  {name} {what}", "")?,
                    _ => write!(f, "\n{:indent$}  {name} ×{count} {what}", "")?,
                }
                if let ("failed", Some(error)) = (what, error) {
                    write!(f, ": {error}")?;
                }
            }
        }
        if self.others > 0 {
            write!(f, "\n{:indent$}  and {} of other names", "", self.others)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_names_are_one_line_and_names_are_bounded() {
        let mut tally = ChildrenReport { spawned: 1300, ..ChildrenReport::default() };
        for _ in 0..1204 {
            tally.add_cancelled("conn".into());
        }
        tally.add_failed("conn".into());
        tally.add_error("conn".into(), "the wire is broken");
        tally.add_error("conn".into(), "another");
        for number in 0..30 {
            tally.add_failed(format!("job {number}").into());
        }
        assert_eq!((tally.failed, tally.cancelled, tally.named.len(), tally.others), (31, 1204, NAMES, 11));
        let mut text = String::new();
        tally.write(&mut text, 2).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines[..5],
            [
                "",
                "  1300 children, 31 failed, 1204 cancelled as it ended",
                "    conn failed: the wire is broken",
                "    conn ×1204 cancelled",
                "    job 0 failed",
            ]
        );
        assert_eq!(lines.last(), Some(&"    and 11 of other names"));
    }

    #[test]
    fn those_of_a_later_start_are_added() {
        let mut one = ChildrenReport { spawned: 2, ..ChildrenReport::default() };
        one.add_failed("conn".into());
        let mut two = one.clone();
        two.add_cancelled("other".into());
        two.add_error("conn".into(), "later");
        one.add(two);
        assert_eq!((one.spawned, one.failed, one.cancelled), (4, 2, 1));
        let conn = NamedChildren { name: "conn".into(), failed: 2, cancelled: 0, error: Some("later".into()) };
        assert_eq!((one.named.len(), &one.named[0]), (2, &conn));
    }
}
