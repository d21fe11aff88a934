//! What can be set: one table for the recipe check, the command line and the sliders.

use super::Rectangle;

/// A value on its way into or out of a setting.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A number in the parameter's unit.
    Number(f64),
    /// One of a few words, a name or a path.
    Text(String),
    /// On or off.
    Flag(bool),
    /// Several names.
    Names(Vec<String>),
    /// A rectangle of pixels.
    Rectangle(Rectangle),
    /// Left open: the program finds it.
    Open,
}

/// What a parameter accepts.
#[derive(Clone, Debug)]
pub enum Allowed {
    /// A number from `min` to `max`; `fine` and `coarse` are the steps of a slider.
    Number {
        /// Smallest value.
        min: f64,
        /// Largest value.
        max: f64,
        /// A small step.
        fine: f64,
        /// A large step.
        coarse: f64,
    },
    /// A percentage from 0 to `max`, or the word `match`.
    PercentOrMatch {
        /// Largest value.
        max: f64,
    },
    /// One of these words.
    OneOf(fn() -> Vec<&'static str>),
    /// Any of these names, in any order.
    AnyOf(fn() -> Vec<&'static str>),
    /// On or off.
    Flag,
    /// Any text.
    Text,
    /// A rectangle of pixels, at least 1×1, or left open.
    Rectangle,
}

impl Allowed {
    /// A number with the steps of its slider.
    pub const fn number(min: f64, max: f64, fine: f64, coarse: f64) -> Self {
        Self::Number {
            min,
            max,
            fine,
            coarse,
        }
    }

    /// Smallest and largest number and the fine step of a slider; `None` for what is no number.
    pub fn range(&self) -> Option<(f64, f64, f64)> {
        match self {
            Allowed::Number { min, max, fine, .. } => Some((*min, *max, *fine)),
            Allowed::PercentOrMatch { max } => Some((0.0, *max, 1.0)),
            _ => None,
        }
    }

    /// Whether a value is accepted.
    ///
    /// # Errors
    /// With the words that say what is allowed instead.
    pub fn check(&self, value: &Value, unit: &str) -> Result<(), String> {
        let unit = if unit.is_empty() {
            String::new()
        } else {
            format!(" {unit}")
        };
        match (self, value) {
            (Allowed::Number { min, max, .. }, Value::Number(it)) if (*min..=*max).contains(it) => {
                Ok(())
            }
            (Allowed::Number { min, max, .. }, Value::Number(it)) => {
                Err(format!("{it}{unit} is outside {min} to {max}{unit}"))
            }
            (Allowed::Number { min, max, .. }, other) => Err(format!(
                "{} is not a number from {min} to {max}{unit}",
                other.shown()
            )),
            (Allowed::PercentOrMatch { max }, Value::Number(it)) if (0.0..=*max).contains(it) => {
                Ok(())
            }
            (Allowed::PercentOrMatch { .. }, Value::Text(it)) if it == "match" => Ok(()),
            (Allowed::PercentOrMatch { max }, other) => Err(format!(
                "{} is neither a number from 0 to {max}{unit} nor \"match\"",
                other.shown()
            )),
            (Allowed::OneOf(words), Value::Text(it)) if words().contains(&it.as_str()) => Ok(()),
            (Allowed::OneOf(words), other) => Err(format!(
                "{} is not one of {}",
                other.shown(),
                words().join(", ")
            )),
            (Allowed::AnyOf(names), Value::Names(them)) => {
                match them.iter().find(|it| !names().contains(&it.as_str())) {
                    None => Ok(()),
                    Some(it) => Err(format!("\"{it}\" is not one of {}", names().join(", "))),
                }
            }
            (Allowed::AnyOf(names), other) => Err(format!(
                "{} is not a list of {}",
                other.shown(),
                names().join(", ")
            )),
            (Allowed::Flag, Value::Flag(_)) | (Allowed::Text, Value::Text(_)) => Ok(()),
            (Allowed::Flag, other) => Err(format!("{} is not true or false", other.shown())),
            (Allowed::Text, other) => Err(format!("{} is not a text", other.shown())),
            (Allowed::Rectangle, Value::Open) => Ok(()),
            (Allowed::Rectangle, Value::Rectangle(it)) if it.width > 0 && it.height > 0 => Ok(()),
            (Allowed::Rectangle, other) => Err(format!(
                "{} is not a rectangle in whole pixels, at least 1×1, as {{ x = 0, y = 0, width = 96, \
                 height = 96 }}",
                other.shown()
            )),
        }
    }
}

impl Value {
    /// How a message shows it.
    pub fn shown(&self) -> String {
        match self {
            Value::Number(it) => it.to_string(),
            Value::Text(it) => format!("\"{it}\""),
            Value::Flag(it) => it.to_string(),
            Value::Names(them) => format!("[{}]", them.join(", ")),
            Value::Rectangle(it) => format!("{},{},{},{}", it.x, it.y, it.width, it.height),
            Value::Open => "nothing".to_string(),
        }
    }
}

/// Name, unit and limits of a parameter.
#[derive(Clone, Debug)]
pub struct Spec {
    /// Its key in a recipe.
    pub name: &'static str,
    /// Unit of a number, or empty.
    pub unit: &'static str,
    /// What it accepts.
    pub allowed: Allowed,
    /// What it does, in a few words.
    pub help: &'static str,
}

/// A setting that can be read and written as a [`Value`].
pub trait Setting {
    /// What is set.
    fn value(&self) -> Value;
    /// Sets a value that was checked; one of the wrong type changes nothing.
    fn put(&mut self, value: Value);
}

/// An enumeration whose variants have names in recipes.
pub trait Choice: Copy + PartialEq + 'static {
    /// Every variant and its name.
    const NAMES: &'static [(&'static str, Self)];

    /// The name of this variant.
    fn name(self) -> &'static str {
        Self::NAMES
            .iter()
            .find(|(_, it)| *it == self)
            .map_or("", |(name, _)| name)
    }

    /// The variant of this name.
    fn from_name(name: &str) -> Option<Self> {
        Self::NAMES
            .iter()
            .find(|(it, _)| *it == name)
            .map(|(_, it)| *it)
    }

    /// All names.
    fn names() -> Vec<&'static str> {
        Self::NAMES.iter().map(|(name, _)| *name).collect()
    }
}

