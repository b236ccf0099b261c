//! The order as JSON carries it, before any rule: a field may be absent, of the wrong type, or
//! appear twice.
//!
//! One pass over the text finds all of that. It ends only if the text is unreadable as a whole:
//! broken syntax, an escape without a character, a number beyond `f64` in a field for numbers.
//! Tests make the JSON Schema from these types.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::{IgnoredAny, MapAccess};
use serde_json::value::RawValue;

use super::error::{Code, Rejection};
use super::field::{Field, Shape, Text};
#[cfg(test)]
use super::{MAX_DESCRIPTION_BYTES, MAX_ITEMS, MAX_NAME_BYTES, limits, tests::schema};

/// The name of a field. `serde(borrow)` needs `Cow` by its own name, or it allocates.
#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

/// Declares an object: its fields with name, type and description.
///
/// `schema(...)` goes to `schemars`, with the range of [`limits`](super::limits) that is named
/// after it. A name that appears twice is noted in `twice`; its first value is kept.
macro_rules! wire_object {
    (
        $(#[doc = $doc:literal])+
        $(schema($($object_schema:tt)*))?
        struct $type:ident $(<$life:lifetime>)? {
            $(
                $(#[doc = $field_doc:literal])+
                $name:literal $field:ident: $field_type:ty,
                    schema($($field_schema:tt)*) $(in $range:ident)?;
            )*
        }
    ) => {
        $(#[doc = $doc])+
        #[derive(Debug, Default)]
        #[cfg_attr(test, derive(schemars::JsonSchema))]
        $(#[cfg_attr(test, schemars($($object_schema)*))])?
        pub(super) struct $type $(<$life>)? {
            $(
                $(#[doc = $field_doc])+
                #[cfg_attr(test, schemars(rename = $name, $($field_schema)*))]
                $(#[cfg_attr(test, schemars(range(
                    min = *limits::$range.start(), max = *limits::$range.end()
                )))])?
                pub(super) $field: $field_type,
            )*
            /// The names that appear more than once.
            #[cfg_attr(test, schemars(skip))]
            pub(super) twice: Vec<&'static str>,
        }

        impl<'de $(: $life, $life)?> Shape<'de> for $type $(<$life>)? {
            fn from_map<A: MapAccess<'de>>(mut map: A) -> Result<Option<Self>, A::Error> {
                let mut object = Self::default();
                $(let mut $field = false;)*
                while let Some(Key(key)) = map.next_key()? {
                    match &*key {
                        $(
                            $name if std::mem::replace(&mut $field, true) => {
                                object.twice.push($name);
                                map.next_value::<IgnoredAny>()?;
                            }
                            $name => object.$field = map.next_value()?,
                        )*
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok(Some(object))
            }
        }
    };
}

wire_object! {
    /// An order for optical goods. It needs an orderGuid or an orderId. Other fields than those
    /// described here are allowed and ignored.
    schema(rename = "Order", extend("anyOf" = schema::one_of(["orderGuid", "orderId"])))
    struct WireOrder<'a> {
        /// The sender's number for the order, a number or a text, used as sent.
        "orderId" order_id: Option<&'a RawValue>, schema(with = "Option<schema::OrderId>");
        /// The order's identity. Without it the identity is the UUIDv5 of orderId.
        "orderGuid" order_guid: Field<Text<'a>>, schema(with = "Option<schema::Guid>");
        /// Free text of at most 4096 bytes of UTF-8.
        "description" description: Field<Text<'a>>,
            schema(with = "Option<String>", length(max = MAX_DESCRIPTION_BYTES));
        /// The customer's first name, at most 256 bytes of UTF-8.
        "firstName" first_name: Field<Text<'a>>,
            schema(with = "Option<String>", length(max = MAX_NAME_BYTES));
        /// The customer's last name, at most 256 bytes of UTF-8.
        "lastName" last_name: Field<Text<'a>>,
            schema(with = "Option<String>", length(max = MAX_NAME_BYTES));
        /// How fast the order is delivered.
        "delivery" delivery: Field<Text<'a>>, schema(with = "schema::DeliveryName");
        /// The lines of the order.
        "items" items: Field<Vec<Field<WireItem<'a>>>>,
            schema(with = "Vec<WireItem<'a>>", length(min = 1, max = MAX_ITEMS));
        /// When the customer placed the order, by RFC 3339.
        "placedAt" placed_at: Field<Text<'a>>, schema(with = "Option<schema::Time>");
        /// The ISO 4217 code of the currency of unitPrice and of the confirmation; EUR by default.
        "currency" currency: Field<Text<'a>>, schema(with = "Option<schema::CurrencyCode>");
        /// The ISO 3166-1 alpha-2 code of the country the order is shipped to.
        "shipTo" ship_to: Field<Text<'a>>, schema(with = "Option<schema::CountryCode>");
        /// The customer's number at the manufacturer, at most 256 bytes of UTF-8.
        "customer" customer: Field<Text<'a>>,
            schema(with = "Option<String>", length(min = 1, max = MAX_NAME_BYTES));
    }
}

wire_object! {
    /// The identity of an order.
    struct WireIdentity<'a> {
        /// As in [`WireOrder`].
        "orderId" order_id: Option<&'a RawValue>, schema(with = "Option<schema::OrderId>");
        /// As in [`WireOrder`].
        "orderGuid" order_guid: Field<Text<'a>>, schema(with = "Option<schema::Guid>");
    }
}

