//! Explores all histories of a plan.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher};

use super::super::{AppPhase, Command, Commands, Machine, Phase};
use super::key::fingerprint;
use super::plans::Case;
use super::world::{Step, World, check_readiness};

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Found {
    pub(super) plans: u64,
    /// The number of plans that were simplified, and of those in which fewer units restart.
    pub(super) simplified: u64,
    pub(super) calmed: u64,
    /// The number of plans that were explored in part.
    pub(super) in_part: u64,
    pub(super) states: u64,
    pub(super) transitions: u64,
    pub(super) largest: u64,
}

/// A broken invariant, and the steps that led there.
#[derive(Clone, Debug)]
pub(super) struct Violation {
    pub(super) what: String,
    pub(super) steps: Vec<Step>,
}

/// A state on the current path, and the remaining steps from it.
struct Frame {
    machine: Machine,
    world: World,
    key: u128,
    /// The step that led here.
    from: Option<Step>,
    steps: Vec<Step>,
}

impl Frame {
    fn new(case: &Case, machine: Machine, world: World, key: u128, from: Option<Step>) -> Self {
        let mut steps = Vec::new();
        world.steps(case, &machine, false, &mut steps);
        Self { machine, world, key, from, steps }
    }
}

/// Takes every step from every reachable state, depth first: a stop that returns to a state on the current path could
/// go on forever. Returns `false` once it has seen `most` states.
pub(super) fn explore(case: &Case, first: Machine, most: usize, found: &mut Found) -> Result<bool, Violation> {
    // For each state, whether it is on the current path.
    let mut known: HashMap<u128, bool, Identity> = HashMap::default();
    let key = fingerprint(case, &first, &World::default());
    let mut way = vec![Frame::new(case, first, World::default(), key, None)];
    known.insert(key, true);
    let mut commands = Commands::new();
    while let Some(last) = way.last_mut() {
        let Some(step) = last.steps.pop() else {
            known.insert(last.key, false);
            way.pop();
            continue;
        };
        let (mut machine, mut world) = (last.machine.clone(), last.world);
        found.transitions += 1;
        let was_stopping = machine.is_stopping();
        let taken = world.take(case, &mut machine, step, &mut commands);
        let key = fingerprint(case, &machine, &world);
        // A unit that has failed and does not restart is not part of the key, since it affects only readiness.
        let is_over = |command: &Command| matches!(command, Command::Phase(_, _, Phase::Ended(_) | Phase::Stuck(_)));
        let ends_while_up = machine.app() == AppPhase::Up && commands.iter().any(is_over);
        let taken = taken.and_then(|()| if ends_while_up { check_readiness(case, &machine) } else { Ok(()) });
        let is_same = key == last.key;
        let is_back = !is_same && was_stopping && known.get(&key) == Some(&true);
        let taken = taken.and(if is_back { Err("a stop may go on for ever".to_owned()) } else { Ok(()) });
        if let Err(what) = taken {
            let steps = way.iter().filter_map(|frame| frame.from).chain([step]).collect();
            return Err(Violation { what, steps });
        }
        if known.len() > most {
            return Ok(false);
        }
        if let std::collections::hash_map::Entry::Vacant(entry) = known.entry(key) {
            entry.insert(true);
            if let Err(what) = machine.check_counts().and_then(|()| check_readiness(case, &machine)) {
                let steps = way.iter().filter_map(|frame| frame.from).chain([step]).collect();
                return Err(Violation { what, steps });
            }
            way.push(Frame::new(case, machine, world, key, Some(step)));
        }
    }
    found.plans += 1;
    let states = u64::try_from(known.len()).expect("fewer than 2^64 states");
    found.states += states;
    found.largest = found.largest.max(states);
    Ok(true)
}

/// A hasher that uses the fingerprint as the hash.
#[derive(Clone, Copy, Default)]
struct Identity(u64);

impl Hasher for Identity {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(byte);
        }
    }

    fn write_u128(&mut self, key: u128) {
        self.0 = u64::try_from(key >> 64).expect("half of the bits");
    }
}

impl BuildHasher for Identity {
    type Hasher = Self;

    fn build_hasher(&self) -> Self {
        *self
    }
}
