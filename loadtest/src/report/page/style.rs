//! Colours, and the style sheet of a page.
//!
//! The drawing library writes colours into attributes. A rule of CSS is stronger than an attribute,
//! so the style sheet gives each drawn colour its value for light and for dark, and the drawings
//! need not be touched.

use plotters::style::RGBColor;

pub(super) const INK: RGBColor = RGBColor(0x1b, 0x1f, 0x24);
pub(super) const GRID: RGBColor = RGBColor(0xdd, 0xe1, 0xe6);
pub(super) const AXIS: RGBColor = RGBColor(0x6b, 0x72, 0x7b);

/// The place of a series in the palette: blue, vermilion and green of a set that the colour-blind
/// can tell apart (Okabe and Ito), each with its own line style.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slot {
    First,
    Second,
    Third,
}

impl Slot {
    const ALL: [Self; 3] = [Self::First, Self::Second, Self::Third];

    pub(super) fn color(self) -> RGBColor {
        match self {
            Self::First => RGBColor(0x00, 0x72, 0xb2),
            Self::Second => RGBColor(0xd5, 0x5e, 0x00),
            Self::Third => RGBColor(0x00, 0x85, 0x61),
        }
    }

    fn dark_color(self) -> RGBColor {
        match self {
            Self::First => RGBColor(0x56, 0xb4, 0xe9),
            Self::Second => RGBColor(0xff, 0x9a, 0x4d),
            Self::Third => RGBColor(0x3d, 0xd6, 0xa8),
        }
    }

    pub(super) fn class(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Second => "second",
            Self::Third => "third",
        }
    }

    fn dashes(self) -> &'static str {
        match self {
            Self::First => "none",
            Self::Second => "28 12",
            Self::Third => "8 10",
        }
    }
}

const RULES: &str = include_str!("style.css");

pub(super) fn sheet() -> String {
    let fixed = [("ink", INK, 0xe6_e9_ed), ("grid", GRID, 0x2f_36_3f), ("axis", AXIS, 0x9a_a3_ad)];
    let mut light = String::new();
    let mut dark = String::new();
    let mut rules = String::new();
    for (name, color, dark_color) in fixed {
        light += &format!("--{name}:{};", hex(color));
        dark += &format!("--{name}:#{dark_color:06X};");
        rules += &drawn(color, name);
    }
    for slot in Slot::ALL {
        let name = slot.class();
        light += &format!("--{name}:{};", hex(slot.color()));
        dark += &format!("--{name}:{};", hex(slot.dark_color()));
        rules += &drawn(slot.color(), name);
        rules += &format!(
            "polyline[stroke=\"{}\"]{{stroke-dasharray:{}}}\n",
            hex(slot.color()),
            slot.dashes()
        );
        rules += &format!(".key.{name}{{border-color:var(--{name})}}\n");
    }
    format!(
        ":root{{{light}}}\n@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}\n{rules}{RULES}"
    )
}

/// Rules that give a drawn colour its value on this ground.
fn drawn(color: RGBColor, name: &str) -> String {
    let hex = hex(color);
    format!(
        "svg [fill=\"{hex}\"]{{fill:var(--{name})}}\nsvg [stroke=\"{hex}\"]{{stroke:var(--{name})}}\n"
    )
}

fn hex(RGBColor(red, green, blue): RGBColor) -> String {
    format!("#{red:02X}{green:02X}{blue:02X}")
}