impl<C: Choice> Setting for C {
    fn value(&self) -> Value {
        Value::Text(self.name().to_string())
    }

    fn put(&mut self, value: Value) {
        if let Value::Text(name) = value
            && let Some(it) = C::from_name(&name)
        {
            *self = it;
        }
    }
}

impl Setting for f64 {
    fn value(&self) -> Value {
        Value::Number(*self)
    }

    fn put(&mut self, value: Value) {
        if let Value::Number(it) = value {
            *self = it;
        }
    }
}

impl Setting for bool {
    fn value(&self) -> Value {
        Value::Flag(*self)
    }

    fn put(&mut self, value: Value) {
        if let Value::Flag(it) = value {
            *self = it;
        }
    }
}

impl Setting for String {
    fn value(&self) -> Value {
        Value::Text(self.clone())
    }

    fn put(&mut self, value: Value) {
        if let Value::Text(it) = value {
            *self = it;
        }
    }
}

/// Several of a set of names.
impl<C: Choice> Setting for Vec<C> {
    fn value(&self) -> Value {
        Value::Names(self.iter().map(|it| it.name().to_string()).collect())
    }

    fn put(&mut self, value: Value) {
        if let Value::Names(names) = value {
            *self = names.iter().filter_map(|it| C::from_name(it)).collect();
        }
    }
}

impl Setting for Option<Rectangle> {
    fn value(&self) -> Value {
        self.map_or(Value::Open, Value::Rectangle)
    }

    fn put(&mut self, value: Value) {
        match value {
            Value::Rectangle(it) => *self = Some(it),
            Value::Open => *self = None,
            _ => {}
        }
    }
}

/// The largest strength that can be set or found, in per cent: noise over shadows takes thousands to be seen.
pub const LARGEST_STRENGTH: f64 = 10_000.0;

/// How much of a texture a layer paints.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Strength {
    /// In per cent; 100 is its natural strength.
    Percent(f64),
    /// As much as the reference has.
    Match,
}

impl Setting for Strength {
    fn value(&self) -> Value {
        match self {
            Strength::Percent(it) => Value::Number(*it),
            Strength::Match => Value::Text("match".to_string()),
        }
    }

    fn put(&mut self, value: Value) {
        match value {
            Value::Number(it) => *self = Strength::Percent(it),
            Value::Text(_) => *self = Strength::Match,
            _ => {}
        }
    }
}

/// One row of a table of parameters.
pub struct Parameter<T> {
    /// Name, unit and limits.
    pub spec: Spec,
    /// The setting, to read.
    pub get: fn(&T) -> &dyn Setting,
    /// The setting, to change.
    pub slot: fn(&mut T) -> &mut dyn Setting,
}

/// Settings that have a table of parameters.
pub trait Settings: Sized + 'static {
    /// The table, in the order in which people see it.
    const PARAMETERS: &'static [Parameter<Self>];
}

/// Settings of any kind, by the names of their parameters.
pub trait Adjust {
    /// Every parameter, in the order in which people see them.
    fn specs(&self) -> Vec<&'static Spec>;
    /// What a parameter is set to; `None` if there is none of that name.
    fn get(&self, name: &str) -> Option<Value>;
    /// Sets a parameter that was checked; an unknown name changes nothing.
    fn put(&mut self, name: &str, value: Value);
}

impl<T: Settings> Adjust for T {
    fn specs(&self) -> Vec<&'static Spec> {
        T::PARAMETERS.iter().map(|it| &it.spec).collect()
    }

    fn get(&self, name: &str) -> Option<Value> {
        let row = T::PARAMETERS.iter().find(|it| it.spec.name == name)?;
        Some((row.get)(self).value())
    }

    fn put(&mut self, name: &str, value: Value) {
        if let Some(row) = T::PARAMETERS.iter().find(|it| it.spec.name == name) {
            (row.slot)(self).put(value);
        }
    }
}

/// A row of a table: `parameter!(radius, "px", Allowed::…, "what it does")` for the field `radius`.
macro_rules! parameter {
    ($field:ident, $unit:literal, $allowed:expr, $help:literal) => {
        $crate::engine::operations::parameter::Parameter {
            spec: $crate::engine::operations::parameter::Spec {
                name: stringify!($field),
                unit: $unit,
                allowed: $allowed,
                help: $help,
            },
            get: |it| &it.$field,
            slot: |it| &mut it.$field,
        }
    };
}
pub(crate) use parameter;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_what_is_allowed() {
        let radius = Allowed::number(0.5, 50.0, 0.1, 1.0);
        assert_eq!(
            radius
                .check(&Value::Number(900.0), "px")
                .expect_err("it does not fit"),
            "900 px is outside 0.5 to 50 px"
        );
        assert!(radius.check(&Value::Number(f64::NAN), "px").is_err());
        assert_eq!(
            radius
                .check(&Value::Flag(true), "px")
                .expect_err("it does not fit"),
            "true is not a number from 0.5 to 50 px"
        );
        assert!(Allowed::Flag.check(&Value::Text("yes".into()), "").is_err());
    }
}
