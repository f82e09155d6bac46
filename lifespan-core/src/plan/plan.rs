//! A plan: the registrations, checked and ordered.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::cycle::describe_cycle;
use super::edges::{Provided, check_declarations, connect, provides};
use super::left_out::LeftOut;
use super::registered::Registered;
use super::registrations::Registrations;
use super::why::{Why, WhyNot};
use crate::base::{Graph, Problem, ProblemKind, short_type};

use crate::base::index::index;
use crate::base::{Location, short};
use crate::declare::{Kind, OnShutdown, When};
use crate::unit::Descriptor;

/// The registrations, checked and ordered, as returned by [`App::check`](crate::App::check).
///
/// Displays as a readable list in start order, which says of each unit why it runs, and below it the units that do not run.
///
/// ```
/// # use lifespan::{App, Shutdown, lifespan_task};
/// # #[lifespan_task(manual)] async fn serve(shutdown: Shutdown) { shutdown.requested().await }
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let app = App::empty();
/// # app.register(ServeConfig {})?;
/// let plan = app.check()?;
/// println!("{plan}"); // 1  task     serve  src/main.rs:3:7  because code registers it at src/main.rs:5:5
/// assert_eq!(plan.in_start_order()[0].name(), "serve");
/// # Ok(()) }
/// ```
pub struct Plan {
    pub(crate) registrations: Arc<Registrations>,
    pub(crate) graph: Graph,
    /// Nodes in start order, barriers included.
    pub(super) order: Box<[u32]>,
    /// The wall clock's time at the launch, if it is set: the schedules' times are computed from then on.
    pub(crate) wall_clock: Option<SystemTime>,
}

impl Plan {
    /// Orders the registrations, or reports all that is wrong with them.
    pub(crate) fn new(
        registrations: Arc<Registrations>,
        provided: &[&Provided],
        known: &[&'static Descriptor],
        problems: &mut Vec<Problem>,
    ) -> Option<Self> {
        check_declarations(&registrations, problems);
        check_names(&registrations, problems);
        let graph = connect(&registrations, provided, known, problems);
        let order = match graph.order() {
            Ok(order) => order.into_iter().map(index).collect(),
            Err(cycles) => {
                problems.extend(cycles.iter().map(|cycle| describe_cycle(&registrations, cycle)));
                return None;
            }
        };
        super::restarts::check(&registrations, &graph, problems);
        problems.is_empty().then_some(Self { registrations, graph, order, wall_clock: None })
    }

    /// Returns the registrations in start order.
    ///
    /// ```
    /// use lifespan::{App, lifespan_task};
    ///
    /// #[lifespan_task(manual, once, after(second))]
    /// async fn first() {}
    ///
    /// #[lifespan_task(manual, once)]
    /// async fn second() {}
    ///
    /// let app = App::empty();
    /// app.register(FirstConfig {})?;
    /// app.register(SecondConfig {})?;
    /// let plan = app.check().expect("the plan is valid");
    /// assert!(plan.in_start_order()[0].is(second));
    /// # Ok::<(), lifespan::RegisterError>(())
    /// ```
    #[must_use]
    pub fn in_start_order(&self) -> Vec<Registered> {
        self.units().map(|index| self.registrations.get(index)).collect()
    }

    /// Returns the registrations in registration order.
    ///
    /// ```
    /// # use lifespan::{App, lifespan_task};
    /// # #[lifespan_task(manual, once, after(second))] async fn first() {}
    /// # #[lifespan_task(manual, once)] async fn second() {}
    /// let app = App::empty();
    /// app.register(FirstConfig {})?;
    /// app.register(SecondConfig {})?;
    /// let plan = app.check().expect("the plan is valid");
    /// assert!(plan.registered()[0].is(first));
    /// # Ok::<(), lifespan::RegisterError>(())
    /// ```
    #[must_use]
    pub fn registered(&self) -> Vec<Registered> {
        self.registrations.list()
    }

    /// Returns the units of the program that do not run, in registration order, each with the reason. Of an app made by
    /// [`App::empty`](crate::App::empty), only those that code registers.
    ///
    /// ```
    /// # use lifespan::{App, lifespan_task};
    /// # #[lifespan_task(once)] async fn sweep() {}
    /// # #[lifespan_task(once)] async fn count() {}
    /// let app = App::new();
    /// app.only(count)?;
    /// let plan = app.check().expect("the plan is valid");
    /// assert!(plan.left_out().iter().any(|left_out| left_out.unit().name() == "sweep"));
    /// # Ok::<(), lifespan::RegisterError>(())
    /// ```
    #[must_use]
    pub fn left_out(&self) -> Vec<LeftOut> {
        self.registrations.choice.left_out().cloned().collect()
    }

    /// Returns all nodes in start order, barriers included.
    pub(crate) fn order(&self) -> impl DoubleEndedIterator<Item = usize> + ExactSizeIterator + '_ {
        self.order.iter().map(|&node| node as usize)
    }

    fn units(&self) -> impl Iterator<Item = usize> + '_ {
        self.order().filter(|&node| node < self.registrations.entries.len())
    }
}

