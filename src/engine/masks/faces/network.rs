//! A small convolutional network, read from a TensorFlow Lite file and run here: its layers are few and plain.
//!
//! All sums are made in one order, so that a network sees the same on every machine, on any number of threads.

mod layers;
mod tflite;

use std::collections::HashMap;

pub use self::layers::Map;
use self::layers::{Convolution, Depthwise, Windows};
use self::tflite::{Table, halves, singles, whole_numbers};

/// Numbers of layers in the file format.
mod code {
    pub const ADD: i32 = 0;
    pub const CONCATENATION: i32 = 2;
    pub const CONVOLUTION: i32 = 3;
    pub const DEPTHWISE: i32 = 4;
    pub const DEQUANTIZE: i32 = 6;
    pub const MAX_POOL: i32 = 17;
    pub const RELU: i32 = 19;
    pub const RESHAPE: i32 = 22;
    pub const PAD: i32 = 34;
    pub const PRELU: i32 = 54;
}

/// A network with one input, which has red, green and blue.
pub struct Network {
    steps: Vec<Step>,
    input: usize,
    outputs: Vec<usize>,
}

/// One layer: what it makes of which maps.
struct Step {
    layer: Layer,
    /// Numbers of maps.
    of: Vec<usize>,
    makes: usize,
    /// Below 0 counts as 0 in what it makes.
    relu: bool,
    /// Maps that no later step needs.
    forgets: Vec<usize>,
}

enum Layer {
    Add,
    /// The values of one map after those of the other.
    Append,
    Convolution(Convolution),
    Depthwise(Depthwise),
    Largest(Windows),
    Pad([[usize; 2]; 3]),
    /// Below 0, each channel has its slope.
    Slopes(Vec<f32>),
    Copy,
}

impl Network {
    /// From the bytes of a file; `None` where they say anything that is not known here.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let model = Table::root(bytes)?;
        let graph = *model.tables(2)?.first()?;
        let reader = Reader {
            codes: model.tables(1)?.iter().map(operator_code).collect(),
            tensors: graph.tables(0)?,
            buffers: model.tables(4)?,
        };
        let mut constants = HashMap::new();
        let mut steps = Vec::new();
        for operator in graph.tables(3)? {
            steps.extend(reader.step(&operator, &mut constants)?);
        }
        let outputs = places(&graph.numbers(2))?;
        for i in 0..steps.len() {
            let needed = |it: &usize| {
                outputs.contains(it)
                    || steps[i + 1..]
                        .iter()
                        .any(|later: &Step| later.of.contains(it))
            };
            steps[i].forgets = steps[i]
                .of
                .iter()
                .copied()
                .filter(|it| !needed(it))
                .collect();
        }
        Some(Self {
            steps,
            input: *places(&graph.numbers(1))?.first()?,
            outputs,
        })
    }

    /// What it says of an input; `None` where a layer lacks what it is made of.
    pub fn run(&self, input: Map) -> Option<Vec<Map>> {
        let mut known = HashMap::from([(self.input, input)]);
        for step in &self.steps {
            let mut made = step.make(&mut known)?;
            if step.relu {
                made = made.above_zero();
            }
            for forgotten in &step.forgets {
                known.remove(forgotten);
            }
            known.insert(step.makes, made);
        }
        self.outputs.iter().map(|it| known.remove(it)).collect()
    }
}

impl Step {
    /// What it makes of maps that are known; those that it forgets may be gone then.
    fn make(&self, known: &mut HashMap<usize, Map>) -> Option<Map> {
        let number = *self.of.first()?;
        let changed = |known: &mut HashMap<usize, Map>| self.take(number, known);
        Some(match &self.layer {
            Layer::Add => {
                let other = *self.of.get(1)?;
                let first = match other == number {
                    true => known.get(&number).cloned()?,
                    false => changed(known)?,
                };
                first.plus(known.get(&other)?)
            }
            Layer::Slopes(slopes) => changed(known)?.bent(slopes),
            Layer::Copy => changed(known)?,
            Layer::Append => {
                let each: Option<Vec<&Map>> = self.of.iter().map(|it| known.get(it)).collect();
                let values = each?.iter().flat_map(|it| &it.values).copied().collect();
                Map::row(values)
            }
            Layer::Convolution(layer) => layer.of(known.get(&number)?),
            Layer::Depthwise(layer) => layer.of(known.get(&number)?),
            Layer::Largest(windows) => windows.largest(known.get(&number)?),
            Layer::Pad(by) => known.get(&number)?.padded(*by),
        })
    }

