//! Units by the thousand, each with an identity of its own, described as the macros would describe them.
//!
//! As many annotated functions would take minutes to compile; the plan can't tell these from them.

use std::any::TypeId;
use std::cell::Cell;

use lifespan::__private::{Config, Descriptor, Edge, Kind, Location, Options, Output, UnitInfo, runs};
use lifespan::App;

/// How many identities there are.
pub const IDENTITIES: usize = 40 * 256;

pub type Identity = fn() -> TypeId;

struct Tag<const ROW: usize, const COLUMN: usize>;

fn identity<const ROW: usize, const COLUMN: usize>() -> TypeId {
    TypeId::of::<Tag<ROW, COLUMN>>()
}

/// An array of what the macro `$each` makes of 0 to 255.
macro_rules! for_256 {
    ($each:ident) => {
        for_256!(@ $each [] 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15)
    };
    (@ $each:ident [$($done:expr,)*]) => { [$($done,)*] };
    (@ $each:ident [$($done:expr,)*] $row:literal $($rest:literal)*) => {
        for_256!(@ $each [$($done,)*
            $each!($row * 16), $each!($row * 16 + 1), $each!($row * 16 + 2), $each!($row * 16 + 3),
            $each!($row * 16 + 4), $each!($row * 16 + 5), $each!($row * 16 + 6), $each!($row * 16 + 7),
            $each!($row * 16 + 8), $each!($row * 16 + 9), $each!($row * 16 + 10), $each!($row * 16 + 11),
            $each!($row * 16 + 12), $each!($row * 16 + 13), $each!($row * 16 + 14), $each!($row * 16 + 15),
        ] $($rest)*)
    };
}
pub(crate) use for_256;

fn row<const ROW: usize>() -> [Identity; 256] {
    macro_rules! one {
        ($column:expr) => {
            identity::<ROW, { $column }> as Identity
        };
    }
    for_256!(one)
}

/// All identities.
pub fn identities() -> Vec<Identity> {
    macro_rules! rows {
        ($($row:literal)*) => { [$(row::<$row>),*] };
    }
    let rows: [fn() -> [Identity; 256]; 40] = rows!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39);
    rows.into_iter().flat_map(|row| row()).collect()
}

/// A task that ends at once, without edges: what it is described with is changed as wanted.
pub fn plain(id: Identity, number: usize) -> Descriptor {
    let line = u32::try_from(number).expect("fewer than 2^32 units");
    let place = Location { file: file!(), line, column: 1 };
    Descriptor {
        info: UnitInfo {
            kind: Kind::Task,
            name: format!("unit_{number}").leak(),
            module: module_path!(),
            place,
            name_place: place,
            docs: "",
            id,
            options: Options::NONE,
            after: &[],
            before: &[],
            needs: &[],
            returns: None,
            arguments: &[],
        },
        bind: |_| None,
        key: None,
        start: |_| runs(async {}, Output::<()>::NEW.how()),
    }
}

/// `after(…)` the unit of that identity.
pub fn after(id: Identity) -> Edge {
    Edge { id, path: "unit", line: 1, column: 1 }
}

/// The config of whatever unit is registered at the moment.
struct Generated;

thread_local! {
    static REGISTERED: Cell<Option<&'static Descriptor>> = const { Cell::new(None) };
}

impl Config for Generated {
    fn descriptor() -> &'static Descriptor {
        REGISTERED.get().expect("a unit is being registered")
    }
}

/// Registers an instance of a unit that was made here.
pub fn register(app: &App, unit: &'static Descriptor) {
    REGISTERED.set(Some(unit));
    app.register(Generated).expect("nothing is launched yet");
}
