//! What setting contexts up and tearing them down costs.

use std::time::Instant;

use lifespan::__private::{Descriptor, Inject, Kind, Output, UnitInfo, runs};
use lifespan::{App, Scope};

use crate::generated::{Identity, for_256, identities, plain, register};
use crate::ours::up_after;
use crate::sample::{Numbers, timed};

/// How many contexts one app of [`with_a_resource`] has: each compiles a body of its own.
const TYPED: usize = 256;

async fn hold(scope: Scope) {
    scope.until_shutdown().await;
}

/// A resource of a type of its own.
struct Held<const TYPE: usize>(usize);

async fn provide<const TYPE: usize>(scope: Scope<Held<TYPE>>) {
    let held = scope.provide_until_shutdown(Held(TYPE)).await;
    std::hint::black_box(held.0);
}

/// Describes a context of that type.
type Described = fn(Identity, usize) -> Descriptor;

fn described<const TYPE: usize>(id: Identity, number: usize) -> Descriptor {
    Descriptor {
        info: UnitInfo {
            kind: Kind::Context,
            needs: const { &[<Scope<Held<TYPE>> as Inject>::need] },
            ..plain(id, number).info
        },
        start: |mut start| runs(provide::<TYPE>(start.inject()), Output::<()>::NEW.how()),
        ..plain(id, number)
    }
}

fn typed() -> [Described; TYPED] {
    macro_rules! one {
        ($type:expr) => {
            described::<{ $type }> as Described
        };
    }
    for_256!(one)
}

/// That many contexts that provide nothing, in one app.
pub async fn without_a_resource(number: usize) -> Numbers {
    let units = identities().into_iter().take(number).enumerate().map(|(unit, id)| Descriptor {
        info: UnitInfo { kind: Kind::Context, needs: &[<Scope as Inject>::need], ..plain(id, unit).info },
        start: |mut start| runs(hold(start.inject()), Output::<()>::NEW.how()),
        ..plain(id, unit)
    });
    up_and_down(units.collect()).await
}

/// That many contexts that provide each a type of their own, in apps of 256 one after another.
pub async fn with_a_resource(number: usize) -> Numbers {
    let identities = identities();
    let mut sum = Numbers::default();
    for _ in 0..number / TYPED {
        let units = typed().into_iter().zip(&identities).enumerate();
        let one = up_and_down(units.map(|(unit, (described, id))| described(*id, unit)).collect()).await;
        sum = Numbers { plan: sum.plan + one.plan, start: sum.start + one.start, stop: sum.stop + one.stop, heap: 0 };
    }
    sum
}

async fn up_and_down(units: Vec<Descriptor>) -> Numbers {
    let app = App::empty().stay_up();
    let units: &'static [Descriptor] = units.leak();
    let begin = Instant::now();
    for unit in units {
        register(&app, unit);
    }
    let registering = begin.elapsed();
    let (starting, running) = timed(app.start()).await;
    let (stop, report) = timed(running.expect("nothing here fails").stop()).await;
    let start = up_after(&report);
    Numbers { plan: registering + starting.saturating_sub(start), start, stop, heap: 0 }
}
