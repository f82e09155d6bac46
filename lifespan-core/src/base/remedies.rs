//! The calls that messages advise: those of a program, or those of the test kit.

/// The calls that messages advise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Remedies {
    /// Those of `App`.
    #[default]
    Program,
    /// Those of `TestApp`.
    TestKit,
}

impl Remedies {
    /// Returns the call that registers a config.
    pub(crate) fn register(self) -> &'static str {
        match self {
            Self::Program => "app.register(…)",
            Self::TestKit => ".register(…)",
        }
    }
}
