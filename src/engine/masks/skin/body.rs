//! Skin beyond a face: ears, neck, shoulders and hands, which lie in other light. Their tone says little, so that hue and
//! saturation count, where a body can be, as far as low edges lead from the face.

use super::colour::SkinColour;
use super::geometry::Places;
use super::likeness::{FaceSkin, within};
use super::measured::{Measured, blur};
use crate::engine::masks::smoothstep;
use crate::engine::raster::{Plane, each};

/// How far hue and saturation may lie from the face's own, in its deviations, at a tolerance of ½.
const REACH: f32 = 4.0;

/// How much lighter a body is at most, as a logarithm; how much darker an ear is, and all that lies below the chin.
const LIGHTER: f32 = 0.7;
const DARKER: (f32, f32) = (1.0, 1.5);

/// Skin in bright light may lose this share of the face's saturation: what has less is grey. The face has at least the
/// second, though under cold light it seems to have none.
const PALER: f32 = 0.8;
const SATURATED: f32 = 0.22;

/// In a picture that was faded all colours are alike: below this saturation of a face they may differ by a share of the usual,
/// but no smaller a share than the second, for noise.
const FADED: (f32, f32) = (0.12, 0.25);

/// Cold light takes a face's saturation away as well, but not the spread of colours: with the first it says nothing yet, with the
/// second that nothing was faded.
const SPREAD: (f32, f32) = (0.14, 0.17);

/// Ears lie no farther than this from the middle of a face, at least so far to its side, and no higher than this.
const EAR: (f32, f32, f32) = (1.2, 0.3, -0.22);

/// A body begins so far below the eyes. It is so wide on each side, and this much wider for each size of the face that
/// it goes down from the second.
const BELOW: f32 = 0.2;
const WIDE: f32 = 0.5;
const WIDER: (f32, f32) = (1.3, 0.33);

/// Under the chin, what is too pale, light or dark is surely no body only so many times as far from the face's skin: shoulders shine
/// and necks lie in shade here and there, and what is flooded from such places would be all around them.
const SHINE_AND_SHADE: f32 = 1.3;

/// Farther away from a face its body is not looked for.
const FAR: f32 = 6.0;

/// Farther than anything counts at any tolerance.
const NOWHERE: f32 = 9.0;

/// What a face says of its body.
pub struct Body {
    /// Distance from skin colour: 1 is as far as counts at a tolerance of ½.
    apart: Plane,
    /// What edges do not part from the face, and is no hair, 0..=1.
    kept: Plane,
}

impl Body {
    /// From where the face is, and dark hair.
    pub fn of(skin: &FaceSkin, measured: &Measured, face: &Plane, dark_hair: &Plane) -> Self {
        let [red, blue, tone] = &measured.colours;
        let Places { u, v, r, .. } = &skin.places;
        let colour = skin.colour;
        let saturated = colour.saturated();
        let spread = (measured.spread - SPREAD.0) / (SPREAD.1 - SPREAD.0);
        let usual = Usual {
            saturated: saturated.max(SATURATED),
            faded: (saturated / FADED.0).max(spread).clamp(FADED.1, 1.0),
        };
        let apart = each(
            [red, blue, tone, u, v, r],
            move |[red, blue, tone, u, v, r]| {
                distance(colour, usual, [red, blue, tone], (u, v, r), 1.0)
            },
        );
        let sure = each(
            [face, red, blue, tone, u, v, r],
            move |[face, red, blue, tone, u, v, r]| {
                let slack = 1.0 + (SHINE_AND_SHADE - 1.0) * under_chin(v);
                let apart = distance(colour, usual, [red, blue, tone], (u, v, r), slack);
                let beside = if apart > 1.0 { -1.0 } else { 0.0 };
                if face > 0.5 { 1.0 } else { beside }
            },
        );
        let flooded = measured.edges.flooded_by_face(&sure);
        let soft = blur(&flooded, 0.009 * skin.size);
        let kept = soft.zip_map(dark_hair, |it, hair| it * (1.0 - hair));
        Self { apart, kept }
    }

    /// The coverage at a tolerance of 0..=1.
    pub fn coverage(&self, tolerance: f64) -> Plane {
        let like = within(tolerance);
        each([&self.apart, &self.kept], |[apart, kept]| {
            like(apart) * kept
        })
    }
}

/// 1 where a place in a face lies well under the chin, 0 above it.
#[inline(always)]
fn under_chin(v: f32) -> f32 {
    smoothstep(0.35, 0.55, v)
}

/// What colours are measured by.
#[derive(Clone, Copy)]
struct Usual {
    /// How saturated the face is.
    saturated: f32,
    /// The share of the usual that colours may differ by.
    faded: f32,
}

/// Distance of a colour at a place from what a body has there, where 1 is as far as counts. What light and shade do counts
/// `slack` times less.
#[inline(always)]
fn distance(
    skin: SkinColour,
    usual: Usual,
    colour: [f32; 3],
    (u, v, r): (f32, f32, f32),
    slack: f32,
) -> f32 {
    let aside = u.abs();
    let wide = WIDE + WIDER.0 * (v - WIDER.1).max(0.0);
    let ear = r < EAR.0 && aside > EAR.1 && v > EAR.2;
    let below = v > BELOW && aside < wide && r < FAR;
    let [saturation, hue, tone] = skin.unshaded(colour, 1.0);
    let chin = under_chin(v) * (1.0 - smoothstep(0.0, 0.1, aside - wide));
    let darker = DARKER.0 + (DARKER.1 - DARKER.0) * chin;
    let [along, across] = [saturation / skin.variation[0], hue / skin.variation[1]];
    let off = (along * along + across * across).sqrt() / (REACH * usual.faded);
    let paler = -saturation / (PALER * usual.saturated);
    let by_light = paler.max(tone / LIGHTER).max(-tone / darker);
    let distance = off.max(by_light / slack);
    if ear || below { distance } else { NOWHERE }
}
