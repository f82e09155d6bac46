//! Translate the lifespan tasks of Python's Reflex.
//!
//! The model is [Reflex's *Lifespan Tasks*](https://reflex.dev/docs/utility-methods/lifespan-tasks): coroutines and
//! async context managers that are registered on an app and run while its server is up.
//!
//! | Reflex | lifespan | difference and reason |
//! |---|---|---|
//! | `app.register_lifespan_task(f)` | `#[lifespan_task]`, `#[lifespan_context]` | Found at link time, so there is no list to maintain. `register` is for configs created in code. |
//! | started in registration order | started in source order | The same order in every build. The dependencies of a unit start before it, also from other modules. |
//! | `register_lifespan_task(f, foo=42)` | `app.register(FConfig { foo: 42 })?` | Types are checked by the compiler. Values may come from a file or the environment too, and are checked before anything runs. |
//! | a parameter named `app` | a parameter named `app`, of type `App` | It is the app of this framework. A web server is one of its units, with the feature `axum`: handlers take `App` and resources as extractors. |
//! | registering late raises an error | `register` returns an error, and nothing changes | The message is the same. |
//! | `get_lifespan_tasks()` | `app.registered()`, and the function that `discover!` generates | Two lists: the units of this app, and all units of the program. Each entry has its location, docs and dependencies. |
//! | `@asynccontextmanager` and `yield` | `#[lifespan_context]` and `scope.provide_until_shutdown(value).await` | A resource has a type, and units that take `Res<T>` start after it and stop before it. In Reflex, contexts exit before tasks are cancelled. |
//! | `asyncio.CancelledError` in a task | `Shutdown` in a task | A task is notified and has a grace period. A task without a `Shutdown` is dropped at its next await. |
//! | cancelled tasks are not awaited | each task is awaited, within its limit | Cleanup is not lost, and the stop cannot hang. |
//! | a task's error is logged | it shuts the app down, unless declared otherwise | A service without its worker is not up. |
//! | tasks stop and restart on hot reload | `cargo lifespan dev` | A change rebuilds the program and restarts it on the same sockets: tasks and contexts first stop gracefully, and no client is refused meanwhile. A change of only `lifespan.toml` restarts only the affected units. |
//!
//! [Previous: Under systemd](super::systemd) · [Contents](super)
