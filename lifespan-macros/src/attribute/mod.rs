//! Reads attributes: the arguments of `lifespan_task` and `lifespan_context`, and `#[config(…)]`.

mod arguments;
mod config;
mod restart;

pub(crate) use arguments::Attribute;
pub(crate) use config::ConfigAttribute;
