//! How planning grows with units and with the edges between them.

use std::time::Instant;

use lifespan::__private::{Descriptor, Edge, Inject, Kind, TypeInfo};
use lifespan::{App, Res};

use crate::generated::{IDENTITIES, after, identities, plain, register};
use crate::sample::Numbers;

/// The shapes: what the units that are planned wait for.
pub const SHAPES: [&str; 5] = ["no edges", "chain", "star", "random", "one resource"];
/// How many units the random ones wait for.
const SPARSE: usize = 3;

/// Plans that many registrations in that shape: up to 10,000 distinct units, with instances beyond.
pub fn of(shape: &str, number: usize) -> Numbers {
    let identities = identities();
    let distinct = number.min(10_000).min(IDENTITIES);
    let mut random = 0x9E37_79B9_7F4A_7C15_u64;
    let mut below = |limit: usize| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) as usize % limit
    };
    let units: Vec<&'static Descriptor> = (0..distinct)
        .map(|unit| {
            let mut edges: Vec<Edge> = Vec::new();
            let mut descriptor = plain(identities[unit], unit);
            match shape {
                "chain" if unit > 0 => edges.push(after(identities[unit - 1])),
                "star" if unit > 0 => edges.push(after(identities[0])),
                "random" if unit > 0 => edges.extend((0..SPARSE).map(|_| after(identities[below(unit)]))),
                "one resource" if unit > 0 => descriptor.info.needs = &[<Res<String> as Inject>::need],
                "one resource" => {
                    descriptor.info.kind = Kind::Context;
                    descriptor.info.returns = Some(TypeInfo::of::<String>);
                }
                _ => {}
            }
            descriptor.info.after = edges.leak();
            &*Box::leak(Box::new(descriptor))
        })
        .collect();
    let begin = Instant::now();
    let app = App::empty();
    for registration in 0..number {
        // The provider has one instance.
        let unit = if registration < distinct { registration } else { 1 + registration % (distinct - 1) };
        register(&app, units[unit]);
    }
    let plan = app.check();
    let took = begin.elapsed();
    assert_eq!(plan.map(|plan| plan.registered().len()).unwrap_or_default(), number);
    Numbers { plan: took, ..Numbers::default() }
}
