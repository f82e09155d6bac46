//! Removes a value from messages of other code, which may quote any text of it.

use std::ops::Range;

use crate::config::file::{Data, Node};

/// A piece of a value with this length in a message is taken for a quotation, not for a common word.
const QUOTATION: usize = 6;

/// Returns the message with every quotation of the values hidden: each value as a whole, and pieces of it, ignoring
/// case.
pub(crate) fn scrub(words: &str, values: &[String]) -> String {
    let words: Vec<char> = words.chars().collect();
    let folded: Vec<char> = words.iter().map(|c| fold(*c)).collect();
    let mut hidden = vec![false; words.len()];
    for value in values {
        let value: Vec<char> = value.trim().chars().map(fold).collect();
        if value.is_empty() {
            continue;
        }
        let piece = value.len().min(QUOTATION);
        let mut start = 0;
        while start + piece <= folded.len() {
            let end = start + piece;
            let quotes = value.windows(piece).any(|window| *window == folded[start..end]);
            // A short value is a part of many words, so it counts only if it is a separate word.
            if quotes && (piece == QUOTATION || stands_alone(&folded, start..end)) {
                hidden[start..end].fill(true);
            }
            start += 1;
        }
    }
    let mut scrubbed = String::with_capacity(words.len());
    for (position, c) in words.iter().enumerate() {
        if !hidden[position] {
            scrubbed.push(*c);
        } else if position == 0 || !hidden[position - 1] {
            scrubbed.push('…');
        }
    }
    scrubbed
}

fn fold(c: char) -> char {
    c.to_lowercase().next().unwrap_or(c)
}

fn stands_alone(words: &[char], range: Range<usize>) -> bool {
    let joined = |position: Option<&char>| position.is_some_and(|c| c.is_alphanumeric());
    !joined(range.start.checked_sub(1).and_then(|before| words.get(before))) && !joined(words.get(range.end))
}

fn scalar(node: &Node) -> Option<String> {
    match &node.data {
        Data::String(text) | Data::Datetime(text) => Some(text.clone()),
        Data::Integer { digits, radix } => {
            Some(i128::from_str_radix(digits, *radix).map_or_else(|_| digits.clone(), |number| number.to_string()))
        }
        Data::Float(number) => Some(number.to_string()),
        Data::Boolean(value) => Some(value.to_string()),
        Data::Array(_) | Data::Table(_) => None,
    }
}

/// Adds every text of a value that a message could quote.
pub(super) fn quotable(node: &Node, texts: &mut Vec<String>) {
    match &node.data {
        Data::Array(items) => items.iter().for_each(|item| quotable(item, texts)),
        Data::Table(table) => {
            for entry in table.entries() {
                if entry.inline {
                    texts.push(entry.name.clone());
                }
                quotable(&entry.node, texts);
            }
        }
        Data::Integer { digits, .. } => texts.extend([digits.clone(), scalar(node).unwrap_or_default()]),
        Data::String(text) => texts.extend([text.clone(), text.escape_debug().to_string()]),
        Data::Float(_) | Data::Boolean(_) | Data::Datetime(_) => texts.extend(scalar(node)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hides_values_and_their_pieces_and_keeps_the_rest() {
        for (words, value, expected) in [
            ("bad value `hunter2`", "hunter2", "bad value `…`"),
            ("bad value HUNTER2!", "hunter2", "bad value …!"),
            ("no host in example.org", "https://example.org/x", "no host in …"),
            ("must be below 15, got 5", "5", "must be below 15, got …"),
            ("abc, abcd", "abc", "…, abcd"),
            ("nothing to hide", "hunter2", "nothing to hide"),
            ("ünïcödé ok", "ünïcödé", "… ok"),
            ("nothing", "", "nothing"),
        ] {
            assert_eq!(scrub(words, &[value.to_owned()]), expected);
        }
    }
}
