//! A small convolutional network, read from a TensorFlow Lite file and run here: its layers are few and plain.
//!
//! All sums are made in one order, so that a network sees the same on every machine, on any number of threads.

mod layers;
mod tflite;

use std::collections::HashMap;

pub use self::layers::Map;
use self::layers::{Bend, Convolution, Depthwise, Windows};
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

/// What is made of some maps in one go: a layer of the file, or as many as follow each other.
struct Step {
    layer: Layer,
    /// Numbers of maps.
    of: Vec<usize>,
    makes: usize,
    bend: Bend,
    /// Maps that no later step needs.
    forgets: Vec<usize>,
}

enum Layer {
    /// The values of one map after those of the other.
    Append,
    /// Sums of the first map, with another one if there is any.
    Convolution(Convolution),
    Largest(Windows),
}

impl Network {
    /// From the bytes of a file; `None` where they say anything that is not known here.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let model = Table::root(bytes)?;
        let graph = *model.tables(2)?.first()?;
        let mut reader = Reader {
            codes: model.tables(1)?.iter().map(operator_code).collect(),
            tensors: graph.tables(0)?,
            buffers: model.tables(4)?,
            constants: HashMap::new(),
            apart: HashMap::new(),
            same: HashMap::new(),
            steps: Vec::new(),
        };
        for operator in graph.tables(3)? {
            reader.read(&operator)?;
        }
        let outputs = places(&graph.numbers(2))?;
        let mut network = Self {
            input: *places(&graph.numbers(1))?.first()?,
            outputs: outputs.into_iter().map(|it| reader.known(it)).collect(),
            steps: reader.steps,
        };
        network.forget_early();
        network.is_whole().then_some(network)
    }

    /// Finds out for each step which maps no later one needs.
    fn forget_early(&mut self) {
        let mut needed = self.outputs.clone();
        for step in self.steps.iter_mut().rev() {
            let last = step.of.iter().filter(|it| !needed.contains(it));
            step.forgets = last.copied().collect();
            needed.extend(&step.forgets);
        }
    }

    /// Whether all that its steps are made of is made before them.
    fn is_whole(&self) -> bool {
        let mut known = vec![self.input];
        let is_made = self.steps.iter().all(|step| {
            let is_known = step.of.iter().all(|it| known.contains(it));
            known.push(step.makes);
            is_known
        });
        is_made && self.outputs.iter().all(|it| known.contains(it))
    }

    /// What it says of an input; `None` where a layer lacks what it is made of.
    pub fn run(&self, input: Map) -> Option<Vec<Map>> {
        let mut known = HashMap::from([(self.input, input)]);
        for step in &self.steps {
            let made = step.make(&known)?;
            for forgotten in &step.forgets {
                known.remove(forgotten);
            }
            known.insert(step.makes, made);
        }
        self.outputs.iter().map(|it| known.remove(it)).collect()
    }
}

impl Step {
    /// What it makes of maps that are known.
    fn make(&self, known: &HashMap<usize, Map>) -> Option<Map> {
        let of: Option<Vec<&Map>> = self.of.iter().map(|it| known.get(it)).collect();
        let of = of?;
        let map = *of.first()?;
        let mut made = match &self.layer {
            Layer::Convolution(layer) => {
                return Some(layer.of(map, of.get(1).copied(), &self.bend));
            }
            Layer::Append => {
                let values: Vec<f32> = of.iter().flat_map(|it| it.values()).copied().collect();
                Map::new(1, values.len(), 1, values)
            }
            Layer::Largest(windows) => windows.largest(map),
        };
        self.bend.bend(made.rows.samples_mut());
        Some(made)
    }
}

/// What steps are read from, and what is known of them so far.
struct Reader<'a> {
    codes: Vec<i32>,
    tensors: Vec<Table<'a>>,
    buffers: Vec<Table<'a>>,
    /// Weights that an operator prepared.
    constants: HashMap<usize, Vec<f32>>,
    /// Sums of each channel by itself, which those of all channels follow, by the map that they make; with the map that they
    /// are made of.
    apart: HashMap<usize, (Depthwise, usize)>,
    /// Maps that have the values of other ones.
    same: HashMap<usize, usize>,
    steps: Vec<Step>,
}

