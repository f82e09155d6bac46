//! Sorts by numbers. Each kind of list that the standard library sorts takes 6 to 15 KiB of a program; here all kinds share
//! one sort, of numbers.

use super::index::index;

/// Sorts by a number of each item; items with the same number keep their order.
pub(crate) fn sort_by_number<T>(list: Vec<T>, number: impl Fn(&T) -> u32) -> Vec<T> {
    if list.is_sorted_by_key(&number) {
        return list;
    }
    let mut keys: Vec<u64> = list.iter().enumerate().map(|(place, item)| pair(number(item), index(place))).collect();
    sort(&mut keys);
    let mut items: Vec<Option<T>> = list.into_iter().map(Some).collect();
    keys.into_iter().filter_map(|key| items[parts(key).1 as usize].take()).collect()
}

/// Sorts numbers.
pub(crate) fn sort(numbers: &mut [u64]) {
    numbers.sort_unstable();
}

/// Makes one number of two, which is sorted by the first, then by the second.
pub(crate) fn pair(first: u32, second: u32) -> u64 {
    u64::from(first) << 32 | u64::from(second)
}

/// Returns the two numbers of a [`pair`].
#[expect(clippy::cast_possible_truncation, reason = "each is one half")]
pub(crate) fn parts(pair: u64) -> (u32, u32) {
    ((pair >> 32) as u32, pair as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_sorted_by_their_numbers_and_else_keep_their_order() {
        let list = vec![(3, 'a'), (u32::MAX, 'b'), (0, 'c'), (3, 'd'), (1, 'e')];
        let sorted = sort_by_number(list, |(number, _)| *number);
        assert_eq!(sorted, [(0, 'c'), (1, 'e'), (3, 'a'), (3, 'd'), (u32::MAX, 'b')]);
    }
}