    /// A map to change: the map itself if nothing needs it later.
    fn take(&self, number: usize, known: &mut HashMap<usize, Map>) -> Option<Map> {
        match self.forgets.contains(&number) {
            true => known.remove(&number),
            false => known.get(&number).cloned(),
        }
    }
}

/// What steps are read from.
struct Reader<'a> {
    codes: Vec<i32>,
    tensors: Vec<Table<'a>>,
    buffers: Vec<Table<'a>>,
}

impl<'a> Reader<'a> {
    /// A step, or none where the operator only prepares weights, which become known.
    fn step(
        &self,
        operator: &Table,
        constants: &mut HashMap<usize, Vec<f32>>,
    ) -> Option<Option<Step>> {
        let code = *self.codes.get(usize::try_from(operator.whole(0)).ok()?)?;
        let of = places(&operator.numbers(1))?;
        let makes = *places(&operator.numbers(2))?.first()?;
        let first = *of.first()?;
        if code == code::DEQUANTIZE {
            constants.insert(makes, halves(self.data(first)?));
            return Some(None);
        }
        let weights = |place: usize| {
            let tensor = *of.get(place)?;
            let known = constants.get(&tensor).cloned();
            known.or_else(|| Some(singles(self.data(tensor)?)))
        };
        let options = operator.table(4);
        let option = |id: usize| options.map_or(0, |it| it.whole(id));
        let windows = |(height, width): (usize, usize)| {
            Some(Windows {
                height,
                width,
                stride: usize::try_from(option(1)).ok().filter(|it| *it > 0)?,
                same: options?.byte(0) == 0,
            })
        };
        // Activations are a field of their own in each table of options.
        let activation = |id: usize| options.map_or(0, |it| it.byte(id));
        let (layer, activation, maps) = match code {
            code::ADD => (Layer::Add, activation(0), of.len()),
            code::CONCATENATION => (Layer::Append, activation(1), of.len()),
            code::CONVOLUTION => {
                let [_, height, width, inputs] = self.shape(*of.get(1)?)?;
                let windows = windows((height, width))?;
                let layer = Convolution::new(windows, inputs, &weights(1)?, &weights(2)?)?;
                (Layer::Convolution(layer), activation(3), 1)
            }
            code::DEPTHWISE => {
                let [_, height, width, _] = self.shape(*of.get(1)?)?;
                let layer = Depthwise::new(windows((height, width))?, &weights(1)?, &weights(2)?)?;
                (Layer::Depthwise(layer), activation(4), 1)
            }
            code::MAX_POOL => {
                let side = |id: usize| usize::try_from(option(id)).ok();
                let windows = windows((side(4)?, side(3)?))?;
                (Layer::Largest(windows), activation(5), 1)
            }
            code::PAD => {
                let by = places(&whole_numbers(self.data(*of.get(1)?)?))?;
                let [_, rest @ ..] = by.as_chunks::<2>().0 else {
                    return None;
                };
                (Layer::Pad(*rest.first_chunk()?), 0, 1)
            }
            code::PRELU => (Layer::Slopes(weights(1)?), 0, 1),
            code::RELU => (Layer::Copy, 1, 1),
            code::RESHAPE => (Layer::Copy, 0, 1),
            _ => return None,
        };
        Some(Some(Step {
            layer,
            of: of[..maps.min(of.len())].to_vec(),
            makes,
            // Other activations are used by none of the networks here.
            relu: match activation {
                0 => false,
                1 => true,
                _ => return None,
            },
            forgets: Vec::new(),
        }))
    }

    fn data(&self, tensor: usize) -> Option<&'a [u8]> {
        let buffer = usize::try_from(self.tensors.get(tensor)?.whole(2)).ok()?;
        Some(self.buffers.get(buffer)?.bytes(0))
    }

    fn shape(&self, tensor: usize) -> Option<[usize; 4]> {
        let shape = places(&self.tensors.get(tensor)?.numbers(0))?;
        shape.first_chunk().copied()
    }
}

fn operator_code(operator: &Table) -> i32 {
    i32::from(operator.byte(0)).max(operator.whole(3))
}

fn places(numbers: &[i32]) -> Option<Vec<usize>> {
    let numbers = numbers.iter().map(|it| usize::try_from(*it).ok());
    numbers.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damaged_files_are_no_networks() {
        let file = include_bytes!("face_detection_back.tflite");
        assert!(Network::read(file).is_some());
        for kept in [0, 7, 100, 5000] {
            assert!(Network::read(&file[..kept]).is_none(), "{kept}");
        }
    }
}
