//! The discovered units in registration order, and the crates whose units register automatically.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::fmt;
use std::ops::Deref;
use std::path::Path;

use crate::base::{Location, Problem, ProblemKind};
use crate::config::UnitNames;
use crate::declare::Kind;
use crate::unit::descriptor::{Descriptor, Discovery};
use crate::unit::packages::undiscovered;

/// The list of all tasks and contexts in this program, in registration order, from the function that `discover!`
/// generates.
///
/// ```
/// use lifespan::lifespan_task;
///
/// lifespan::discover! {
///     /// Every task and context in this program, in registration order.
///     pub fn lifespan_tasks();
/// }
///
/// /// Removes old files.
/// #[lifespan_task(manual)]
/// async fn sweep() {}
///
/// println!("{}", lifespan_tasks());
/// assert!(lifespan_tasks().iter().any(|unit| unit.name() == "sweep"));
/// ```
#[derive(Clone, Debug)]
pub struct Discovered {
    units: Vec<Unit>,
}

impl Discovered {
    pub(crate) fn new(units: impl IntoIterator<Item = &'static Descriptor>) -> Self {
        Self { units: units.into_iter().map(Unit).collect() }
    }
}

impl Deref for Discovered {
    type Target = [Unit];

    fn deref(&self) -> &[Unit] {
        &self.units
    }
}

impl IntoIterator for Discovered {
    type Item = Unit;
    type IntoIter = std::vec::IntoIter<Unit>;

    fn into_iter(self) -> Self::IntoIter {
        self.units.into_iter()
    }
}

impl<'a> IntoIterator for &'a Discovered {
    type Item = &'a Unit;
    type IntoIter = std::slice::Iter<'a, Unit>;

    fn into_iter(self) -> Self::IntoIter {
        self.units.iter()
    }
}

impl fmt::Display for Discovered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.units.iter().map(|unit| unit.name().chars().count()).max().unwrap_or(0);
        for (position, unit) in self.units.iter().enumerate() {
            if position > 0 {
                writeln!(f)?;
            }
            write!(f, "{:<7}  {:<width$}  {}", unit.kind(), unit.name(), unit.location())?;
        }
        Ok(())
    }
}

