//! Builds answers of the crate `http`.

use http::StatusCode;
use http::header::{self, HeaderName, HeaderValue};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

/// An answer with its whole body.
pub type Response = http::Response<Vec<u8>>;

/// A JSON object of values that are already JSON. With `serde_json::Value`, the component is 35 KiB
/// larger.
#[derive(Default)]
pub struct Object(Vec<(&'static str, Box<RawValue>)>);

impl Object {
    pub(crate) fn set(&mut self, key: &'static str, value: &impl Serialize) {
        // All keys are strings, so this cannot fail.
        self.0.push((key, serde_json::value::to_raw_value(value).unwrap_or_default()));
    }
}

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

/// An [`Object`], written like `serde_json::json!`.
macro_rules! object {
    ({ $($key:literal: $value:expr),* $(,)? }) => {{
        let mut object = $crate::response::Object::default();
        $(object.set($key, &$value);)*
        object
    }};
}
pub(crate) use object;

/// Text that is already JSON; `None` if it is not valid.
pub(crate) fn parsed(json: &(impl AsRef<[u8]> + ?Sized)) -> Option<&RawValue> {
    serde_json::from_slice(json.as_ref()).ok()
}

/// 200 with this body.
pub(crate) fn new(media_type: &'static str, body: Vec<u8>) -> Response {
    with_header(Response::new(body), header::CONTENT_TYPE, media_type)
}

/// 200 with this JSON.
pub(crate) fn ok(body: &impl Serialize) -> Response {
    json(StatusCode::OK, body)
}

pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> Response {
    // All keys are strings, so this cannot fail.
    let mut response = new("application/json", serde_json::to_vec(body).unwrap_or_default());
    *response.status_mut() = status;
    response
}

pub(crate) fn with_header(mut it: Response, name: HeaderName, value: &'static str) -> Response {
    it.headers_mut().insert(name, HeaderValue::from_static(value));
    it
}