wire_object! {
    /// One line of an order. The lens of a contact lens (a sku that starts with CL-) has no fields
    /// of spectacles.
    schema(rename = "Item", extend(
        "if" = schema::is_contact_lens(), "then" = schema::has_no_spectacle_fields()
    ))
    struct WireItem<'a> {
        /// The line's number within the order, as the sender counts: a whole number that is exact
        /// in a double.
        "orderItemId" order_item_id: Field<f64>, schema(with = "schema::Whole") in ORDER_ITEM_ID;
        /// What is ordered, at most 256 bytes of UTF-8.
        "sku" sku: Field<Text<'a>>,
            schema(with = "String", length(min = 1, max = MAX_NAME_BYTES));
        /// How many pieces. A line of quantity 0 was taken back: it is confirmed at no cost.
        "quantity" quantity: Field<f64>, schema(with = "schema::Whole") in QUANTITY;
        /// The net price of one piece, agreed with the customer: 0 to 1000000000, at most ten
        /// digits after the point. A text keeps digits that a sender's floats would lose.
        "unitPrice" unit_price: Option<&'a RawValue>, schema(with = "Option<schema::Amount>");
        /// The prescription, if the line is lenses made for a person.
        "lens" lens: Field<WireLens<'a>>, schema(with = "Option<WireLens<'a>>");
    }
}

wire_object! {
    /// A prescription for one eye or both, and how its lenses are to be made.
    schema(rename = "Lens", extend("anyOf" = schema::one_of(["right", "left"])))
    struct WireLens<'a> {
        /// The right eye.
        "right" right: Field<WireEye<'a>>, schema(with = "Option<WireEye<'a>>");
        /// The left eye.
        "left" left: Field<WireEye<'a>>, schema(with = "Option<WireEye<'a>>");
        /// Refractive index of the material.
        "index" index: Field<f64>, schema(with = "Option<f64>") in INDEX;
        /// Diameter of the uncut lens in mm.
        "diameter" diameter: Field<f64>, schema(with = "Option<f64>") in DIAMETER;
        /// Base curve in dioptres.
        "baseCurve" base_curve: Field<f64>, schema(with = "Option<f64>") in BASE_CURVE;
        /// Coatings by name, each at most once.
        "coatings" coatings: Field<Vec<Field<Text<'a>>>>,
            schema(with = "Option<schema::Coatings>");
        /// Tint by name, at most 256 bytes of UTF-8.
        "tint" tint: Field<Text<'a>>,
            schema(with = "Option<String>", length(min = 1, max = MAX_NAME_BYTES));
        /// Distance from the cornea to the back of the lens as worn in mm.
        "vertexDistance" vertex_distance: Field<f64>,
            schema(with = "Option<f64>") in VERTEX_DISTANCE;
        /// Distance from the cornea to the lens of the refraction in mm; 12 by default.
        "refractionDistance" refraction_distance: Field<f64>,
            schema(with = "Option<f64>") in REFRACTION_DISTANCE;
        /// Distance between the pupils in mm, halved for an eye without a monocular distance.
        "pupillaryDistance" pupillary_distance: Field<f64>,
            schema(with = "Option<f64>") in PUPILLARY_DISTANCE;
        /// How far the fitting cross of a progressive lens is above its prism reference point in
        /// mm; 4 by default.
        "fittingCrossOffset" fitting_cross_offset: Field<f64>,
            schema(with = "Option<f64>") in FITTING_CROSS_OFFSET;
        /// The frame the lenses go into.
        "frame" frame: Field<WireFrame>, schema(with = "Option<WireFrame>");
    }
}