/// An annotated function, as collected by the linker.
///
/// ```
/// # use lifespan::{Res, lifespan_task};
/// # lifespan::discover! { fn lifespan_tasks(); }
/// # /// Removes old files.
/// # #[lifespan_task(manual)] async fn remove_old_files(folder: Res<String>) {}
/// let unit = lifespan_tasks().into_iter().find(|unit| unit.name() == "remove_old_files").unwrap();
/// println!("{} {} at {}", unit.kind(), unit.full_name(), unit.location());
/// assert_eq!(unit.docs(), "Removes old files.");
/// ```
#[derive(Clone, Copy)]
pub struct Unit(&'static Descriptor);

impl Unit {
    pub(crate) fn of(unit: &'static Descriptor) -> Self {
        Self(unit)
    }

    /// Returns the function's name, or the one set by `name = "…"`.
    ///
    /// ```
    /// # use lifespan::{Res, lifespan_task};
    /// # lifespan::discover! { fn lifespan_tasks(); }
    /// # /// Removes old files.
    /// # #[lifespan_task(manual)] async fn remove_old_files(folder: Res<String>) {}
    /// let unit = lifespan_tasks().into_iter().find(|unit| unit.name() == "remove_old_files").unwrap();
    /// assert_eq!(unit.name(), "remove_old_files");
    /// ```
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.0.name
    }

    /// Returns the full name, `crate::name`. It is accepted wherever a name is, and is unique where the short name is
    /// not.
    ///
    /// ```
    /// # use lifespan::{Res, lifespan_task};
    /// # lifespan::discover! { fn lifespan_tasks(); }
    /// # /// Removes old files.
    /// # #[lifespan_task(manual)] async fn remove_old_files(folder: Res<String>) {}
    /// let unit = lifespan_tasks().into_iter().find(|unit| unit.name() == "remove_old_files").unwrap();
    /// assert!(unit.full_name().ends_with("::remove_old_files"));
    /// ```
    #[must_use]
    pub fn full_name(&self) -> String {
        format!("{}::{}", self.0.crate_name(), self.0.name)
    }

    /// Returns the kind: task or context.
    ///
    /// ```
    /// # use lifespan::{Res, lifespan_task};
    /// # lifespan::discover! { fn lifespan_tasks(); }
    /// # /// Removes old files.
    /// # #[lifespan_task(manual)] async fn remove_old_files(folder: Res<String>) {}
    /// let unit = lifespan_tasks().into_iter().find(|unit| unit.name() == "remove_old_files").unwrap();
    /// assert_eq!(unit.kind(), lifespan::Kind::Task);
    /// ```
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// Returns the place of the function.
    ///
    /// ```
    /// # use lifespan::{Res, lifespan_task};
    /// # lifespan::discover! { fn lifespan_tasks(); }
    /// # /// Removes old files.
    /// # #[lifespan_task(manual)] async fn remove_old_files(folder: Res<String>) {}
    /// let unit = lifespan_tasks().into_iter().find(|unit| unit.name() == "remove_old_files").unwrap();
    /// println!("{} stands at {}", unit.name(), unit.location());
    /// ```
    #[must_use]
    pub fn location(&self) -> Location {
        self.0.location()
    }

    /// Returns the module of the function, as `module_path!()` gives it.
    ///
    /// ```
    /// # use lifespan::{Res, lifespan_task};
    /// # lifespan::discover! { fn lifespan_tasks(); }
    /// # /// Removes old files.
    /// # #[lifespan_task(manual)] async fn remove_old_files(folder: Res<String>) {}
    /// let unit = lifespan_tasks().into_iter().find(|unit| unit.name() == "remove_old_files").unwrap();
    /// println!("{} is in the module {}", unit.name(), unit.module());
    /// ```
    #[must_use]
    pub fn module(&self) -> &'static str {
        self.0.module
    }

    /// Returns the function's doc comment.
    ///
    /// ```
    /// # use lifespan::{Res, lifespan_task};
    /// # lifespan::discover! { fn lifespan_tasks(); }
    /// # /// Removes old files.
    /// # #[lifespan_task(manual)] async fn remove_old_files(folder: Res<String>) {}
    /// let unit = lifespan_tasks().into_iter().find(|unit| unit.name() == "remove_old_files").unwrap();
    /// assert_eq!(unit.docs(), "Removes old files.");
    /// ```
    #[must_use]
    pub fn docs(&self) -> &'static str {
        self.0.docs
    }

    /// Returns the types of the resources that it takes, without their module paths.
    ///
    /// ```
    /// # use lifespan::{Res, lifespan_task};
    /// # lifespan::discover! { fn lifespan_tasks(); }
    /// # /// Removes old files.
    /// # #[lifespan_task(manual)] async fn remove_old_files(folder: Res<String>) {}
    /// let unit = lifespan_tasks().into_iter().find(|unit| unit.name() == "remove_old_files").unwrap();
    /// assert_eq!(unit.needs(), ["String"]);
    /// ```
    #[must_use]
    pub fn needs(&self) -> Vec<String> {
        self.0.need_names()
    }

    /// Returns whether it is `manual`: it does not register automatically when its crate is discovered.
    ///
    /// ```
    /// # use lifespan::{Res, lifespan_task};
    /// # lifespan::discover! { fn lifespan_tasks(); }
    /// # /// Removes old files.
    /// # #[lifespan_task(manual)] async fn remove_old_files(folder: Res<String>) {}
    /// let unit = lifespan_tasks().into_iter().find(|unit| unit.name() == "remove_old_files").unwrap();
    /// assert!(unit.is_manual());
    /// ```
    #[must_use]
    pub fn is_manual(&self) -> bool {
        self.0.options.manual
    }
}

impl fmt::Debug for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} `{}` at {}", self.kind(), self.full_name(), self.location())
    }
}

/// The linked units in registration order, and the crates whose units register automatically.
pub(crate) struct Linked {
    pub(crate) units: Vec<&'static Descriptor>,
    /// The crates whose units register automatically; all without a `discover!`.
    pub(crate) automatic: Option<Vec<&'static str>>,
    /// Names in `link` lists of crates that have no units, with the place of their `discover!`.
    empty_links: Vec<(&'static str, Location)>,
}

impl Linked {
    /// Returns the addresses of all units.
    pub(crate) fn names(&self) -> UnitNames {
        UnitNames::new(self.units.iter().map(|unit| &unit.info))
    }

