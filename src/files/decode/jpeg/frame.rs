//! What a JPEG says before its coded pixels (ITU-T T.81, annex B), as far as it is of the usual kind.

use super::codes::Codes;
use crate::files::containers::jpeg::{
    APP0, APP14, BASELINE, CODES, COMMENT, INTERVAL, SCAN, START, TABLES, ZIGZAG,
};

/// A sequential frame of 8 bits like the baseline, that may have more code tables.
const EXTENDED: u8 = 0xC1;

/// Most blocks that may be coded together.
const MOST_BLOCKS: usize = 10;

/// A component of the picture.
pub struct Component {
    /// Blocks of it that are coded together, across and down: 1 or 2.
    pub blocks: (usize, usize),
    /// How many pixels a sample stands for, across and down: 1 or 2.
    pub reach: (usize, usize),
    /// Its samples, across and down.
    pub size: (usize, usize),
    /// What its coefficients are multiplied by, row by row.
    pub steps: [i16; 64],
    /// Numbers of the tables of its first coefficients and of the others.
    pub codes: (usize, usize),
}

/// What the components stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colours {
    Grey,
    /// Luma and chroma of JFIF.
    Luma,
    Rgb,
}

/// A picture in one sequential scan, 8 bits a sample: grey, or three components that lie side by side.
pub struct Frame {
    /// Columns and rows.
    pub size: (usize, usize),
    pub colours: Colours,
    pub components: Vec<Component>,
    /// Codes of first coefficients, by number.
    pub first: [Option<Box<Codes>>; 4],
    /// Codes of the others.
    pub others: [Option<Box<Codes>>; 4],
    /// Groups of blocks between two restart markers; 0 where there are none.
    pub interval: usize,
    /// Groups of blocks across and down.
    pub groups: (usize, usize),
    /// Pixels of a group, across and down.
    pub group: (usize, usize),
    /// Where the coded pixels begin.
    pub start: usize,
}

/// What was read so far.
#[derive(Default)]
struct Reading {
    steps: [Option<[i16; 64]>; 4],
    first: [Option<Box<Codes>>; 4],
    others: [Option<Box<Codes>>; 4],
    interval: usize,
    frame: Vec<u8>,
    is_jfif: bool,
    /// What Adobe's encoder says of the colours.
    transform: Option<u8>,
}

impl Frame {
    /// Reads what stands before the pixels. `None` is a JPEG of another kind, or a damaged one.
    pub fn read(file: &[u8]) -> Option<Self> {
        let mut reading = Reading::default();
        let mut at = file.starts_with(&START).then_some(START.len())?;
        loop {
            let &[0xFF, marker] = file.get(at..)?.first_chunk()? else {
                return None;
            };
            at += 1;
            // A marker may be padded with any number of FF.
            if marker == 0xFF {
                continue;
            }
            let length = u16::from_be_bytes(*file.get(at + 1..)?.first_chunk()?);
            let end = at + 1 + usize::from(length);
            let data = file.get(at + 3..end)?;
            if marker == SCAN {
                return reading.finish(data, end);
            }
            reading.segment(marker, data)?;
            at = end;
        }
    }
}

impl Frame {
    /// Blocks of all components that are coded together.
    pub fn blocks_of_group(&self) -> usize {
        let blocks = self.components.iter().map(|it| it.blocks.0 * it.blocks.1);
        blocks.sum()
    }
}

impl Reading {
    fn segment(&mut self, marker: u8, data: &[u8]) -> Option<()> {
        match marker {
            TABLES => self.read_steps(data)?,
            CODES => self.read_codes(data)?,
            INTERVAL => self.interval = usize::from(u16::from_be_bytes(data.try_into().ok()?)),
            BASELINE | EXTENDED if self.frame.is_empty() => self.frame = data.to_vec(),
            APP0 => self.is_jfif |= data.starts_with(b"JFIF\0"),
            APP14 if data.starts_with(b"Adobe") => self.transform = Some(*data.get(11)?),
            APP0..=0xEF | COMMENT => {}
            _ => return None,
        }
        Some(())
    }

    fn read_steps(&mut self, mut data: &[u8]) -> Option<()> {
        while let Some((&head, rest)) = data.split_first() {
            let length = match head >> 4 {
                0 => 64,
                1 => 128,
                _ => return None,
            };
            let values = rest.get(..length)?;
            let mut steps = [0; 64];
            for (i, place) in ZIGZAG.iter().enumerate() {
                let step = match length {
                    64 => u16::from(values[i]),
                    _ => u16::from_be_bytes([values[2 * i], values[2 * i + 1]]),
                };
                steps[*place] = i16::try_from(step).ok()?;
            }
            *self.steps.get_mut(usize::from(head & 15))? = Some(steps);
            data = &rest[length..];
        }
        Some(())
    }

