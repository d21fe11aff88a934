//! Values of flags out of what was typed.

use crate::engine::operations::parameter::{Adjust, Allowed, Value};
use crate::engine::operations::{Rectangle, Texture};
use crate::files::check_donor_name;

/// A share, 1 for all; a result may have more texture than its original.
pub fn share(text: &str) -> Result<f64, String> {
    let share = text.parse().ok().filter(|it| (0.0..=10.0).contains(it));
    share.ok_or_else(|| "write a number from 0 to 10, 0.8 for 80 %".to_string())
}

/// A number of bytes, with K, M, G or T behind it for powers of 1024.
pub fn memory(text: &str) -> Result<u64, String> {
    let refuse = || "write it as 800M or 4G".to_string();
    let digits = text.trim_end_matches(|it: char| !it.is_ascii_digit());
    let shift = match text[digits.len()..].to_ascii_uppercase().as_str() {
        "" | "B" => 0,
        "K" | "KB" | "KIB" => 10,
        "M" | "MB" | "MIB" => 20,
        "G" | "GB" | "GIB" => 30,
        "T" | "TB" | "TIB" => 40,
        _ => return Err(refuse()),
    };
    let number: u64 = digits.parse().map_err(|_| refuse())?;
    number.checked_mul(1 << shift).ok_or_else(refuse)
}

/// A separation radius, as a texture layer has it.
pub fn radius(text: &str) -> Result<f64, String> {
    let specs = Texture::default().specs();
    let spec = specs.into_iter().find(|it| it.name == "radius");
    let spec = spec.expect("a texture layer has a radius");
    let parsed = spec.allowed.parse(text);
    spec.allowed.check(&parsed, spec.unit)?;
    match parsed {
        Value::Number(it) => Ok(it),
        other => Err(format!("{} is no number", other.shown())),
    }
}

/// The name of a donor in the library.
pub fn donor_name(text: &str) -> Result<String, String> {
    check_donor_name(text).map_err(|it| it.to_string())?;
    Ok(text.to_string())
}

/// So many numbers with an x or a plus between them.
pub fn numbers<const N: usize>(text: &str) -> Result<[u32; N], String> {
    let parts = text.split(['x', '+']).map(str::parse);
    let numbers: Result<Vec<u32>, _> = parts.collect();
    let numbers = numbers.map_err(|it| it.to_string())?;
    numbers
        .try_into()
        .map_err(|_| format!("there must be {N} numbers"))
}

/// A rectangle as `X,Y,W,H`.
pub fn rectangle(text: &str) -> Result<Rectangle, String> {
    let parsed = Allowed::Rectangle.parse(text);
    match &parsed {
        Value::Rectangle(it) => Allowed::Rectangle.check(&parsed, "").map(|()| *it),
        _ => Err("write it as X,Y,W,H in whole pixels".to_string()),
    }
}