wire_object! {
    /// The prescription of one eye. A cylinder needs its axis, a prism the direction of its base.
    schema(rename = "Eye", extend("allOf" = [
        schema::needs("cylinder", "axis"), schema::needs("prism", "base")
    ]))
    struct WireEye<'a> {
        /// Sphere in dioptres.
        "sphere" sphere: Field<f64>, schema(with = "f64") in SPHERE;
        /// Cylinder in dioptres.
        "cylinder" cylinder: Field<f64>, schema(with = "Option<f64>") in CYLINDER;
        /// Axis of the cylinder in degrees.
        "axis" axis: Field<f64>, schema(with = "Option<f64>") in AXIS;
        /// Near addition in dioptres.
        "addition" addition: Field<f64>, schema(with = "Option<f64>") in ADDITION;
        /// Prescribed prism in prism dioptres.
        "prism" prism: Field<f64>, schema(with = "Option<f64>") in PRISM;
        /// Where the base of the prism points: as the wearer sees it, or in degrees of the standard
        /// notation.
        "base" base: Field<WireBase<'a>>, schema(with = "Option<schema::Base>");
        /// Height of the pupil above the lower edge of the boxed lens in mm.
        "fittingHeight" fitting_height: Field<f64>,
            schema(with = "Option<f64>") in FITTING_HEIGHT;
        /// Distance from the middle of the nose to the pupil in mm.
        "monocularPupillaryDistance" monocular_pupillary_distance: Field<f64>,
            schema(with = "Option<f64>") in MONOCULAR_PUPILLARY_DISTANCE;
    }
}

wire_object! {
    /// A frame by the boxing system.
    schema(rename = "Frame")
    struct WireFrame {
        /// Width of the boxed lens (A) in mm.
        "width" width: Field<f64>, schema(with = "f64") in FRAME_WIDTH;
        /// Height of the boxed lens (B) in mm.
        "height" height: Field<f64>, schema(with = "f64") in FRAME_HEIGHT;
        /// Distance between the boxed lenses (DBL) in mm.
        "bridge" bridge: Field<f64>, schema(with = "f64") in FRAME_BRIDGE;
    }
}

/// The base of a prism: a direction by name or in degrees.
#[derive(Debug)]
pub(super) enum WireBase<'a> {
    Name(Text<'a>),
    Degrees(f64),
}

impl<'de: 'a, 'a> Shape<'de> for WireBase<'a> {
    fn from_str(text: &str) -> Option<Self> {
        Some(Self::Name(Cow::Owned(text.to_owned())))
    }
    fn from_borrowed_str(text: &'de str) -> Option<Self> {
        Some(Self::Name(Cow::Borrowed(text)))
    }
    fn from_f64(number: f64) -> Option<Self> {
        Some(Self::Degrees(number))
    }
}

/// Reads the text of one order.
///
/// # Errors
/// If it is not JSON, not an object, or has trailing text.
pub(super) fn read(text: &str) -> Result<WireOrder<'_>, Rejection> {
    let (code, message) = match serde_json::from_str(text) {
        Ok(Field::Value(order)) => return Ok(order),
        Ok(Field::Absent) => (Code::WrongType, "expected an object, found null".to_owned()),
        Ok(Field::WrongType(found)) => {
            (Code::WrongType, format!("expected an object, found {found}"))
        }
        // Errors of serde_json contain the position and no value, and no visitor here creates its
        // own.
        Err(error) => (Code::InvalidJson, error.to_string()),
    };
    Err(Rejection::of_document(code, message))
}

/// Reads only the identity of an order; `None` if the text is not a JSON object.
pub(super) fn read_identity(text: &str) -> Option<WireIdentity<'_>> {
    match serde_json::from_str(text) {
        Ok(Field::Value(identity)) => Some(identity),
        _ => None,
    }
}
