//! What a unit's function must be.
#![allow(unused)]
use lifespan::{lifespan_context, lifespan_task};

#[lifespan_task]
fn not_async() {}

#[lifespan_task]
async fn generic<T: Default>() {
    T::default();
}

#[lifespan_task]
async fn with_where_clause()
where
    (): Sized,
{
}

#[lifespan_task]
async unsafe fn unsafe_function() {}

#[lifespan_task]
async extern "C" fn extern_function() {}

#[lifespan_task]
const fn const_function() {}

#[lifespan_task]
struct NotAFunction;

#[lifespan_task]
#[lifespan_context]
async fn both() -> u8 {
    0
}

#[lifespan_task]
async fn returns_impl_trait() -> impl Send {}

#[lifespan_context]
async fn context_without_end() -> ! {
    loop {}
}

#[lifespan_task(once)]
async fn once_without_end() -> ! {
    loop {}
}

struct Service;

impl Service {
    #[lifespan_task]
    async fn method(&self) {}
}

trait Bodiless {
    #[lifespan_task]
    async fn bodiless();
}

// The function is still there: its uses are no further errors.
async fn uses() {
    not_async();
    returns_impl_trait().await;
}

fn main() {}
