//! Any text as a recipe: what is read is written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use repore::engine::recipe::Recipe;

fuzz_target!(|text: &str| {
    if let Ok(recipe) = Recipe::from_toml(text) {
        let written = recipe.to_toml();
        assert_eq!(Recipe::from_toml(&written).as_ref(), Ok(&recipe));
    }
});
