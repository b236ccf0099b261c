//! The rules of a prescription.

use super::super::field::{Field, Text};
use super::super::limits::{self, COATINGS};
use super::super::wire::{WireBase, WireEye, WireFrame, WireLens};
use super::super::{Code, Eye, Frame, Lens, MAX_NAME_BYTES, PrismBase};
use super::{Faults, Place};

impl Faults {
    pub(super) fn lens<'a>(&mut self, wire: WireLens<'a>, at: Place) -> Lens<'a> {
        self.report_twice(&wire.twice, || at.field("lens"));
        if matches!((&wire.right, &wire.left), (Field::Absent, Field::Absent)) {
            self.report(Code::MissingField, &at.field("lens.right"), "a lens needs right or left");
        }
        Lens {
            right: self.eye(wire.right, at, "right"),
            left: self.eye(wire.left, at, "left"),
            index: self.measure(wire.index, at, "lens.index", limits::INDEX),
            diameter: self.measure(wire.diameter, at, "lens.diameter", limits::DIAMETER),
            base_curve: self.measure(wire.base_curve, at, "lens.baseCurve", limits::BASE_CURVE),
            coatings: self.coatings(wire.coatings, at),
            tint: match wire.tint {
                Field::Absent => None,
                Field::Value(tint) if (1..=MAX_NAME_BYTES).contains(&tint.len()) => Some(tint),
                tint => self.text(tint, &at.field("lens.tint"), 1..=MAX_NAME_BYTES),
            },
            vertex_distance: self.measure(
                wire.vertex_distance,
                at,
                "lens.vertexDistance",
                limits::VERTEX_DISTANCE,
            ),
            pupillary_distance: self.measure(
                wire.pupillary_distance,
                at,
                "lens.pupillaryDistance",
                limits::PUPILLARY_DISTANCE,
            ),
            frame: self
                .optional_object(wire.frame, at, "lens.frame")
                .and_then(|frame| self.frame(frame, at)),
        }
    }

    fn coatings<'a>(&mut self, field: Field<Vec<Field<Text<'a>>>>, at: Place) -> Vec<Text<'a>> {
        let field = match field {
            Field::Absent => return Vec::new(),
            field => self.typed(field, &at.field("lens.coatings"), "an array"),
        };
        let listed = field.unwrap_or_default();
        // A list this long repeats itself; the limit keeps one order from causing thousands of errors.
        if listed.len() > COATINGS.len() {
            let message = format!("{} coatings, there are {}", listed.len(), COATINGS.len());
            self.report(Code::InvalidItemCount, &at.field("lens.coatings"), message);
            return Vec::new();
        }
        let mut coatings: Vec<Text<'a>> = Vec::with_capacity(listed.len());
        for (position, coating) in listed.into_iter().enumerate() {
            let path = || at.field(&format!("lens.coatings[{position}]"));
            let coating = match coating {
                Field::Value(coating) => coating,
                other => {
                    self.required(other, &path(), "a string");
                    continue;
                }
            };
            if !COATINGS.contains(&&*coating) {
                let message = format!("expected one of {}", COATINGS.join(", "));
                self.report(Code::UnknownValue, &path(), message);
            } else if coatings.contains(&coating) {
                self.report(Code::Inconsistent, &path(), "this coating is listed already");
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
        self.report_twice(&wire.twice, || at.path());
        if wire.sphere == Field::Absent {
            self.report(Code::MissingField, &at.field("sphere"), "expected a number");
        }
        let has_axis = wire.axis != Field::Absent;
        let has_base = !matches!(wire.base, Field::Absent);
        let eye = Eye {
            sphere: self.measure(wire.sphere, at, "sphere", limits::SPHERE).unwrap_or_default(),
            cylinder: self
                .measure(wire.cylinder, at, "cylinder", limits::CYLINDER)
                .unwrap_or_default(),
            axis: self.measure(wire.axis, at, "axis", limits::AXIS).unwrap_or_default(),
            addition: self
                .measure(wire.addition, at, "addition", limits::ADDITION)
                .unwrap_or_default(),
            prism: self.measure(wire.prism, at, "prism", limits::PRISM).unwrap_or_default(),
            base: match wire.base {
                Field::Absent => None,
                base => self.prism_base(base, || at.field("base")),
            },
            fitting_height: self.measure(
                wire.fitting_height,
                at,
                "fittingHeight",
                limits::FITTING_HEIGHT,
            ),
        };
        if eye.cylinder != 0.0 && !has_axis {
            self.report(Code::Inconsistent, &at.field("axis"), "a cylinder needs its axis");
        }
        if eye.prism != 0.0 && !has_base {
            self.report(
                Code::Inconsistent,
                &at.field("base"),
                "a prism needs the direction of its base",
            );
        }
        Some(eye)
    }

    fn prism_base(
        &mut self,
        field: Field<WireBase<'_>>,
        path: impl Fn() -> String,
    ) -> Option<PrismBase> {
        let base = match field {
            Field::Value(base) => base,
            other => self.typed(other, &path(), "a string or a number of degrees")?,
        };
        match base {
            WireBase::Degrees(degrees) if limits::PRISM_BASE.contains(&degrees) => {
                return Some(PrismBase::Degrees(degrees));
            }
            WireBase::Degrees(_) => {
                let message = format!(
                    "allowed are {} to {}",
                    limits::PRISM_BASE.start(),
                    limits::PRISM_BASE.end()
                );
                self.report(Code::OutOfRange, &path(), message);
            }
            WireBase::Name(name) => {
                match PrismBase::NAMES.into_iter().find(|(known, _)| *known == name) {
                    Some((_, base)) => return Some(base),
                    None => self.report(
                        Code::UnknownValue,
                        &path(),
                        "expected in, out, up, down or degrees",
                    ),
                }
            }
        }
        None
    }

    fn frame(&mut self, wire: WireFrame, at: Place) -> Option<Frame> {
        self.report_twice(&wire.twice, || at.field("lens.frame"));
        let mut side = |field: Field<f64>, name: &str, range| {
            if field == Field::Absent {
                self.report(Code::MissingField, &at.field(name), "expected a number");
            }
            self.measure(field, at, name, range)
        };
        let width = side(wire.width, "lens.frame.width", limits::FRAME_WIDTH);
        let height = side(wire.height, "lens.frame.height", limits::FRAME_HEIGHT);
        let bridge = side(wire.bridge, "lens.frame.bridge", limits::FRAME_BRIDGE);
        Some(Frame { width: width?, height: height?, bridge: bridge? })
    }
}
