//! Golden pictures: each kind of chart, light and dark, as the page shows it.
//!
//! The surface of each scene is blended over the panel's colour and compared with the PNG in `golden/`. Set
//! `KYMOGRAPH_BLESS=1` to overwrite the files, and view each before it is committed.

mod columns;
mod feed;
mod golden;
mod scenes;
mod theme;
mod vision;

use std::collections::BTreeSet;

use vision::Vision;

#[test]
fn charts_match_the_golden_pictures() {
    let mut expected = BTreeSet::new();
    let mut failures = Vec::new();
    for theme in [theme::dark(), theme::light()] {
        let mut pictures = Vec::new();
        for (name, pixels) in scenes::all(&theme) {
            pictures.push((name.to_owned(), golden::Picture::of(&pixels, theme.panel)));
        }
        for vision in Vision::ALL {
            let theme = theme.seen_by(vision);
            let picture = golden::Picture::of(&scenes::palette(&theme), theme.panel);
            pictures.push((format!("palette-{}", vision.name()), picture));
        }
        for (name, picture) in pictures {
            let name = format!("{name}-{}.png", theme.name);
            failures.extend(golden::compare(&name, &picture).err());
            assert!(expected.insert(name), "two scenes of one name");
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert_eq!(golden::names(), expected, "files in golden/");
}
