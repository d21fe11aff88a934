//! What a TensorFlow Lite file says, as far as the networks here need it: a flatbuffer of tables, whose fields are found by
//! number. Numbers are those of the schema (`tensorflow/lite/schema/schema.fbs`).

/// A table of a flatbuffer, or of a file that may be none: whatever lies outside is `None`.
#[derive(Clone, Copy)]
pub struct Table<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Table<'a> {
    /// The table that holds all others.
    pub fn root(bytes: &'a [u8]) -> Option<Self> {
        Self { bytes, at: 0 }.followed(0)
    }

    fn number<const N: usize>(&self, at: usize) -> Option<[u8; N]> {
        self.bytes.get(at..)?.first_chunk().copied()
    }

    fn offset(&self, at: usize) -> Option<usize> {
        usize::try_from(u32::from_le_bytes(self.number(at)?)).ok()
    }

    /// The table that an offset points to.
    fn followed(&self, at: usize) -> Option<Self> {
        let at = at.checked_add(self.offset(at)?)?;
        Some(Self { at, ..*self })
    }

    /// Where a field is; `None` where it is left out.
    fn field(&self, id: usize) -> Option<usize> {
        let back = i32::from_le_bytes(self.number(self.at)?);
        let fields = usize::try_from(i64::try_from(self.at).ok()? - i64::from(back)).ok()?;
        let slot = 4 + 2 * id;
        if slot + 2 > usize::from(u16::from_le_bytes(self.number(fields)?)) {
            return None;
        }
        let offset = usize::from(u16::from_le_bytes(self.number(fields + slot)?));
        (offset != 0).then_some(self.at + offset)
    }

    /// The first entry of a vector, and how many there are.
    fn vector(&self, id: usize) -> Option<(usize, usize)> {
        let vector = self.followed(self.field(id)?)?.at;
        Some((vector + 4, self.offset(vector)?))
    }

    /// A small whole number, 0 where it is left out.
    pub fn byte(&self, id: usize) -> u8 {
        let byte = self.field(id).and_then(|at| self.bytes.get(at));
        byte.copied().unwrap_or(0)
    }

    /// A whole number, 0 where it is left out.
    pub fn whole(&self, id: usize) -> i32 {
        let field = self.field(id).and_then(|at| self.number(at));
        field.map_or(0, i32::from_le_bytes)
    }

    /// A table in a field.
    pub fn table(&self, id: usize) -> Option<Self> {
        self.followed(self.field(id)?)
    }

    /// The tables of a vector.
    pub fn tables(&self, id: usize) -> Option<Vec<Self>> {
        let (first, count) = self.vector(id)?;
        (0..count).map(|i| self.followed(first + 4 * i)).collect()
    }

    /// The bytes of a vector; none where it is left out.
    pub fn bytes(&self, id: usize) -> &'a [u8] {
        let vector = self.vector(id);
        let bytes = vector.and_then(|(first, count)| self.bytes.get(first..first + count));
        bytes.unwrap_or(&[])
    }

    /// The whole numbers of a vector; none where it is left out.
    pub fn numbers(&self, id: usize) -> Vec<i32> {
        let Some((first, count)) = self.vector(id) else {
            return Vec::new();
        };
        let bytes = self.bytes.get(first..first + 4 * count).unwrap_or(&[]);
        whole_numbers(bytes)
    }
}

/// Whole numbers of four bytes each.
pub fn whole_numbers(bytes: &[u8]) -> Vec<i32> {
    let (each, _) = bytes.as_chunks();
    each.iter().map(|it| i32::from_le_bytes(*it)).collect()
}

/// Numbers of four bytes each.
pub fn singles(bytes: &[u8]) -> Vec<f32> {
    let (each, _) = bytes.as_chunks();
    each.iter().map(|it| f32::from_le_bytes(*it)).collect()
}

/// Numbers of two bytes each.
pub fn halves(bytes: &[u8]) -> Vec<f32> {
    let (each, _) = bytes.as_chunks();
    each.iter()
        .map(|it| single(u16::from_le_bytes(*it)))
        .collect()
}

/// The number that two bytes stand for: one bit of sign, five of exponent, ten of fraction.
fn single(half: u16) -> f32 {
    let sign = u32::from(half & 0x8000) << 16;
    let exponent = u32::from(half >> 10 & 0x1f);
    let fraction = u32::from(half & 0x3ff);
    match exponent {
        0 => f32::from_bits(sign | 0x3f80_0000) * fraction as f32 * libm::exp2f(-24.0),
        31 => f32::from_bits(sign | 0x7f80_0000 | fraction << 13),
        _ => f32::from_bits(sign | (exponent + 112) << 23 | fraction << 13),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_two_bytes_are_read() {
        for (half, is) in [
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x3555, 0.333_251_95),
            (0x0001, 5.960_464_5e-8),
            (0x8000, 0.0),
            (0x7bff, 65504.0),
        ] {
            assert_eq!(single(half), is, "{half:#x}");
        }
    }

    #[test]
    fn what_is_no_flatbuffer_has_nothing_to_say() {
        for bytes in [&[][..], &[255; 64], &[4, 0, 0, 0, 0, 0, 0, 128, 1]] {
            let tables = Table::root(bytes).and_then(|it| it.tables(1));
            assert!(tables.is_none(), "{bytes:?}");
        }
    }
}
