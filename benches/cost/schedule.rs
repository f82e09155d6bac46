//! Which samples are taken, how many of each, and in which order.

use std::collections::HashMap;

use crate::periodic::TICKING;
use crate::planning::SHAPES;
use crate::restarts::RESTARTED;
use crate::sample::{Flavor, Numbers, fresh};

/// The floor, which all ratios are to.
pub const FLOOR: &str = "by hand";
/// Ours, as it starts by default.
pub const OURS: &str = "lifespan";
pub const OURS_CONCURRENT: &str = "lifespan, concurrent";
/// Ours with a restart policy.
pub const OURS_RESTARTING: &str = "lifespan, restarting";
/// Contestants, in the order of the table.
pub const CONTESTANTS: [&str; 7] =
    [FLOOR, "by hand, spawned", "TaskTracker", "graceful-shutdown", OURS, OURS_CONCURRENT, OURS_RESTARTING];
/// Children, each behind its floor.
pub const CHILDREN: [&str; 4] = ["JoinSet, notified", "children, notified", "JoinSet, aborted", "children, cancelled"];
pub const CONTEXTS: [&str; 2] = ["contexts", "contexts, typed"];

/// Samples of each case's heap, which hardly varies.
const HEAP_ROUNDS: usize = 3;

/// How much is measured.
pub struct Schedule {
    /// Numbers of running tasks.
    pub tasks: &'static [usize],
    /// Numbers of contexts.
    pub contexts: &'static [usize],
    /// Numbers of children of one task.
    pub children: &'static [usize],
    /// Numbers of planned units.
    pub planned: &'static [usize],
    /// Numbers of restarts in a row.
    pub restarts: &'static [usize],
    /// Numbers of periodic units.
    pub periodic: &'static [usize],
    /// Samples of each case.
    rounds: usize,
    /// Samples of those that take seconds each.
    slow_rounds: usize,
}

pub const FULL: Schedule = Schedule {
    tasks: &[1, 100, 10_000, 100_000],
    contexts: &[10_000],
    children: &[10_000, 100_000],
    planned: &[1_000, 3_000, 10_000, 30_000, 100_000],
    restarts: &[100_000],
    periodic: &[10_000],
    rounds: 21,
    slow_rounds: 5,
};

pub const QUICK: Schedule =
    Schedule { planned: &[1_000, 10_000, 100_000], children: &[100_000], rounds: 5, slow_rounds: 2, ..FULL };

/// What one case is measured on.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Case {
    pub name: &'static str,
    pub flavor: Flavor,
    pub number: usize,
}

/// The samples of every case; sample `n` of each was taken in round `n`.
pub struct Samples {
    timed: HashMap<Case, Vec<Numbers>>,
    heap: HashMap<Case, Vec<Numbers>>,
}

impl Schedule {
    /// Takes all samples, the cases in turns.
    pub fn carry_out(&self) -> Samples {
        let mut samples = Samples { timed: HashMap::new(), heap: HashMap::new() };
        let tasks: Vec<Case> = cases(&Flavor::BOTH, &CONTESTANTS, self.tasks).collect();
        let children: Vec<Case> = cases(&Flavor::BOTH, &CHILDREN, self.children).collect();
        for &case in tasks.iter().chain(&children).cycle().take((tasks.len() + children.len()) * HEAP_ROUNDS) {
            samples.heap.entry(case).or_default().push(fresh(case.name, case.flavor, case.number, true));
        }
        let contexts = cases(&Flavor::BOTH, &CONTEXTS, self.contexts);
        let planned = cases(&[Flavor::CurrentThread], &SHAPES, self.planned);
        let restarted = cases(&Flavor::BOTH, &RESTARTED, self.restarts);
        let periodic: Vec<Case> = cases(&Flavor::BOTH, &TICKING, self.periodic).collect();
        let usual: Vec<Case> =
            tasks.into_iter().chain(children).chain(contexts).chain(planned).chain(restarted).collect();
        for round in 0..self.rounds {
            eprint!("\rround {} of {} ", round + 1, self.rounds);
            let mut all = usual.clone();
            if round < self.slow_rounds {
                all.extend(&periodic);
            }
            // Every other round backwards, so that nobody always follows the same one.
            let position = |turn: usize| if round % 2 == 0 { turn } else { all.len() - 1 - turn };
            for case in (0..all.len()).map(|turn| all[position(turn)]) {
                let numbers = fresh(case.name, case.flavor, case.number, false);
                samples.timed.entry(case).or_default().push(numbers);
            }
        }
        eprintln!();
        samples
    }
}

fn cases<'a>(
    flavors: &'a [Flavor],
    names: &'a [&'static str],
    numbers: &'a [usize],
) -> impl Iterator<Item = Case> + 'a {
    flavors.iter().flat_map(move |&flavor| {
        let each = move |number| names.iter().map(move |&name| Case { name, flavor, number });
        numbers.iter().flat_map(move |&number| each(number))
    })
}

impl Samples {
    /// The median of what is read from a case's samples.
    pub fn median(&self, case: Case, read: impl Fn(&Numbers) -> f64) -> f64 {
        median(self.timed[&case].iter().map(read).collect())
    }

    /// The median over the rounds of one case's figure by the floor's in the same round.
    pub fn ratio(&self, case: Case, read: impl Fn(&Numbers) -> f64) -> f64 {
        self.ratio_to(FLOOR, case, read)
    }

    /// The same, to another floor.
    pub fn ratio_to(&self, floor: &'static str, case: Case, read: impl Fn(&Numbers) -> f64) -> f64 {
        let floor = &self.timed[&Case { name: floor, ..case }];
        median(self.timed[&case].iter().zip(floor).map(|(ours, floor)| read(ours) / read(floor)).collect())
    }

    #[expect(clippy::cast_precision_loss, reason = "far below 2^52 bytes")]
    pub fn heap(&self, case: Case) -> f64 {
        median(self.heap[&case].iter().map(|numbers| numbers.heap as f64).collect())
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}
