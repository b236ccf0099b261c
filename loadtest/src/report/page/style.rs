//! Colours, and the style sheet of a page.
//!
//! The drawing library writes colours into attributes. A rule of CSS is stronger than an attribute,
//! so the style sheet gives each drawn colour its value for light and for dark, and the drawings
//! need not be touched.

use plotters::style::RGBColor;

/// Text.
pub(super) const INK: RGBColor = RGBColor(0x1b, 0x1f, 0x24);
/// Lines behind the marks.
pub(super) const GRID: RGBColor = RGBColor(0xdd, 0xe1, 0xe6);
/// Axes.
pub(super) const AXIS: RGBColor = RGBColor(0x6b, 0x72, 0x7b);

/// The place of a series in the palette: blue, vermilion, green and purple of a set that the
/// colour-blind can tell apart (Okabe and Ito), each with a line of its own as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slot {
    First,
    Second,
    Third,
    Fourth,
}

impl Slot {
    const ALL: [Self; 4] = [Self::First, Self::Second, Self::Third, Self::Fourth];

    pub(super) fn color(self) -> RGBColor {
        match self {
            Self::First => RGBColor(0x00, 0x72, 0xb2),
            Self::Second => RGBColor(0xd5, 0x5e, 0x00),
            Self::Third => RGBColor(0x00, 0x85, 0x61),
            Self::Fourth => RGBColor(0x8f, 0x3f, 0x76),
        }
    }

    /// The same on a dark ground.
    fn dark_color(self) -> RGBColor {
        match self {
            Self::First => RGBColor(0x56, 0xb4, 0xe9),
            Self::Second => RGBColor(0xff, 0x9a, 0x4d),
            Self::Third => RGBColor(0x3d, 0xd6, 0xa8),
            Self::Fourth => RGBColor(0xe7, 0xa1, 0xc8),
        }
    }

    /// The class of its key in a legend.
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Second => "second",
            Self::Third => "third",
            Self::Fourth => "fourth",
        }
    }

    /// Strokes and gaps of a line, in pixels of a drawing; the last slots are rarely lines.
    fn dashes(self) -> &'static str {
        match self {
            Self::First => "none",
            Self::Second => "28 12",
            Self::Third => "8 10",
            Self::Fourth => "28 10 8 10",
        }
    }
}

/// What does not depend on the palette.
const RULES: &str = include_str!("style.css");

/// The style sheet.
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

/// As the drawing library writes it.
fn hex(RGBColor(red, green, blue): RGBColor) -> String {
    format!("#{red:02X}{green:02X}{blue:02X}")
}
