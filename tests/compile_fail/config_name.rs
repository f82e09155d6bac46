//! A parameter whose type has the name of the struct that is generated: one error each, at the type.
use lifespan::{Res, lifespan_context, lifespan_task};

#[derive(Clone, serde::Deserialize)]
pub struct ServerConfig {
    pub port: u16,
}

#[lifespan_task]
async fn server(config: ServerConfig) {
    let _ = config.port;
}

#[derive(Clone, serde::Deserialize)]
pub struct Pool {
    pub size: usize,
}

#[lifespan_context(config = Pool)]
async fn pool(others: Option<Vec<(u8, self::Pool)>>) -> u8 {
    others.map_or(0, |others| others[0].0)
}

#[derive(Clone)]
pub struct FillConfig;

#[lifespan_context]
async fn fill(#[config(code)] one: FillConfig, two: Res<FillConfig>) -> u8 {
    let _ = (one, two);
    5
}

fn main() {}
