//! The strokes of the `brush` mask as TOML: `[[mask.brush.stroke]]` tables.

use toml_edit::{Array, ArrayOfTables, Item, Table, TableLike, value};

use super::RecipeError;
use super::toml::{read_settings, shown, write_settings};
use crate::engine::masks::{FARTHEST, Point, Stroke, Tip};

/// The key of the strokes in the table of the mask.
pub(super) const STROKE: &str = "stroke";

/// The key of a stroke's points.
const POINTS: &str = "points";

/// Reads the strokes of the table of a mask.
pub(super) fn read(item: &Item, place: &str) -> Result<Vec<Stroke>, RecipeError> {
    let tables = super::toml::tables(item).ok_or_else(|| {
        RecipeError::value(
            place,
            format!(
                "{STROKE} {} is not a list of [[{place}.{STROKE}]] tables",
                shown(item)
            ),
        )
    })?;
    let strokes = tables.into_iter().enumerate();
    strokes
        .map(|(at, table)| stroke(table, &format!("{place}.{STROKE} {}", at + 1)))
        .collect()
}

fn stroke(table: &dyn TableLike, place: &str) -> Result<Stroke, RecipeError> {
    let mut tip = Tip::default();
    read_settings(&mut tip, table, place, &[POINTS])?;
    let refuse = |what: String| RecipeError::value(place, what);
    let item = table.get(POINTS).ok_or_else(|| {
        let allowed = allowed();
        refuse(format!("it has no {POINTS}; they are {allowed}"))
    })?;
    let points = points(item, POINTS, place)?;
    if points.is_empty() {
        let (shown, allowed) = (shown(item), allowed());
        return Err(refuse(format!(
            "{POINTS} {shown} is not a list of {allowed}"
        )));
    }
    Ok(Stroke {
        tip,
        points: points.into(),
    })
}

fn allowed() -> String {
    format!("[x, y] in pixels, each from -{FARTHEST} to {FARTHEST}")
}

/// Reads the places that the key `name` lists.
pub(super) fn points(item: &Item, name: &str, place: &str) -> Result<Vec<Point>, RecipeError> {
    let refuse = |what: String| RecipeError::value(place, what);
    let array = item.as_array().ok_or_else(|| {
        let (shown, allowed) = (shown(item), allowed());
        refuse(format!("{name} {shown} is not a list of {allowed}"))
    })?;
    let points = array.iter().enumerate().map(|(at, it)| {
        point(it).ok_or_else(|| {
            let (shown, allowed) = (shown(&Item::Value(it.clone())), allowed());
            refuse(format!(
                "{name}: number {}, {shown}, is not {allowed}",
                at + 1
            ))
        })
    });
    points.collect()
}

/// Places as a list.
pub(super) fn list<'a>(points: impl Iterator<Item = &'a Point>) -> Item {
    value(
        points
            .map(|it| it.iter().copied().collect::<Array>())
            .collect::<Array>(),
    )
}

fn point(value: &toml_edit::Value) -> Option<Point> {
    let number = |value: &toml_edit::Value| {
        let whole = || value.as_integer().map(|it| it as f64);
        let number = value.as_float().or_else(whole)?;
        (-FARTHEST..=FARTHEST).contains(&number).then_some(number)
    };
    let array = value.as_array().filter(|it| it.len() == 2)?;
    Some([number(array.get(0)?)?, number(array.get(1)?)?])
}

/// The strokes as a list of tables; `None` if there are none.
pub(super) fn write(strokes: &[Stroke]) -> Option<Item> {
    let mut tables = ArrayOfTables::new();
    for stroke in strokes {
        let mut table = Table::new();
        write_settings(&stroke.tip, &mut table);
        table[POINTS] = list(stroke.points.iter());
        tables.push(table);
    }
    (!tables.is_empty()).then_some(Item::ArrayOfTables(tables))
}

#[cfg(test)]
mod tests {
    use crate::engine::masks::BrushMode;
    use crate::engine::recipe::Recipe;