impl<'a> Reader<'a> {
    /// Reads an operator: a step, or what belongs to another one.
    fn read(&mut self, operator: &Table) -> Option<()> {
        let code = *self.codes.get(usize::try_from(operator.whole(0)).ok()?)?;
        let of = places(&operator.numbers(1))?;
        let makes = *places(&operator.numbers(2))?.first()?;
        let first = self.known(*of.first()?);
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
        let bend = |id: usize| match options.map_or(0, |it| it.byte(id)) {
            0 => Some(Bend::Straight),
            1 => Some(Bend::AboveZero),
            // Others are used by none of the networks here.
            _ => None,
        };
        match code {
            code::DEQUANTIZE => {
                self.constants.insert(makes, halves(self.data(first)?));
            }
            code::CONVOLUTION => {
                let [_, height, width, inputs] = self.shape(*of.get(1)?)?;
                let windows = windows((height, width))?;
                let weights = self.weights(*of.get(1)?)?;
                let layer =
                    Convolution::new(windows, inputs, &weights, &self.weights(*of.get(2)?)?)?;
                let (layer, of) = match self.apart.remove(&first) {
                    Some((before, of)) => (layer.after(before)?, of),
                    None => (layer, first),
                };
                self.push(Layer::Convolution(layer), vec![of], makes, bend(3)?);
            }
            code::DEPTHWISE if bend(4)? == Bend::Straight => {
                let [_, height, width, _] = self.shape(*of.get(1)?)?;
                let weights = self.weights(*of.get(1)?)?;
                let bias = self.weights(*of.get(2)?)?;
                let layer = Depthwise::new(windows((height, width))?, &weights, &bias)?;
                self.apart.insert(makes, (layer, first));
            }
            code::ADD => self.add([first, self.known(*of.get(1)?)], makes, bend(0)?)?,
            code::RELU => self.bend(first, makes, Bend::AboveZero)?,
            code::PRELU => self.bend(first, makes, Bend::Slopes(self.weights(*of.get(1)?)?))?,
            code::MAX_POOL => {
                let side = |id: usize| usize::try_from(option(id)).ok();
                let windows = windows((side(4)?, side(3)?))?;
                self.push(Layer::Largest(windows), vec![first], makes, bend(5)?);
            }
            code::CONCATENATION => {
                let of = of.into_iter().map(|it| self.known(it)).collect();
                self.push(Layer::Append, of, makes, bend(1)?);
            }
            // To more channels, whose values are those of the ones that there are, and nothing.
            code::PAD => {
                let by = whole_numbers(self.data(*of.get(1)?)?);
                let (behind, others) = by.split_last()?;
                if *behind < 0 || others.iter().any(|it| *it != 0) {
                    return None;
                }
                self.same.insert(makes, first);
            }
            code::RESHAPE => {
                self.same.insert(makes, first);
            }
            _ => return None,
        }
        Some(())
    }

    fn push(&mut self, layer: Layer, of: Vec<usize>, makes: usize, bend: Bend) {
        self.steps.push(Step {
            layer,
            of,
            makes,
            bend,
            forgets: Vec::new(),
        });
    }

    /// Has the sums that make one of two maps end with the other one; they are made where both are known.
    fn add(&mut self, maps: [usize; 2], makes: usize, bend: Bend) -> Option<()> {
        let of = |step: &Step| maps.iter().position(|it| *it == step.makes);
        let is_sums = |step: &Step| {
            matches!(step.layer, Layer::Convolution(_))
                && (step.of.len(), &step.bend) == (1, &Bend::Straight)
        };
        let found = |step: &Step| is_sums(step) && of(step).is_some();
        let mut step = self.steps.remove(self.steps.iter().rposition(found)?);
        step.of.push(maps[1 - of(&step)?]);
        (step.makes, step.bend) = (makes, bend);
        self.steps.push(step);
        Some(())
    }

    /// Bends what the last step makes.
    fn bend(&mut self, of: usize, makes: usize, bend: Bend) -> Option<()> {
        let made = |it: &Step| it.makes == of && it.bend == Bend::Straight;
        let step = self.steps.iter_mut().rfind(|it| made(it))?;
        (step.makes, step.bend) = (makes, bend);
        Some(())
    }

    /// The map that has the values of one.
    fn known(&self, map: usize) -> usize {
        *self.same.get(&map).unwrap_or(&map)
    }

    fn weights(&self, tensor: usize) -> Option<Vec<f32>> {
        let known = self.constants.get(&tensor).cloned();
        known.or_else(|| Some(singles(self.data(tensor)?)))
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
