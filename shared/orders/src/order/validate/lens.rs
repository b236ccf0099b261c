//! The rules of a prescription.

use strum::VariantNames;

use super::super::field::{Field, Text};
use super::super::limits::{
    ADDITION, AXIS, BASE_CURVE, CYLINDER, DIAMETER, FITTING_CROSS_OFFSET, FITTING_HEIGHT,
    FRAME_BRIDGE, FRAME_HEIGHT, FRAME_WIDTH, INDEX, MONOCULAR_PUPILLARY_DISTANCE, PRISM,
    PRISM_BASE, PUPILLARY_DISTANCE, REFRACTION_DISTANCE, Range, SPHERE, VERTEX_DISTANCE,
};
use super::super::wire::{WireBase, WireEye, WireFrame, WireLens};
use super::super::{Coating, Code, Eye, Frame, Lens, MAX_NAME_BYTES, PrismBase};
use super::{Faults, Place};

impl Faults {
    /// The lens of the item at `position`, for spectacles or the cornea.
    pub(super) fn lens<'a>(
        &mut self,
        mut wire: WireLens<'a>,
        position: usize,
        is_contact: bool,
    ) -> Lens<'a> {
        let at = Place::Lens(position);
        self.report_twice(&wire.twice, at);
        if matches!((&wire.right, &wire.left), (Field::Absent, Field::Absent)) {
            self.report(Code::MissingField, at, "right", "a lens needs right or left");
        }
        let right = self.eye(wire.right, position, "right", is_contact);
        let left = self.eye(wire.left, position, "left", is_contact);
        if is_contact {
            self.refuse(&mut wire.index, at, "index");
            self.refuse(&mut wire.diameter, at, "diameter");
            self.refuse(&mut wire.base_curve, at, "baseCurve");
            self.refuse(&mut wire.coatings, at, "coatings");
            self.refuse(&mut wire.tint, at, "tint");
            self.refuse(&mut wire.pupillary_distance, at, "pupillaryDistance");
            self.refuse(&mut wire.fitting_cross_offset, at, "fittingCrossOffset");
            self.refuse(&mut wire.frame, at, "frame");
        }
        Lens {
            is_contact,
            right,
            left,
            index: self.number(wire.index, at, "index", INDEX),
            diameter: self.number(wire.diameter, at, "diameter", DIAMETER),
            base_curve: self.number(wire.base_curve, at, "baseCurve", BASE_CURVE),
            coatings: self.coatings(wire.coatings, at),
            tint: self.text(wire.tint, at, "tint", 1..=MAX_NAME_BYTES),
            vertex_distance: {
                let distance = wire.vertex_distance;
                self.number(distance, at, "vertexDistance", VERTEX_DISTANCE)
            },
            refraction_distance: {
                let distance = wire.refraction_distance;
                self.number(distance, at, "refractionDistance", REFRACTION_DISTANCE)
            },
            pupillary_distance: {
                let distance = wire.pupillary_distance;
                self.number(distance, at, "pupillaryDistance", PUPILLARY_DISTANCE)
            },
            fitting_cross_offset: {
                let offset = wire.fitting_cross_offset;
                self.number(offset, at, "fittingCrossOffset", FITTING_CROSS_OFFSET)
            },
            frame: {
                let frame = self.typed(wire.frame, at, "frame", "an object");
                frame.and_then(|frame| self.frame(frame, position))
            },
        }
    }

    /// Takes a field that a contact lens does not have.
    fn refuse<T>(&mut self, field: &mut Field<T>, at: Place, name: &str) {
        if !matches!(std::mem::take(field), Field::Absent) {
            self.report(Code::Inconsistent, at, name, "a contact lens has no such field");
        }
    }

    fn coatings(&mut self, field: Field<Vec<Field<Text<'_>>>>, at: Place) -> Vec<Coating> {
        let names = <Coating as VariantNames>::VARIANTS;
        let listed = self.typed(field, at, "coatings", "an array").unwrap_or_default();
        // A longer list has duplicates; the limit keeps one order from causing thousands of errors.
        if listed.len() > names.len() {
            let message = format!("{} coatings, there are {}", listed.len(), names.len());
            self.report(Code::InvalidItemCount, at, "coatings", message);
            return Vec::new();
        }
        let mut coatings = Vec::with_capacity(listed.len());
        for (position, field) in listed.into_iter().enumerate() {
            let name = || format!("coatings[{position}]");
            let Field::Value(text) = field else {
                self.required(field, at, &name(), "a string");
                continue;
            };
            match text.parse() {
                Err(_) => {
                    let message = format!("expected one of {}", names.join(", "));
                    self.report(Code::UnknownValue, at, &name(), message);
                }
                Ok(coating) if coatings.contains(&coating) => {
                    let message = "this coating is listed already";
                    self.report(Code::Inconsistent, at, &name(), message);
                }
                Ok(coating) => coatings.push(coating),
            }
        }
        coatings
    }

    fn eye(
        &mut self,
        field: Field<WireEye<'_>>,
        position: usize,
        side: &'static str,
        is_contact: bool,
    ) -> Option<Eye> {
        let mut wire = self.typed(field, Place::Lens(position), side, "an object")?;
        let at = Place::Eye(position, side);
        self.report_twice(&wire.twice, at);
        if is_contact {
            self.refuse(&mut wire.prism, at, "prism");
            self.refuse(&mut wire.base, at, "base");
            self.refuse(&mut wire.fitting_height, at, "fittingHeight");
            let distance = &mut wire.monocular_pupillary_distance;
            self.refuse(distance, at, "monocularPupillaryDistance");
        }
        let has_axis = wire.axis != Field::Absent;
        let has_base = !matches!(wire.base, Field::Absent);
        let eye = Eye {
            sphere: self.required_number(wire.sphere, at, "sphere", SPHERE).unwrap_or_default(),
            cylinder: self.number(wire.cylinder, at, "cylinder", CYLINDER).unwrap_or_default(),
            axis: self.number(wire.axis, at, "axis", AXIS).unwrap_or_default(),
            addition: self.number(wire.addition, at, "addition", ADDITION).unwrap_or_default(),
            prism: self.number(wire.prism, at, "prism", PRISM).unwrap_or_default(),
            base: self.prism_base(wire.base, at),
            fitting_height: self.number(wire.fitting_height, at, "fittingHeight", FITTING_HEIGHT),
            monocular_pupillary_distance: {
                let (name, range) = ("monocularPupillaryDistance", MONOCULAR_PUPILLARY_DISTANCE);
                self.number(wire.monocular_pupillary_distance, at, name, range)
            },
        };
        if eye.cylinder != 0.0 && !has_axis {
            self.report(Code::Inconsistent, at, "axis", "a cylinder needs its axis");
        }
        if eye.prism != 0.0 && !has_base {
            self.report(Code::Inconsistent, at, "base", "a prism needs the direction of its base");
        }
        Some(eye)
    }

    fn prism_base(&mut self, field: Field<WireBase<'_>>, at: Place) -> Option<PrismBase> {
        match self.typed(field, at, "base", "a string or a number of degrees")? {
            WireBase::Degrees(degrees) => {
                let is_within = self.is_within(degrees, at, "base", PRISM_BASE);
                is_within.then_some(PrismBase::Degrees(degrees))
            }
            WireBase::Name(name) => {
                self.named(&name, at, "base", "expected in, out, up, down or degrees")
            }
        }
    }

    fn frame(&mut self, wire: WireFrame, position: usize) -> Option<Frame> {
        let at = Place::Frame(position);
        self.report_twice(&wire.twice, at);
        let width = self.required_number(wire.width, at, "width", FRAME_WIDTH);
        let height = self.required_number(wire.height, at, "height", FRAME_HEIGHT);
        let bridge = self.required_number(wire.bridge, at, "bridge", FRAME_BRIDGE);
        Some(Frame { width: width?, height: height?, bridge: bridge? })
    }

    /// As [`Self::number`], but an absent field is a fault.
    fn required_number(
        &mut self,
        field: Field<f64>,
        at: Place,
        name: &str,
        range: Range,
    ) -> Option<f64> {
        let number = self.required(field, at, name, "a number")?;
        self.is_within(number, at, name, range).then_some(number)
    }
}