    fn read_codes(&mut self, mut data: &[u8]) -> Option<()> {
        while let Some((&head, rest)) = data.split_first() {
            let (lengths, rest) = rest.split_first_chunk::<16>()?;
            let count = lengths.iter().map(|it| usize::from(*it)).sum();
            let symbols = rest.get(..count)?;
            let (tables, codes) = match head >> 4 {
                0 => (&mut self.first, Codes::of_first(lengths, symbols)?),
                1 => (&mut self.others, Codes::of_others(lengths, symbols)?),
                _ => return None,
            };
            *tables.get_mut(usize::from(head & 15))? = Some(Box::new(codes));
            data = &rest[count..];
        }
        Some(())
    }

    /// Puts all together, now that the scan begins.
    fn finish(self, scan: &[u8], start: usize) -> Option<Frame> {
        let (&[8, a, b, c, d, count], kinds) = self.frame.split_first_chunk()? else {
            return None;
        };
        let size = [[c, d], [a, b]].map(|it| usize::from(u16::from_be_bytes(it)));
        let size = (size[0], size[1]);
        let kinds = kinds.as_chunks::<3>();
        let (&scanned, scan) = scan.split_first()?;
        let (choices, all) = scan.as_chunks::<2>();
        let fits = usize::from(count) == kinds.0.len() && kinds.1.is_empty();
        let is_whole = scanned == count && choices.len() == kinds.0.len() + 1;
        // All coefficients with all their bits: 0, 63, 0.
        let is_sequential = choices.last() == Some(&[0, 63]) && all == [0];
        if !fits || !is_whole || !is_sequential || size.0 == 0 || size.1 == 0 {
            return None;
        }
        let colours = self.colours(kinds.0)?;
        let factors = factors(kinds.0)?;
        let most = factors.iter().fold((1, 1), |most: (usize, usize), it| {
            (most.0.max(it.0), most.1.max(it.1))
        });
        let group = (8 * most.0, 8 * most.1);
        let mut components = Vec::new();
        for ((kind, choice), blocks) in kinds.0.iter().zip(choices).zip(factors) {
            if kind[0] != choice[0] {
                return None;
            }
            let codes = (usize::from(choice[1] >> 4), usize::from(choice[1] & 15));
            self.first.get(codes.0)?.as_ref()?;
            self.others.get(codes.1)?.as_ref()?;
            components.push(Component {
                blocks,
                reach: (most.0 / blocks.0, most.1 / blocks.1),
                size: (
                    (size.0 * blocks.0).div_ceil(most.0),
                    (size.1 * blocks.1).div_ceil(most.1),
                ),
                steps: (*self.steps.get(usize::from(kind[2]))?)?,
                codes,
            });
        }
        Some(Frame {
            size,
            colours,
            components,
            first: self.first,
            others: self.others,
            interval: self.interval,
            groups: (size.0.div_ceil(group.0), size.1.div_ceil(group.1)),
            group,
            start,
        })
    }

    /// What the components stand for, where that is beyond doubt.
    fn colours(&self, kinds: &[[u8; 3]]) -> Option<Colours> {
        match (kinds.len(), self.transform) {
            (1, _) => Some(Colours::Grey),
            (3, Some(1)) => Some(Colours::Luma),
            (3, Some(0)) if !self.is_jfif => Some(Colours::Rgb),
            (3, None) if self.is_jfif || [0, 1, 2].map(|i| kinds[i][0]) == [1, 2, 3] => {
                Some(Colours::Luma)
            }
            _ => None,
        }
    }
}

/// How many blocks of each component are coded together, across and down.
fn factors(kinds: &[[u8; 3]]) -> Option<Vec<(usize, usize)>> {
    if kinds.len() == 1 {
        // Blocks of a component that is alone are coded one by one.
        return Some(vec![(1, 1)]);
    }
    let factors = kinds
        .iter()
        .map(|it| (usize::from(it[1] >> 4), usize::from(it[1] & 15)));
    let factors: Vec<_> = factors.collect();
    let is_usual = factors.iter().all(|it| matches!(it, (1 | 2, 1 | 2)));
    let blocks: usize = factors.iter().map(|it| it.0 * it.1).sum();
    (is_usual && blocks <= MOST_BLOCKS).then_some(factors)
}
