//! `repore donors` and recipes that use the library, by the real program.

mod common;

use common::{Folder, Ran, grey, plastic, skin};

const GRAFT: &str = "[[layer]]\nkind = \"graft\"\ndonor = \"library:cheek\"\n";

/// Saves a patch of a picture by name.
fn save(folder: &Folder, name: &str, picture: &str, patch: &str, more: &[&str]) -> Ran {
    folder.run(&[&["donors", "save", name, picture, "--patch", patch], more].concat())
}

/// A folder with a donor `cheek`, saved from a corner of a picture.
fn with_cheek() -> Folder {
    let folder = Folder::new();
    folder.picture("neck.png", &skin(200, 150));
    let ran = save(&folder, "cheek", "neck.png", "10,20,96,80", &[]);
    ran.check_done();
    assert!(ran.stdout().contains("donor = \"library:cheek\""));
    folder
}

#[test]
fn a_patch_is_saved_listed_shown_and_removed() {
    let folder = with_cheek();
    let list = folder.run(&["donors"]);
    list.check_done();
    let line = list.stdout();
    assert_eq!(
        line.trim_end(),
        "cheek           96×80 at 10,20 of neck.png (200×150)"
    );
    let shown = folder.run(&["donors", "show", "cheek"]);
    shown.check_done();
    assert!(shown.stdout().starts_with(&line));
    folder.run(&["donors", "remove", "cheek"]).check_done();
    assert!(
        folder
            .run(&["donors"])
            .stdout()
            .contains("no skin is saved")
    );
    assert_eq!(
        std::fs::read_dir(folder.at("data/repore/donors"))
            .expect("it stays")
            .count(),
        0
    );
}

#[test]
fn a_patch_by_name_paints_what_it_paints_from_its_picture() {
    let folder = with_cheek();
    folder.picture("face.png", &plastic(160, 130));
    folder.text("library.toml", GRAFT);
    let named = "[[layer]]\nkind = \"graft\"\ndonor = \"neck.png\"\n\
                 patch = { x = 10, y = 20, width = 96, height = 80 }\n";
    folder.text("file.toml", named);
    for scale in ["1", "1.5"] {
        let set = format!("graft.scale={scale}");
        for recipe in ["library", "file"] {
            let (file, output) = (format!("{recipe}.toml"), format!("{recipe}.png"));
            let render = ["render", "face.png", "--recipe", &file, "--set", &set];
            folder
                .run(&[&render[..], &["-o", &output, "--overwrite"]].concat())
                .check_done();
        }
        let (one, other) = (folder.read("library.png"), folder.read("file.png"));
        let pairs = one.as_bytes().iter().zip(other.as_bytes());
        // A magnified patch begins between pixels, which differs with its place in the donor.
        let apart = pairs.map(|(a, b)| a.abs_diff(*b)).max();
        assert!(
            apart <= Some(if scale == "1" { 0 } else { 3 }),
            "{scale}: {apart:?}"
        );
        assert_ne!(one, plastic(160, 130));
    }
}

#[test]
fn a_sixteen_bit_grey_patch_stays_one() {
    let folder = Folder::new();
    folder.picture("grain.png", &grey(64, 64));
    save(&folder, "grain", "grain.png", "0,0,64,64", &[]).check_done();
    let saved = folder.read("data/repore/donors/grain.png").to_luma16();
    assert_eq!((saved.width(), saved.height()), (192, 192));
    assert_eq!(
        saved.get_pixel(64 + 9, 64 + 7),
        grey(64, 64).to_luma16().get_pixel(9, 7)
    );
    assert_eq!(
        saved.get_pixel(0, 64 + 7),
        grey(64, 64).to_luma16().get_pixel(0, 7)
    );
}

#[test]
fn errors_say_what_is_there() {
    let folder = with_cheek();
    folder.run(&["donors", "show", "chin"]).check(
        1,
        "cannot use the donor chin: there is none of that name; the library has cheek",
    );
    save(&folder, "cheek", "neck.png", "10,20,96,80", &[])
        .check(1, "it exists; use --overwrite to replace it");
    save(&folder, "no/good", "neck.png", "10,20,96,80", &[])
        .check(2, "a donor's name is made of letters");
    save(&folder, "small", "neck.png", "10,20,20,80", &[]).check(
        1,
        "the patch of 20×80 pixels is too small; 48×48 is the least",
    );
    save(&folder, "far", "neck.png", "150,20,96,80", &[])
        .check(1, "reaches beyond its 200×150 pixels");
    folder
        .run(&["donors", "save", "odd", "neck.png", "--patch", "1,2,3"])
        .check(2, "write it as X,Y,W,H");
    folder.text("library.toml", &GRAFT.replace("cheek", "chin"));
    folder
        .run(&["render", "neck.png", "--recipe", "library.toml"])
        .check(
            2,
            "cannot use the donor chin: there is none of that name; the library has cheek",
        );
    folder.run(&["donors", "remove", "cheek"]).check_done();
    folder
        .run(&["donors", "show", "chin"])
        .check(1, "the library is empty");
}

#[test]
fn a_donor_that_was_saved_anew_is_rendered_anew() {
    let folder = with_cheek();
    folder.picture("face.png", &plastic(160, 130));
    folder.text("library.toml", GRAFT);
    let resume = ["render", "face.png", "--recipe", "library.toml", "--resume"];
    folder.run(&resume).check_done();
    folder.run(&resume).check(0, "up to date");
    let before = folder.read("face.repored.png");
    save(
        &folder,
        "cheek",
        "neck.png",
        "60,40,96,80",
        &["--overwrite"],
    )
    .check_done();
    folder.run(&resume).check_done();
    assert_ne!(folder.read("face.repored.png"), before);
}
