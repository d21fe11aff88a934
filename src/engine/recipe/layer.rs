//! A layer: an operation, how it is blended, how opaque it is and where it paints.

use crate::engine::masks::MaskName;
use crate::engine::operations::parameter::{
    Adjust, Allowed, Choice, Parameter, Spec, Value, parameter,
};
use crate::engine::operations::{Graft, Noise, Overlay, Texture};
use crate::engine::raster::Blend;

impl Choice for Blend {
    const NAMES: &'static [(&'static str, Self)] = &Blend::NAMES;
}

/// The kinds of layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Frequency separation.
    Texture,
    /// High-pass graft.
    Graft,
    /// Synthetic noise.
    Noise,
    /// A picture file.
    Picture,
}

impl Choice for Kind {
    const NAMES: &'static [(&'static str, Self)] = &[
        ("texture", Kind::Texture),
        ("graft", Kind::Graft),
        ("noise", Kind::Noise),
        ("picture", Kind::Picture),
    ];
}

/// What a layer paints, with its settings.
#[derive(Clone, Debug, PartialEq)]
pub enum Operation {
    /// Frequency separation.
    Texture(Texture),
    /// High-pass graft.
    Graft(Graft),
    /// Synthetic noise.
    Noise(Noise),
    /// A picture file.
    Picture(Overlay),
}

impl Operation {
    /// Which kind of layer it makes.
    pub fn kind(&self) -> Kind {
        match self {
            Operation::Texture(_) => Kind::Texture,
            Operation::Graft(_) => Kind::Graft,
            Operation::Noise(_) => Kind::Noise,
            Operation::Picture(_) => Kind::Picture,
        }
    }

    fn settings(&self) -> &dyn Adjust {
        match self {
            Operation::Texture(it) => it,
            Operation::Graft(it) => it,
            Operation::Noise(it) => it,
            Operation::Picture(it) => it,
        }
    }

    fn settings_mut(&mut self) -> &mut dyn Adjust {
        match self {
            Operation::Texture(it) => it,
            Operation::Graft(it) => it,
            Operation::Noise(it) => it,
            Operation::Picture(it) => it,
        }
    }

    /// The path of the picture it is made from, or its name in the library, if it has one.
    pub fn file(&self) -> Option<&str> {
        match self {
            Operation::Graft(it) if it.has_file_donor() => Some(&it.donor),
            Operation::Picture(it) if !it.path.is_empty() => Some(&it.path),
            _ => None,
        }
    }

    /// The same path, to change; a name in the library is none.
    pub(super) fn file_mut(&mut self) -> Option<&mut String> {
        match self {
            Operation::Graft(it) if it.has_file_donor() && !it.has_library_donor() => {
                Some(&mut it.donor)
            }
            Operation::Picture(it) if !it.path.is_empty() => Some(&mut it.path),
            _ => None,
        }
    }
}

/// An operation with blend mode, opacity and masks.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// What people call it, or empty.
    pub name: String,
    /// Whether it paints at all.
    pub enabled: bool,
    /// In per cent.
    pub opacity: f64,
    /// How it is mixed with what lies below.
    pub blend: Blend,
    /// Their coverages multiply; none means everywhere.
    pub masks: Vec<MaskName>,
    /// What it paints.
    pub operation: Operation,
}

/// What every layer has, shown below what its operation has.
impl Layer {
    const COMMON: &'static [Parameter<Self>] = &[
        parameter!(
            opacity,
            "%",
            Allowed::number(0.0, 100.0, 1.0, 10.0),
            "opacity of the layer"
        ),
        parameter!(
            blend,
            "",
            Allowed::OneOf(Blend::names),
            "how the layer is mixed with what lies below"
        ),
        parameter!(
            masks,
            "",
            Allowed::AnyOf(MaskName::names),
            "where it paints; none means everywhere"
        ),
        parameter!(enabled, "", Allowed::Flag, "whether the layer paints"),
        parameter!(name, "", Allowed::Text, "what you call the layer"),
    ];

    /// A layer of one kind with every setting at its default.
    pub fn new(kind: Kind) -> Self {
        let (operation, blend, opacity) = match kind {
            Kind::Texture => (Operation::Texture(Texture::default()), Blend::Normal, 100.0),
            Kind::Graft => (Operation::Graft(Graft::default()), Blend::LinearLight, 50.0),
            Kind::Noise => (Operation::Noise(Noise::default()), Blend::Overlay, 100.0),
            Kind::Picture => (Operation::Picture(Overlay::default()), Blend::Normal, 100.0),
        };
        Self {
            name: String::new(),
            enabled: true,
            opacity,
            blend,
            masks: Vec::new(),
            operation,
        }
    }

    /// Which kind of layer it is.
    pub fn kind(&self) -> Kind {
        self.operation.kind()
    }

    /// Its name, or else its kind.
    pub fn label(&self) -> &str {
        if self.name.is_empty() {
            self.kind().name()
        } else {
            &self.name
        }
    }

    /// What a parameter is set to in a new layer of the same kind.
    pub fn default_of(&self, name: &str) -> Option<Value> {
        Layer::new(self.kind()).get(name)
    }
}

impl Adjust for Layer {
    fn specs(&self) -> Vec<&'static Spec> {
        let mut specs = self.operation.settings().specs();
        specs.extend(Layer::COMMON.iter().map(|it| &it.spec));
        specs
    }

    fn get(&self, name: &str) -> Option<Value> {
        match Layer::COMMON.iter().find(|it| it.spec.name == name) {
            Some(row) => Some((row.get)(self).value()),
            None => self.operation.settings().get(name),
        }
    }

    fn put(&mut self, name: &str, value: Value) {
        match Layer::COMMON.iter().find(|it| it.spec.name == name) {
            Some(row) => (row.slot)(self).put(value),
            None => self.operation.settings_mut().put(name, value),
        }
    }
}
