//! Lists of names, such as profiles.

/// A list of names, each once: `["a", "b"]` in a file, `a,b` in a variable.
///
/// ```
/// use lifespan_text::Words;
///
/// let words = Words::from_text("batch, mail")?;
/// assert_eq!(words.names(), ["batch", "mail"]);
/// assert!(Words::from_text("batch,").is_err());
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words(Vec<String>);

impl Words {
    /// Reads names that are separated by commas.
    ///
    /// # Errors
    /// Returns what to write instead.
    pub fn from_text(text: &str) -> Result<Self, String> {
        Self::checked(text.split(',').map(|name| name.trim().to_owned()).collect())
    }

    /// Takes a list of names.
    ///
    /// # Errors
    /// Returns what to write instead.
    pub fn checked(names: Vec<String>) -> Result<Self, String> {
        if names.iter().all(|name| is_word(name)) {
            Ok(Self(names))
        } else {
            Err("a name consists of letters, digits, `_` and `-`; write `[\"a\", \"b\"]`, in a variable `a,b`"
                .to_owned())
        }
    }

    /// Takes the names that code has given, as they are.
    #[must_use]
    pub fn of_code(names: Vec<String>) -> Self {
        Self(names)
    }

    /// Returns the names.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.0
    }
}

/// Returns whether a text is a name that can stand in such a list.
///
/// ```
/// assert!(lifespan_text::is_word("nightly-mail"));
/// assert!(!lifespan_text::is_word("a,b"));
/// ```
#[must_use]
pub fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_separated_by_commas_and_checked() {
        assert_eq!(Words::from_text("a"), Ok(Words(vec!["a".to_owned()])));
        assert_eq!(Words::from_text(" a ,b-c,d_1"), Words::checked(vec!["a".into(), "b-c".into(), "d_1".into()]));
        for wrong in ["", " ", ",", "a,", "a,,b", "a b", "[\"a\"]", "a;b"] {
            let error = Words::from_text(wrong).unwrap_err();
            assert!(error.contains("`a,b`"), "{wrong}: {error}");
        }
        assert_eq!(Words::checked(Vec::new()), Ok(Words::default()));
    }
}
