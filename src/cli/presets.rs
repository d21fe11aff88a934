//! `repore presets [NAME]`.

use crate::engine::recipe::PRESETS;

/// Lists the built-in recipes, or prints one as TOML.
pub fn run(name: Option<&str>) -> u8 {
    let Some(name) = name else {
        let lines = PRESETS
            .iter()
            .map(|it| format!("{:<12}{}\n", it.name, it.about));
        return super::print(&lines.collect::<String>());
    };
    match PRESETS.iter().find(|it| it.name == name) {
        Some(preset) => super::print(preset.text),
        None => {
            let names: Vec<&str> = PRESETS.iter().map(|it| it.name).collect();
            super::complain(format!(
                "there is no preset \"{name}\"; the presets are {}",
                names.join(", ")
            ));
            super::WRONG_USAGE
        }
    }
}