    pub(crate) fn new(mut units: Vec<&'static Descriptor>, discoveries: &[&'static Discovery]) -> Self {
        let crates = crate_order(discoveries);
        units.sort_by(|a, b| compare(a, b, crates.as_deref()));
        let present: HashSet<&str> = units.iter().map(|unit| unit.crate_name()).collect();
        let empty_links = discoveries
            .iter()
            .flat_map(|discovery| discovery.links.iter().map(|link| (*link, discovery.place)))
            .filter(|(link, _)| !present.contains(link))
            .collect();
        Self { units, automatic: crates, empty_links }
    }

    pub(crate) fn is_automatic(&self, unit: &Descriptor) -> bool {
        self.automatic.as_ref().is_none_or(|crates| crates.contains(&unit.crate_name()))
    }

    /// Reports units of several packages, if no `discover!` says which belong to this program.
    pub(crate) fn undiscovered(&self) -> Option<Problem> {
        if self.automatic.is_some() { None } else { undiscovered(&self.units) }
    }

    /// Reports units that were linked twice, and linked crates without units.
    pub(crate) fn check(&self, problems: &mut Vec<Problem>) {
        for pair in self.units.windows(2) {
            let (a, b) = (pair[0], pair[1]);
            if a.place == b.place && a.name_place == b.name_place && a.module == b.module && a.name == b.name {
                problems.push(
                    Problem::new(ProblemKind::LinkedTwice, format!("{} `{}` was linked twice", a.kind, a.name))
                        .at(a.location())
                        .help("the same source is compiled into this program twice: build it as one crate, or as a module of one"),
                );
            }
        }
        for (link, place) in &self.empty_links {
            problems.push(
                Problem::new(ProblemKind::UnknownName, format!("`discover!` links `{link}`, but no linked crate of that name has units"))
                    .at(place)
                    .help(format!(
                        "annotate a function of `{link}`, or take it off the list; a crate that Cargo.toml renames is written `link {link} as its_own_name`"
                    )),
            );
        }
    }
}

/// Returns the crates in the order of their `discover!`: the crates that a crate links come before itself.
fn crate_order(discoveries: &[&'static Discovery]) -> Option<Vec<&'static str>> {
    fn visit(
        name: &'static str,
        discoveries: &[&'static Discovery],
        seen: &mut HashSet<&'static str>,
        order: &mut Vec<&'static str>,
    ) {
        if !seen.insert(name) {
            return;
        }
        for discovery in discoveries.iter().filter(|discovery| root(discovery.module) == name) {
            for link in discovery.links {
                visit(link, discoveries, seen, order);
            }
        }
        order.push(name);
    }
    if discoveries.is_empty() {
        return None;
    }
    let mut roots: Vec<&'static str> = discoveries.iter().map(|discovery| root(discovery.module)).collect();
    roots.sort_unstable();
    let (mut seen, mut order) = (HashSet::new(), Vec::new());
    for name in roots {
        visit(name, discoveries, &mut seen, &mut order);
    }
    Some(order)
}

fn root(module: &'static str) -> &'static str {
    module.split("::").next().unwrap_or(module)
}

/// Compares two units by registration order: crate, file by path components, place of the outermost expansion, place of
/// the name, module, name.
fn compare(a: &Descriptor, b: &Descriptor, crates: Option<&[&'static str]>) -> Ordering {
    let position = |unit: &Descriptor| {
        let crates = crates.unwrap_or_default();
        crates.iter().position(|name| *name == unit.crate_name()).unwrap_or(crates.len())
    };
    let place = |place: &Location| (place.line, place.column);
    position(a)
        .cmp(&position(b))
        .then_with(|| a.crate_name().cmp(b.crate_name()))
        .then_with(|| Path::new(a.place.file).components().cmp(Path::new(b.place.file).components()))
        .then_with(|| place(&a.place).cmp(&place(&b.place)))
        .then_with(|| Path::new(a.name_place.file).components().cmp(Path::new(b.name_place.file).components()))
        .then_with(|| place(&a.name_place).cmp(&place(&b.name_place)))
        .then_with(|| a.module.cmp(b.module))
        .then_with(|| a.name.cmp(b.name))
}
