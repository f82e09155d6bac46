//! A function where its config is meant.
use lifespan::{App, lifespan_task};

#[lifespan_task]
async fn poll(every: u32) {
    let _ = every;
}

fn main() {
    let app = App::new();
    app.register(poll).unwrap();
}
