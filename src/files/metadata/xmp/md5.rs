//! The MD5 sum by which a JPEG names the extended part of its XMP (RFC 1321). It guards nothing.

/// Bits by which the four steps of each round rotate.
const ROTATIONS: [[u32; 4]; 4] = [
    [7, 12, 17, 22],
    [5, 9, 14, 20],
    [4, 11, 16, 23],
    [6, 10, 15, 21],
];

/// The sum in 32 hexadecimal digits, capital ones as in the XMP specification.
pub fn md5(data: &[u8]) -> String {
    let mut state = [0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476];
    let (blocks, rest) = data.as_chunks::<64>();
    blocks.iter().for_each(|it| add_block(&mut state, it));
    // A one, zeros, and the length in bits fill up the last block.
    let mut last = [rest, &[0x80]].concat();
    last.resize((last.len() + 8).next_multiple_of(64) - 8, 0);
    last.extend((data.len() as u64).wrapping_mul(8).to_le_bytes());
    let (blocks, _) = last.as_chunks::<64>();
    blocks.iter().for_each(|it| add_block(&mut state, it));
    let bytes = state.iter().flat_map(|it: &u32| it.to_le_bytes());
    bytes.map(|it| format!("{it:02X}")).collect()
}

fn add_block(state: &mut [u32; 4], block: &[u8; 64]) {
    let (words, _) = block.as_chunks::<4>();
    let [mut a, mut b, mut c, mut d] = *state;
    for step in 0..64 {
        let (mixed, word) = match step / 16 {
            0 => ((b & c) | (!b & d), step),
            1 => ((d & b) | (!d & c), 5 * step + 1),
            2 => (b ^ c ^ d, 3 * step + 5),
            _ => (c ^ (b | !d), 7 * step),
        };
        let constant = (((step + 1) as f64).sin().abs() * 2f64.powi(32)) as u32;
        let sum = a
            .wrapping_add(mixed)
            .wrapping_add(constant)
            .wrapping_add(u32::from_le_bytes(words[word % 16]));
        let rotated = sum.rotate_left(ROTATIONS[step / 16][step % 4]);
        (a, d, c, b) = (d, c, b, b.wrapping_add(rotated));
    }
    for (sum, more) in state.iter_mut().zip([a, b, c, d]) {
        *sum = sum.wrapping_add(more);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The test suite of RFC 1321, and a length that needs a block of its own for the end.
    #[test]
    fn the_sums_are_those_of_the_specification() {
        for (text, sum) in [
            ("", "D41D8CD98F00B204E9800998ECF8427E"),
            ("a", "0CC175B9C0F1B6A831C399E269772661"),
            ("message digest", "F96B697D7CB7938D525A2F31AAF161D0"),
            (
                "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
                "57EDF4A22BE3C955AC49DA2E2107B67A",
            ),
        ] {
            assert_eq!(md5(text.as_bytes()), sum, "{text}");
        }
        assert_eq!(md5(&[b'a'; 60]), "CC7ED669CF88F201C3297C6A91E1D18D");
    }
}
