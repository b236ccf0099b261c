//! The rules of a prescription.

use super::super::wire::{Field, Text, WireBase, WireEye, WireFrame, WireLens};
use super::super::{Code, Eye, Frame, Lens, MAX_NAME_BYTES, PrismBase};
use super::{Faults, Place};

/// Coatings that a lens may have.
const COATINGS: [&str; 7] =
    ["hard", "antiReflective", "superHydrophobic", "blueFilter", "mirror", "photochromic", "polarized"];

impl Faults {
    pub(super) fn lens<'a>(&mut self, wire: WireLens<'a>, at: Place) -> Lens<'a> {
        if matches!((&wire.right, &wire.left), (Field::Absent, Field::Absent)) {
            self.report(Code::MissingField, &at.field("lens.right"), "a lens needs right or left");
        }
        Lens {
            right: self.eye(wire.right, at, "right"),
            left: self.eye(wire.left, at, "left"),
            index: self.measure(wire.index, at, "lens.index", 1.4..=2.0),
            diameter: self.measure(wire.diameter, at, "lens.diameter", 40.0..=90.0),
            base_curve: self.measure(wire.base_curve, at, "lens.baseCurve", 0.0..=12.0),
            coatings: self.coatings(wire.coatings, at),
            tint: match wire.tint {
                Field::Absent => None,
                tint => self.text(tint, &at.field("lens.tint"), 1..=MAX_NAME_BYTES),
            },
            vertex_distance: self.measure(wire.vertex_distance, at, "lens.vertexDistance", 5.0..=25.0),
            pupillary_distance: self.measure(
                wire.pupillary_distance,
                at,
                "lens.pupillaryDistance",
                40.0..=85.0,
            ),
            frame: self.optional_object(wire.frame, at, "lens.frame").and_then(|frame| self.frame(frame, at)),
        }
    }

    fn coatings<'a>(&mut self, field: Field<Vec<Field<Text<'a>>>>, at: Place) -> Vec<Text<'a>> {
        let field = match field {
            Field::Absent => return Vec::new(),
            field => self.typed(field, &at.field("lens.coatings"), "an array"),
        };
        let mut coatings: Vec<Text<'a>> = Vec::new();
        for (position, coating) in field.into_iter().flatten().enumerate() {
            let path = at.field(&format!("lens.coatings[{position}]"));
            let Some(coating) = self.required(coating, &path, "a string") else { continue };
            if !COATINGS.contains(&&*coating) {
                let message = format!("expected one of {}", COATINGS.join(", "));
                self.report(Code::UnknownValue, &path, message);
            } else if coatings.contains(&coating) {
                self.report(Code::Inconsistent, &path, "this coating is listed already");
            } else {
                coatings.push(coating);
            }
        }
        coatings
    }

    fn eye(&mut self, field: Field<WireEye<'_>>, item: Place, side: &'static str) -> Option<Eye> {
        let at = item.eye(side);
        let wire = match field {
            Field::Absent => return None,
            Field::Value(wire) => wire,
            other => return self.typed(other, &at.path(), "an object").and(None),
        };
        if wire.sphere == Field::Absent {
            self.report(Code::MissingField, &at.field("sphere"), "expected a number");
        }
        let has_axis = wire.axis != Field::Absent;
        let eye = Eye {
            sphere: self.measure(wire.sphere, at, "sphere", -30.0..=30.0).unwrap_or_default(),
            cylinder: self.measure(wire.cylinder, at, "cylinder", -12.0..=12.0).unwrap_or_default(),
            axis: self.measure(wire.axis, at, "axis", 0.0..=180.0).unwrap_or_default(),
            addition: self.measure(wire.addition, at, "addition", 0.0..=4.0).unwrap_or_default(),
            prism: self.measure(wire.prism, at, "prism", 0.0..=20.0).unwrap_or_default(),
            base: match wire.base {
                Field::Absent => None,
                base => self.prism_base(base, &at.field("base")),
            },
            fitting_height: self.measure(wire.fitting_height, at, "fittingHeight", 5.0..=60.0),
        };
        if eye.cylinder != 0.0 && !has_axis {
            self.report(Code::Inconsistent, &at.field("axis"), "a cylinder needs its axis");
        }
        if eye.prism != 0.0 && eye.base.is_none() {
            self.report(Code::Inconsistent, &at.field("base"), "a prism needs the direction of its base");
        }
        Some(eye)
    }

    fn prism_base(&mut self, field: Field<WireBase<'_>>, path: &str) -> Option<PrismBase> {
        match self.typed(field, path, "a string or a number of degrees")? {
            WireBase::Degrees(degrees) if (0.0..=360.0).contains(&degrees) => {
                return Some(PrismBase::Degrees(degrees));
            }
            WireBase::Degrees(_) => self.report(Code::OutOfRange, path, "allowed are 0 to 360"),
            WireBase::Name(name) => match &*name {
                "in" => return Some(PrismBase::In),
                "out" => return Some(PrismBase::Out),
                "up" => return Some(PrismBase::Up),
                "down" => return Some(PrismBase::Down),
                _ => self.report(Code::UnknownValue, path, "expected in, out, up, down or degrees"),
            },
        }
        None
    }

    fn frame(&mut self, wire: WireFrame, at: Place) -> Option<Frame> {
        let mut side = |field: Field<f64>, name: &str, range| {
            if field == Field::Absent {
                self.report(Code::MissingField, &at.field(name), "expected a number");
            }
            self.measure(field, at, name, range)
        };
        let width = side(wire.width, "lens.frame.width", 20.0..=80.0);
        let height = side(wire.height, "lens.frame.height", 10.0..=70.0);
        let bridge = side(wire.bridge, "lens.frame.bridge", 5.0..=40.0);
        Some(Frame { width: width?, height: height?, bridge: bridge? })
    }
}
