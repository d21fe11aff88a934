//! Prefix codes of limited length (Huffman 1952; canonical as in RFC 1951, section 3.2.2).

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// The length in bits of each symbol's code, 0 for symbols that do not occur, none longer than
/// `limit`. One symbol alone gets a code of one bit.
///
/// Where the best codes are too long, the counts are halved until they are not: rare symbols then
/// count for more than they are.
pub fn lengths(counts: &[u32], limit: u8) -> Vec<u8> {
    let mut counts = counts.to_vec();
    loop {
        let lengths = best_lengths(&counts);
        if lengths.iter().all(|it| *it <= limit) {
            return lengths;
        }
        for count in counts.iter_mut().filter(|it| **it > 0) {
            *count = count.div_ceil(2);
        }
    }
}

/// Huffman's own code lengths.
fn best_lengths(counts: &[u32]) -> Vec<u8> {
    // Leaves first, then the nodes that join two of them; nodes are joined from the rarest on.
    let mut parents = vec![0; counts.len()];
    let occurring = counts.iter().enumerate().filter(|(_, it)| **it > 0);
    let mut open: BinaryHeap<_> = occurring
        .map(|(symbol, count)| Reverse((u64::from(*count), symbol)))
        .collect();
    let mut lengths = vec![0; counts.len()];
    if let (Some(Reverse((_, only))), 1) = (open.peek(), open.len()) {
        lengths[*only] = 1;
        return lengths;
    }
    while let (Some(Reverse(one)), Some(Reverse(other))) = (open.pop(), open.pop()) {
        let node = parents.len();
        parents[one.1] = node;
        parents[other.1] = node;
        parents.push(0);
        if open.is_empty() {
            break;
        }
        open.push(Reverse((one.0 + other.0, node)));
    }
    // A node lies one below its parent, which comes behind it; the last one is the root.
    let mut depths = vec![0u8; parents.len()];
    for node in (0..parents.len().saturating_sub(1)).rev() {
        if parents[node] > 0 {
            depths[node] = depths[parents[node]].saturating_add(1);
        }
    }
    lengths.copy_from_slice(&depths[..counts.len()]);
    lengths
}

/// The canonical codes of these lengths, at most 15 bits each, with the first bit lowest as deflate
/// writes them.
pub fn codes(lengths: &[u8]) -> Vec<u16> {
    let mut counts = [0; 16];
    for length in lengths.iter().filter(|it| **it > 0) {
        counts[usize::from(*length)] += 1;
    }
    let mut next = [0u16; 16];
    for length in 1..16 {
        next[length] = (next[length - 1] + counts[length - 1]) << 1;
    }
    let code = |length: &u8| {
        let next = &mut next[usize::from(*length)];
        *next += 1;
        (*next - 1).reverse_bits() >> (16 - u32::from(*length)).min(15)
    };
    lengths.iter().map(code).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Kraft's sum: 1 for a code without gaps.
    fn filled(lengths: &[u8]) -> f64 {
        let used = lengths.iter().filter(|it| **it > 0);
        used.map(|it| 0.5f64.powi(i32::from(*it))).sum()
    }

    #[test]
    fn frequent_symbols_have_short_codes() {
        assert_eq!(lengths(&[1, 1, 2, 4, 0], 15), [3, 3, 2, 1, 0]);
        assert_eq!(lengths(&[0, 7, 0], 15), [0, 1, 0]);
        assert_eq!(lengths(&[0, 0], 15), [0, 0]);
    }

    #[test]
    fn no_code_is_longer_than_the_limit() {
        // Fibonacci's numbers make the longest codes that there are.
        let mut counts = vec![1, 1];
        while counts.len() < 40 {
            counts.push(counts[counts.len() - 1] + counts[counts.len() - 2]);
        }
        assert_eq!(lengths(&counts, 40).iter().max(), Some(&39));
        let limited = lengths(&counts, 13);
        assert_eq!(limited.iter().max(), Some(&13));
        assert!((filled(&limited) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn codes_are_canonical() {
        // The example of RFC 1951, section 3.2.2, its codes read backwards.
        let codes = codes(&[3, 3, 3, 3, 3, 2, 4, 4]);
        assert_eq!(
            codes,
            [0b010, 0b110, 0b001, 0b101, 0b011, 0b00, 0b0111, 0b1111]
        );
    }
}
