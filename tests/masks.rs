//! What masks find in real pictures: the samples.

use std::path::Path;

use repore::engine::render::Inputs;
use repore::files::read_photo;

fn sample(name: &str) -> Inputs {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("samples")
        .join(name);
    Inputs::alone(read_photo(&path).expect(name).image)
}

#[test]
fn the_face_of_every_sample_is_found_where_it_is() {
    for (name, x, y, size) in [
        ("astronaut.png", 0.43, 0.23, 0.19),
        ("glasses.jpg", 0.54, 0.40, 0.95),
        ("stubble.jpg", 0.65, 0.47, 0.58),
    ] {
        let inputs = sample(name);
        let width = inputs.picture.width() as f64;
        let [face] = inputs.faces() else {
            panic!("{name}: one face for {:?}", inputs.faces());
        };
        let near = |is: f64, should: f64| (is / width - should).abs() < 0.06;
        assert!(
            near(face.x, x) && near(face.y * width / inputs.picture.height() as f64, y),
            "{name}: {face:?}"
        );
        assert!(near(face.size, size), "{name}: {face:?}");
        assert!(face.roll.abs() < 10.0, "{name}: {face:?}");
    }
}

#[test]
fn clones_of_inputs_share_what_was_found() {
    let inputs = sample("astronaut.png");
    let clone = inputs.clone();
    assert!(std::ptr::eq(inputs.faces(), clone.faces()));
}