fn check_names(registrations: &Registrations, problems: &mut Vec<Problem>) {
    let mut seen: std::collections::HashMap<Cow<'_, str>, usize> = std::collections::HashMap::new();
    let any_given = registrations.entries.iter().any(|entry| entry.given_name().is_some());
    for (index, entry) in registrations.entries.iter().enumerate() {
        // Numbered instances of one unit differ by number; only a given name can equal one of them.
        if entry.given_name().is_none() && entry.number > 1 && !any_given {
            continue;
        }
        let name = registrations.name(index).plain();
        if let Some(&other) = seen.get(&name) {
            let place = |index: usize| {
                let entry = &registrations.entries[index];
                entry.registered_at.map_or_else(|| entry.unit.location(), Location::from)
            };
            problems.push(
                Problem::new(ProblemKind::DuplicateName, format!("two registrations are named `{name}`"))
                    .at(place(other))
                    .at(place(index))
                    .help("name one of them: `app.register(…)?.named(\"…\")`, or `name = \"…\"` in its attribute"),
            );
        } else {
            seen.insert(name, index);
        }
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.units().map(|index| self.registrations.name(index).to_string()).collect();
        let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
        let digits = names.len().to_string().len();
        for (position, (index, name)) in self.units().zip(names).enumerate() {
            let entry = &self.registrations.entries[index];
            let (unit, number) = (entry.unit, position + 1);
            if position > 0 {
                writeln!(f)?;
            }
            write!(f, "{number:>digits$}  {:<7}  {name:<width$}  {}", unit.kind, unit.location())?;
            let needs = entry.need_names();
            if !needs.is_empty() {
                write!(f, "  takes {}", needs.join(", "))?;
            }
            if let Some(ty) = provides(unit) {
                write!(f, "  provides {}", short_type(ty.name))?;
            }
            if unit.kind == Kind::Task && entry.on_shutdown() == OnShutdown::Drop {
                write!(f, "  dropped at any await")?;
            }
            if let Some(Ok(schedule)) = entry.schedule() {
                write!(f, "  runs {}", schedule.described(self.wall_clock.unwrap_or_else(SystemTime::now)))?;
            }
            if unit.options.blocking {
                write!(f, "  on its own thread")?;
            }
            if entry.is_required() {
                write!(f, "  required for readiness")?;
            }
            match (entry.restart(), unit.options.group) {
                (_, Some(group)) => {
                    write!(f, "  restarts in group `{}`, {}", group.name, often(group.intensity, group.period))?;
                }
                (Some(restart), None) if restart.when != When::Temporary => {
                    write!(f, "  restarts {}, {}", restart.when, often(restart.intensity, restart.period))?;
                }
                _ => {}
            }
            self.write_order_without_effect(unit, f)?;
            match self.registrations.why(index) {
                Why::Discovered => {}
                why => write!(f, "  because {why}")?,
            }
        }
        self.write_left_out(digits, f)
    }
}

impl Plan {
    /// Writes which units a unit is declared to be after or before, but which were left out on purpose.
    fn write_order_without_effect(&self, unit: &Descriptor, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let edges =
            unit.after.iter().map(|edge| ("after", edge)).chain(unit.before.iter().map(|edge| ("before", edge)));
        for (word, edge) in edges {
            if let Some(left_out) = self.registrations.choice.left_out_unit((edge.id)()) {
                write!(f, "  {word} {} ({})", left_out.address, left_out.why.word())?;
            }
        }
        Ok(())
    }

    /// Writes the units that do not run, below those that do.
    fn write_left_out(&self, indent: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unnamed, left_out): (Vec<&LeftOut>, Vec<&LeftOut>) =
            self.registrations.choice.left_out().partition(|left_out| left_out.why == WhyNot::NotInOnly);
        if unnamed.is_empty() && left_out.is_empty() {
            return Ok(());
        }
        write!(f, "\nnot running:")?;
        let shown = &left_out[..left_out.len().min(SHOWN)];
        let width = shown.iter().map(|left_out| left_out.address.chars().count()).max().unwrap_or(0);
        for left_out in shown {
            let (unit, name) = (left_out.unit, &left_out.address);
            // One line below all says what a manual unit needs.
            let why = if left_out.why == WhyNot::Manual { left_out.why.word().to_owned() } else { left_out.reason() };
            write!(f, "\n{:indent$}  {:<7}  {name:<width$}  {}  {why}", "", unit.kind, unit.location())?;
        }
        if left_out.len() > shown.len() {
            write!(f, "\n{:indent$}  and {} more", "", left_out.len() - shown.len())?;
        }
        if !unnamed.is_empty() {
            let (number, units) = (unnamed.len(), if unnamed.len() == 1 { "unit" } else { "units" });
            write!(f, "\n{:indent$}  {number} {units} that `app.only` does not name", "")?;
        }
        if left_out.iter().any(|left_out| left_out.why == WhyNot::Manual) {
            write!(
                f,
                "\na `manual` unit runs with `app.only(…)`, or with `enabled = true` under `[lifespan.policy.…]`"
            )?;
        }
        Ok(())
    }
}

/// The largest number of units that do not run which the list shows.
const SHOWN: usize = 20;

fn often(intensity: u32, period: Duration) -> String {
    format!("at most {intensity} times in {}", short(period))
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.in_start_order()).finish()
    }
}
