//! Finds names and values in the sources that have no effect: unknown names, and values in the wrong place.

use super::found::Check;
use crate::base::Problem;
use crate::config::{Bound, Sources, UnitNames};

impl Sources {
    /// Checks every name in the file and the environment, and returns the warnings: unknown units if the file is
    /// shared.
    pub(crate) fn check_unknown(
        &self,
        names: &UnitNames,
        bound: &[Bound<'_>],
        problems: &mut Vec<Problem>,
    ) -> Vec<Problem> {
        let mut check = Check {
            sources: self,
            names,
            bound,
            // Invalid settings are reported when the settings are read for the run.
            shared: self.settings(&mut Vec::new()).shared.unwrap_or(false),
            problems,
            warnings: Vec::new(),
        };
        if let Some(document) = self.document() {
            check.file(document);
        }
        check.variables();
        check.set();
        check.warnings
    }
}