    const PAINTED: &str = r#"
[[layer]]
kind = "noise"
masks = ["brush"]

[mask.brush]
invert = true

[[mask.brush.stroke]]
mode = "add"
radius = 40.5
hardness = 20
opacity = 80
points = [[100, 200.25], [-3.5, 1e3]]

[[mask.brush.stroke]]
mode = "erase"
points = [[7, 7]]
"#;

    #[test]
    fn strokes_survive_writing_and_reading() {
        let recipe = Recipe::from_toml(PAINTED).expect("it is a recipe");
        let brush = &recipe.masks.brush;
        assert!(brush.invert);
        assert_eq!(brush.strokes.len(), 2);
        assert_eq!(brush.strokes[0].tip.radius, 40.5);
        assert_eq!(*brush.strokes[0].points, [[100.0, 200.25], [-3.5, 1000.0]]);
        assert_eq!(brush.strokes[1].tip.mode, BrushMode::Erase);
        let written = recipe.to_toml();
        assert_eq!(Recipe::from_toml(&written), Ok(recipe), "{written}");
    }

    #[test]
    fn strokes_are_kept_while_no_layer_lists_the_mask() {
        let unlisted = PAINTED.replace("[\"brush\"]", "[]");
        let unlisted = unlisted.replace("invert = true", "");
        let recipe = Recipe::from_toml(&unlisted).expect("it is a recipe");
        assert_eq!(recipe.masks.brush.strokes.len(), 2);
        assert_eq!(Recipe::from_toml(&recipe.to_toml()), Ok(recipe));
    }

    #[test]
    fn an_inline_list_of_strokes_is_the_same() {
        let inline = "mask.brush.stroke = [{ radius = 3, points = [[1, 2]] }]";
        let recipe = Recipe::from_toml(inline).expect("it is a recipe");
        assert_eq!(recipe.masks.brush.strokes[0].tip.radius, 3.0);
        assert_eq!(Recipe::from_toml(&recipe.to_toml()), Ok(recipe));
    }

    #[test]
    fn strokes_that_do_not_fit_are_refused_in_words() {
        for (key, words) in [
            (
                "radius = 9000",
                "mask.brush.stroke 2: radius 9000 px is outside 0.5 to 2000 px",
            ),
            (
                "hardness = nan",
                "mask.brush.stroke 2: hardness NaN % is outside 0 to 100 %",
            ),
            (
                "mode = \"paint\"",
                "mask.brush.stroke 2: mode \"paint\" is not one of add, erase",
            ),
            (
                "size = 3",
                "mask.brush.stroke 2: there is no key \"size\"; the keys are mode, radius, \
                 hardness, opacity, points; its value is 3",
            ),
            (
                "points = []",
                "mask.brush.stroke 2: points [] is not a list of [x, y] in pixels, each from \
                 -1000000 to 1000000",
            ),
            (
                "points = [[1, 2], [3, inf]]",
                "mask.brush.stroke 2: points: number 2, [3, inf], is not [x, y] in pixels, each \
                 from -1000000 to 1000000",
            ),
            (
                "points = [[1, 2], [3]]",
                "mask.brush.stroke 2: points: number 2, [3], is not [x, y] in pixels, each from \
                 -1000000 to 1000000",
            ),
            (
                "",
                "mask.brush.stroke 2: it has no points; they are [x, y] in pixels, each from \
                 -1000000 to 1000000",
            ),
        ] {
            let points = if key.is_empty() || key.starts_with("points") {
                ""
            } else {
                "points = [[1, 1]]"
            };
            let text = format!(
                "[[mask.brush.stroke]]\npoints = [[1, 1]]\n[[mask.brush.stroke]]\n{key}\n{points}"
            );
            let error = Recipe::from_toml(&text).expect_err("it does not fit");
            assert_eq!(error.to_string(), words);
        }
    }

    #[test]
    fn what_is_no_list_of_strokes_is_refused() {
        let error = Recipe::from_toml("mask.brush.stroke = 3").expect_err("it does not fit");
        assert_eq!(
            error.to_string(),
            "mask.brush: stroke 3 is not a list of [[mask.brush.stroke]] tables"
        );
        let error = Recipe::from_toml("mask.skin.stroke = 3").expect_err("it does not fit");
        assert!(error.to_string().contains("there is no key \"stroke\""));
    }
}
