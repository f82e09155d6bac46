//! What users may do around our attributes: names of ours, raw identifiers, macros, function bodies, strict lints.
#![forbid(unsafe_code)]
#![deny(warnings, missing_docs, rust_2018_idioms, unreachable_pub, missing_debug_implementations)]
#![deny(clippy::all, clippy::pedantic)]

mod lints {
    //! Functions under strict lints.
    use lifespan::{lifespan_context, lifespan_task};

    /// A task.
    #[lifespan_task]
    pub(crate) async fn tick(
        /// How often.
        #[config(default = 3, env = "TICK_EVERY")]
        every: u32,
        #[config(default = "here")] place: String,
        #[config(secret)] token: String,
        #[config(code)] channel: std::sync::mpsc::Sender<u8>,
        #[config(rename = "kebab-case", alias = "other", alias = "another")] _renamed: Vec<u8>,
    ) -> Result<(), std::io::Error> {
        std::future::ready((every, place, token, channel)).await;
        Ok(())
    }

    #[lifespan_task(
        name = "other",
        config = Eight,
        manual,
        once,
        first,
        after(tick, self::resource),
        before(super::bodies::outer),
        startup_timeout = "1h30m",
        shutdown_timeout = "500ms",
        on_failure = "ignore",
        on_return = "shutdown",
        on_shutdown = "finish"
    )]
    async fn eight(a: u8, b: u8, c: u8, d: u8, e: bool, f: bool, g: bool, h: bool) -> u64 {
        u64::from(a + b + c + d) + u64::from(e & f & g & h)
    }

    #[lifespan_context]
    pub(crate) async fn resource() -> Result<String, String> {
        Ok(String::new())
    }

    #[lifespan_task]
    async fn forever() -> ! {
        std::future::pending().await
    }

    #[deprecated = "for the test"]
    #[lifespan_task]
    async fn old() {}

    #[lifespan_task]
    #[cfg(any())]
    async fn left_out(a: Missing) {}
}

pub mod bodies {
    //! Functions in function bodies.

    /// A task in whose body there is another.
    #[lifespan::lifespan_task]
    pub async fn outer() {
        #[derive(Clone, serde::Deserialize)]
        struct Local;
        #[lifespan::lifespan_task]
        async fn inner(#[config(default = Local)] local: Local) {
            let _ = local;
        }
        let _ = InnerConfig::default();
        inner(Local).await;
    }
}

fn main() {}
